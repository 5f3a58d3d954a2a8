variable "name" {
  type        = string
  description = "Prefix of the names of the alarms, and namespace of the metrics that are made from logs."
}

variable "queue_name" {
  type        = string
  description = "Name of the queue of submissions."
}

variable "dead_letters_name" {
  type        = string
  description = "Name of the dead-letter queue."
}

variable "rejects_name" {
  type        = string
  description = "Name of the queue of rejects."
}

variable "stream_name" {
  type        = string
  description = "Name of the stream of events."
}

variable "age_seconds" {
  type        = number
  default     = 300
  description = "The oldest message may be this old."
}

variable "rejects_in_five_minutes" {
  type        = number
  default     = 50
  description = "So many rejects in five minutes are too many."
}

variable "throttled_share" {
  type        = number
  default     = 0.2
  description = "The stream may refuse this share of all records for a quarter of an hour."
}

variable "topics" {
  type        = list(string)
  default     = []
  description = "ARNs of SNS topics, or other actions, that are told when an alarm changes."
}

variable "log_group_names" {
  type        = map(string)
  default     = {}
  description = "Log groups of processors, by a name of your choice: violations of order that they report are counted from there."
}

variable "function_name" {
  type        = string
  default     = null
  description = "Name of the Lambda function, if there is one."
}

variable "inspected" {
  type        = map(object({ stream_name = string, failures_name = optional(string) }))
  default     = {}
  description = "The streams that are inspected, by their names in the streams file, each with the queue of what its mapping gave up, if it has one."
}

variable "lag_seconds" {
  type        = number
  default     = 300
  description = "A record may wait this long for its verdict."
}
