variable "name" {
  type        = string
  description = "Name of namespace and workgroup, and prefix of the role's."
}

variable "database" {
  type        = string
  default     = "events"
  description = "Name of the database."
}

variable "bucket" {
  type        = string
  description = "The bucket of the lake."
}

variable "bucket_arn" {
  type        = string
  description = "ARN of the bucket, whose policy lets Redshift be told of new files."
}

variable "bucket_key_arn" {
  type        = string
  default     = null
  description = "The KMS key of the bucket, if it has its own; the warehouse is encrypted with it, too."
}

variable "tables" {
  type        = any
  default     = {}
  description = "By `schema.table` where its Parquet files are in the bucket, `folder`, and their `columns`, as Glue has them."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets in three zones."

  validation {
    condition     = length(var.subnet_ids) >= 3
    error_message = "Redshift Serverless wants three subnets, each in a zone of its own."
  }
}

variable "security_group_ids" {
  type        = list(string)
  description = "Who reaches it. The Data API needs none."
}

variable "capacity" {
  type        = number
  default     = 8
  description = "Redshift processing units to begin with."
}
