variable "name" {
  type        = string
  description = "Prefix of the names of cluster, services and roles."
}

variable "image" {
  type        = string
  description = "The image by its digest: REPOSITORY@sha256:..."

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "By digest, so that what was tested is what runs: REPOSITORY@sha256:..."
  }
}

variable "job" {
  type        = string
  default     = "run"
  description = "Which job: the command of event-processor."
}

variable "port" {
  type        = number
  default     = 8000
  description = "Port of metrics, health and status page: METRICS_PORT."
}

variable "secrets" {
  type        = map(string)
  default     = {}
  description = "Settings that are secrets, such as NOTICES, each by the ARN of its secret in Secrets Manager, or of its parameter in Parameter Store."
}

variable "canary_image" {
  type        = string
  default     = null
  description = "The next image, by its digest, for one task beside the others on the same queue; null runs no canary."

  validation {
    condition     = var.canary_image == null || can(regex("@sha256:[0-9a-f]{64}$", var.canary_image))
    error_message = "By digest, so that what was tested is what runs: REPOSITORY@sha256:..."
  }
}

variable "architecture" {
  type        = string
  default     = "ARM64"
  description = "CPU of the tasks: ARM64 or X86_64."
}

variable "cpu" {
  type        = number
  default     = 1024
  description = "CPU units of a task. The processor uses one core, 1,024 units, and no more."
}

variable "memory" {
  type        = number
  default     = 2048
  description = "MiB of memory of a task. The sizing page says what it needs; Fargate's least for a whole core is 2,048."
}

variable "settings" {
  type        = map(string)
  description = "The job's settings: environment variables of docs/settings.md. ECS waits two seconds longer than SHUTDOWN_GRACE (28) before it kills a task."

  validation {
    condition     = try(tonumber(lookup(var.settings, "SHUTDOWN_GRACE", "28")) <= 118, false)
    error_message = "SHUTDOWN_GRACE is 118 seconds at most: Fargate waits for 120 before it kills."
  }
}

variable "policy" {
  type        = string
  description = "The policy of the tasks' role, as JSON."
}

variable "repository_arn" {
  type        = string
  description = "ARN of the ECR repository of the image."
}

variable "subnet_ids" {
  type        = list(string)
  description = "The private subnets of the tasks."
}

variable "security_group_id" {
  type        = string
  description = "The security group of the tasks."
}

variable "queue_name" {
  type        = string
  default     = null
  description = "Name of the queue of submissions, for the backlog; null, and no `door`: there is one task and never two, as for a job that reads a stream."

  validation {
    condition     = var.queue_name != null || var.canary_image == null
    error_message = "Beside a task that must be alone there is no canary."
  }
}

variable "door" {
  type        = object({ port = number, target_group_arn = string })
  default     = null
  description = "Port that takes requests, and the target group of the load balancer that sends them; null: nobody calls the tasks."

  validation {
    condition     = var.door == null || var.queue_name == null
    error_message = "A task takes requests or submissions, not both."
  }
}

variable "minimum" {
  type        = number
  default     = 1
  description = "The fewest tasks. At least one: without any, there is no backlog per task to scale by."

  validation {
    condition     = var.minimum >= 1
    error_message = "At least 1."
  }
}

variable "maximum" {
  type        = number
  default     = 4
  description = "The most tasks: no more than the shards can take, since beyond that they only refuse each other."
}

variable "backlog_per_task" {
  type        = number
  default     = 43000 # ten seconds of a task with one vCPU, as docs/sizing.md calculates it
  description = "Messages waiting or in flight for each task: a replica's submissions a second, times the seconds of backlog that you accept."
}

variable "rollback_alarm_names" {
  type        = list(string)
  default     = []
  description = "CloudWatch alarms that roll a deployment back."
}

variable "log_retention_days" {
  type        = number
  default     = 30
  description = "Days that logs are kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own for the logs; null uses CloudWatch's."
}
