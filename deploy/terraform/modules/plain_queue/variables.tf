variable "name" {
  type        = string
  description = "Name of the queue."
}

variable "retention_days" {
  type        = number
  default     = 14
  description = "Days that the queue keeps a message."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own; null uses SQS's own keys (SSE-SQS), which cost nothing."
}
