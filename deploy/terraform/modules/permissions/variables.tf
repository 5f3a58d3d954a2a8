variable "queue_arn" {
  type        = string
  description = "ARN of the queue of submissions."
}

variable "rejects_arn" {
  type        = string
  description = "ARN of the queue of rejects."
}

variable "stream_arn" {
  type        = string
  description = "ARN of the stream of events."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "The KMS key of queues and stream, if it is your own."
}

variable "statements" {
  type        = map(string)
  description = "Which statements of deploy/iam/policy.json the role gets, each with what it is about: queue, rejects or stream."

  validation {
    condition     = alltrue([for about in values(var.statements) : contains(["queue", "rejects", "stream"], about)])
    error_message = "Each is about queue, rejects or stream."
  }
}
