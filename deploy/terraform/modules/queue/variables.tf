variable "name" {
  type        = string
  description = "Prefix of the names of the three queues."

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "Letters, digits, _ and -, at most 50, so that the names of all three queues fit in 80."
  }
}

variable "fifo" {
  type        = bool
  default     = false
  description = "Whether the queue of submissions is FIFO: message groups are then published in order across submissions."
}

variable "visibility_timeout" {
  type        = number
  default     = 60
  description = "Seconds a received message stays hidden. The processor extends it; with a Lambda function it must be six times the function's timeout."

  validation {
    condition     = var.visibility_timeout >= 2 && var.visibility_timeout <= 43200
    error_message = "From 2 to 43,200 seconds."
  }
}

variable "max_receive_count" {
  type        = number
  default     = 10
  description = "How often a message is received before it is moved to the dead-letter queue."
}

variable "retention_days" {
  type        = number
  default     = 14
  description = "Days that the queues of submissions and rejects keep a message. Nothing is lost in an outage that is shorter than this."

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 14
    error_message = "From 1 to 14 days, which is all that SQS offers."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own for all three queues; null uses SQS's own keys (SSE-SQS), which cost nothing."
}
