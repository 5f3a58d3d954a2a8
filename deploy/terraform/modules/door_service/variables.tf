variable "name" {
  type        = string
  description = "Prefix of names, and name of the load balancer."

  validation {
    condition     = length(var.name) <= 32
    error_message = "A load balancer's name has 32 characters at most."
  }
}

variable "image" {
  type        = string
  description = "The image with everything (target `pipeline`), by its digest: REPOSITORY@sha256:..."
}

variable "architecture" {
  type        = string
  default     = "ARM64"
  description = "CPU of the tasks: ARM64 or X86_64."
}

variable "cpu" {
  type        = number
  default     = 1024
  description = "CPU units of a task. The gateway uses one core, 1,024 units, and no more."
}

variable "memory" {
  type        = number
  default     = 2048
  description = "MiB of memory of a task."
}

variable "minimum" {
  type        = number
  default     = 2
  description = "The fewest tasks: two, so that one may go while clients are answered."
}

variable "maximum" {
  type        = number
  default     = 4
  description = "The most tasks."
}

variable "settings" {
  type        = map(string)
  description = "The gateway's settings: environment variables of docs/settings.md."
}

variable "keys_arn" {
  type        = string
  description = "ARN of the secret in Secrets Manager that has GATEWAY_KEYS, as JSON. ECS reads it when a task starts."
}

variable "policy" {
  type        = string
  description = "The policy of the tasks' role, as JSON."
}

variable "repository_arn" {
  type        = string
  description = "ARN of the ECR repository of the image."
}

variable "vpc_id" {
  type        = string
  description = "The VPC."
}

variable "subnet_ids" {
  type        = list(string)
  description = "The private subnets of the tasks."
}

variable "balancer_subnet_ids" {
  type        = list(string)
  description = "The subnets of the load balancer, in two zones at least: public ones, unless it is internal."
}

variable "internal" {
  type        = bool
  default     = false
  description = "Whether only the VPC reaches the load balancer."
}

variable "client_cidrs" {
  type        = list(string)
  default     = ["0.0.0.0/0"]
  description = "Where clients may come from."
}

variable "security_group_id" {
  type        = string
  description = "The security group of the tasks."
}

variable "certificate_arn" {
  type        = string
  description = "The certificate of your name, of this region."
}

variable "protected" {
  type        = bool
  default     = false
  description = "Whether the load balancer must first be unprotected before it can be deleted."
}

variable "failures_a_minute" {
  type        = number
  default     = 10
  description = "So many answers 5xx a minute, for five minutes, are too many."
}

variable "topics" {
  type        = list(string)
  default     = []
  description = "ARNs of SNS topics, or other actions, that are told when an alarm changes."
}

variable "log_retention_days" {
  type        = number
  default     = 30
  description = "Days that logs are kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own for logs and the secret; null uses AWS's."
}
