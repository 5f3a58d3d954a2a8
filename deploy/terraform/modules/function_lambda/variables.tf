variable "name" {
  type        = string
  description = "Name of the function."
}

variable "description" {
  type        = string
  default     = "event_processor: submissions from SQS, events to Kinesis, in order"
  description = "What it is for."
}

variable "handler" {
  type        = string
  default     = "submissions"
  description = "What it does: `submissions` from a queue, `inspect` the records of a stream, `monitor` the metrics of one, or `log_table` rows that a database sends."

  validation {
    condition     = contains(["inspect", "log_table", "monitor", "submissions"], var.handler)
    error_message = "submissions, inspect, monitor or log_table."
  }
}

variable "archive" {
  type        = string
  description = "Path of the archive that `make lambda` builds, for the same architecture."
}

variable "architecture" {
  type        = string
  default     = "arm64"
  description = "CPU of the function: arm64 or x86_64."
}

variable "memory" {
  type        = number
  default     = 512
  description = "MiB of memory. CPU comes with it: 1,769 MiB are one core."
}

variable "timeout" {
  type        = number
  default     = 60
  description = "Seconds an invocation may take; the queue's visibility timeout must be six times as long, and the batching window."
}

variable "batch_size" {
  type        = number
  default     = 500
  description = "The most messages or records of one invocation. Above 10, a batching window is needed; a FIFO queue gives 10 at most."
}

variable "batching_window" {
  type        = number
  default     = 1
  description = "Seconds that Lambda collects messages for a batch; 0 for a FIFO queue, which has none."
}

variable "maximum_concurrency" {
  type        = number
  default     = 2
  description = "The most invocations at the same time, at least 2: together no more than the shards can take."
}

variable "version_in_use" {
  type        = string
  default     = null
  description = "The version that the alias `live` points to; null is the newest. Name an older one to go back."
}

variable "settings" {
  type        = map(string)
  description = "The function's settings: environment variables of the table in docs/lambda.md."
}

variable "policy" {
  type        = string
  description = "The policy of the function's role for queue and stream, as JSON."
}

variable "queue_arn" {
  type        = string
  default     = null
  description = "ARN of the queue of submissions."

  validation {
    condition     = (var.queue_arn != null) == (var.handler == "submissions")
    error_message = "`submissions` needs it, and nothing else does."
  }
}

variable "stream_arn" {
  type        = string
  default     = null
  description = "ARN of the stream that `inspect` or `monitor` reads."

  validation {
    condition     = (var.stream_arn != null) == contains(["inspect", "monitor"], var.handler)
    error_message = "`inspect` and `monitor` need it, and nothing else does."
  }
}

variable "failures_arn" {
  type        = string
  default     = null
  description = "ARN of the queue where the mapping leaves word of records of a stream that it gave up."

  validation {
    condition     = (var.failures_arn != null) == contains(["inspect", "monitor"], var.handler)
    error_message = "`inspect` and `monitor` need it, and nothing else does."
  }
}

variable "retry_attempts" {
  type        = number
  default     = -1
  description = "How often the mapping tries a batch of a stream again; -1: until the records are too old. Batches come again while rejects cannot be stored, so a number ends the wait for that."
}

variable "record_age_seconds" {
  type        = number
  default     = 72000
  description = "The age at which the mapping gives a record of a stream up: within what the stream keeps."
}

variable "log_retention_days" {
  type        = number
  default     = 30
  description = "Days that logs are kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own for environment and logs; null uses AWS's."
}
