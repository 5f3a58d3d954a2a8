variable "name" {
  type        = string
  description = "Name of the table."
}

variable "partition_key" {
  type        = string
  description = "Name of the partition key, which is text."
}

variable "sort_key" {
  type        = string
  description = "Name of the sort key, which is text."
}

variable "protected" {
  type        = bool
  default     = false
  description = "Whether the table must first be unprotected before it can be deleted."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own; null uses DynamoDB's AWS managed key."
}
