variable "name" {
  type        = string
  description = "Name of the API, and prefix of the names of its role and keys."
}

variable "streams" {
  type = map(object({
    name          = string
    contract      = optional(string)
    id            = optional(string)
    partition_key = optional(string)
  }))
  description = "The streams by their names in paths: the stream's own name, its contract as JSON where all its records have the same, and the fields of a record that give its partition key, as in the streams file."

  validation {
    condition     = alltrue([for stream in keys(var.streams) : can(regex("^[A-Za-z0-9_.-]{1,128}$", stream))]) && length(var.streams) > 0
    error_message = "At least one; names of 1 to 128 letters, digits, _, . and -."
  }
}

variable "policy" {
  type        = string
  description = "The policy of the role by which records are put, as JSON."
}

variable "keys" {
  type = map(object({
    rate  = number
    burst = number
    daily = optional(number)
  }))
  description = "Who may send, by names of your choice: requests a second, at once, and a day at most. AWS makes each key."
}

variable "domain" {
  type        = object({ name = string, certificate_arn = string })
  default     = null
  description = "A name of your own, with its certificate of this region; null: the name that AWS gives, which is closed otherwise."
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
  description = "Days that the log of requests is kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own for the log; null uses CloudWatch's."
}
