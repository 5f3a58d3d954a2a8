variable "name" {
  type        = string
  description = "Prefix of the names of deliveries, role and logs, and name of the database."

  validation {
    condition     = length(var.name) <= 54
    error_message = "54 characters at most: a role's name has 64."
  }
}

variable "stream_name" {
  type        = string
  description = "Name of the stream."
}

variable "stream_arn" {
  type        = string
  description = "ARN of the stream."
}

variable "bucket" {
  type        = string
  description = "The bucket of the lake. What Firehose writes is below `firehose/`."
}

variable "bucket_key_arn" {
  type        = string
  default     = null
  description = "The KMS key of the bucket, if it has its own."
}

variable "table_name" {
  type        = string
  default     = null
  description = "The stream's table, `schema.table`; null: raw files only."
}

variable "table" {
  type        = string
  default     = null
  description = "What `event-processor lake ddl SUBJECT --dialect glue` prints of the table."

  validation {
    condition     = (var.table == null) == (var.table_name == null)
    error_message = "A table with its name, or neither."
  }
}

variable "seconds" {
  type        = number
  default     = 300
  description = "Seconds that Firehose gathers records for a file."
}

variable "mib" {
  type        = number
  default     = 64
  description = "MiB that Firehose gathers for a file; 64 at least of those that are converted."
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
  description = "A KMS key of your own of the stream, and for the logs."
}
