variable "name" {
  type        = string
  description = "Prefix of names."
}

variable "stream" {
  type        = object({ name = string, arn = string })
  default     = null
  description = "The stream of metrics, if there is one already; null makes `NAME-quality-metrics`."
}

variable "bucket" {
  type        = string
  description = "The bucket of the lake: what the monitor knows is below `monitor/` in it."
}

variable "bucket_arn" {
  type        = string
  description = "ARN of that bucket."
}

variable "bucket_key_arn" {
  type        = string
  default     = null
  description = "The KMS key of that bucket, if it has its own."
}

variable "image" {
  type        = string
  default     = null
  description = "The image of the service, by its digest; null: there is a function instead."
}

variable "archive" {
  type        = string
  default     = null
  description = "Path of the archive that `make lambda` builds: for the function, and for the bridge of `database`."

  validation {
    condition     = var.archive != null || (var.image != null && var.database == null)
    error_message = "The function is made from it, and so is the bridge."
  }
}

variable "architecture" {
  type        = string
  default     = "ARM64"
  description = "CPU of tasks and functions: ARM64 or X86_64."
}

variable "cpu" {
  type        = number
  default     = 256
  description = "CPU units of the service's task."
}

variable "memory" {
  type        = number
  default     = 1024
  description = "MiB of memory of the service's task."
}

variable "settings" {
  type        = map(string)
  default     = {}
  description = "More of the monitor's settings: environment variables of docs/settings.md."
}

variable "notices_arn" {
  type        = string
  default     = null
  description = "ARN of the parameter (Parameter Store) or secret with NOTICES, which says who else is told; it names the topic, too. null: the topic only."

  validation {
    condition     = var.notices_arn == null || var.image != null
    error_message = "A function gets no secrets: what it tells is the topic, and others subscribe to that."
  }
}

variable "label_key_arn" {
  type        = string
  default     = null
  description = "ARN of the parameter or secret with MONITOR_KEY, by which people label on the status page; null: they label by the command."
}

variable "emails" {
  type        = set(string)
  default     = []
  description = "Addresses that get e-mail. AWS asks each of them first."
}

variable "queue" {
  type        = bool
  default     = false
  description = "Whether there is a queue with the messages, for a program of your own."
}

variable "severities" {
  type        = list(string)
  default     = []
  description = "Which messages e-mail and queue get, such as [\"critical\"]; empty: all."
}

variable "training" {
  type = object({
    by            = string
    cpu           = optional(number, 1024)
    memory        = optional(number, 2048)
    instance_type = optional(string, "ml.t3.medium")
  })
  default     = null
  description = "Training when labels change: by `task` of Fargate, or by `sagemaker`, as a Processing job. null: none."

  validation {
    condition     = var.training == null || contains(["task", "sagemaker"], try(var.training.by, ""))
    error_message = "task or sagemaker."
  }

  validation {
    condition     = var.training == null || (var.training_image != null && length(var.subnet_ids) > 0)
    error_message = "Training needs `training_image` and subnets."
  }
}

variable "training_image" {
  type        = string
  default     = null
  description = "The image with everything (target `pipeline`), by its digest."
}

variable "database" {
  type        = object({ cluster = string })
  default     = null
  description = "The Aurora PostgreSQL cluster whose log table is bridged to the stream; null: none. docs/metrics.md has the SQL."
}

variable "repository_arn" {
  type        = string
  default     = null
  description = "ARN of the ECR repository of the images."
}

variable "subnet_ids" {
  type        = list(string)
  default     = []
  description = "The private subnets of the tasks."
}

variable "security_group_id" {
  type        = string
  default     = null
  description = "The security group of the tasks."
}

variable "log_retention_days" {
  type        = number
  default     = 30
  description = "Days that logs are kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own for stream, topic, queues, environment and logs; null uses AWS's."
}
