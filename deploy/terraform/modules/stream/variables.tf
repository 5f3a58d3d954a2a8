variable "name" {
  type        = string
  description = "Name of the stream: STREAM_NAME."
}

variable "shards" {
  type        = number
  default     = null
  description = "Number of shards (1,000 records and 1 MiB a second each); null makes the stream on-demand."

  validation {
    condition     = var.shards == null || try(var.shards >= 1, false)
    error_message = "At least one shard, or null for an on-demand stream."
  }
}

variable "retention_hours" {
  type        = number
  default     = 24
  description = "Hours that the stream keeps a record, for readers that are behind."

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "From 24 to 8,760 hours."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own; null uses Kinesis's AWS managed key."
}
