variable "name" {
  type        = string
  description = "Prefix of the names of databases, and name of the workgroup."
}

variable "bucket" {
  type        = string
  description = "Name of the bucket; the one of its access logs ends with `-access`."

  validation {
    condition     = length(var.bucket) <= 56
    error_message = "56 characters at most: the name of the other bucket has seven more."
  }
}

variable "tables" {
  type        = map(string)
  default     = {}
  description = "By `schema.table` what `event-processor lake ddl SUBJECT --dialect glue` prints with LAKE=s3://lake."
}

variable "own_key" {
  type        = bool
  default     = false
  description = "Whether the bucket is encrypted with a KMS key of its own."
}

variable "writer_accounts" {
  type        = set(string)
  default     = []
  description = "Other accounts that write."
}

variable "writer_roles" {
  type        = list(string)
  default     = []
  description = "ARNs of the roles of these accounts that may write. They need not be there yet."

  validation {
    condition     = length(var.writer_accounts) == 0 || length(var.writer_roles) > 0
    error_message = "Of another account only roles that are named may write."
  }
}

variable "warehouse" {
  type        = bool
  default     = false
  description = "Whether Redshift in the same account is told of new objects."
}

variable "announced" {
  type        = bool
  default     = false
  description = "Whether EventBridge of the bucket's account is told of new objects."
}

variable "raw_days" {
  type        = number
  default     = null
  description = "Days that raw files are kept; null: for ever. After that nothing can be made again from them."
}

variable "access_log_days" {
  type        = number
  default     = 90
  description = "Days that logs of accesses are kept."
}

variable "scanned_gib" {
  type        = number
  default     = 100
  description = "GiB that one question of Athena may read at most."
}

variable "protected" {
  type        = bool
  default     = false
  description = "Whether buckets must be empty before they can be deleted."
}
