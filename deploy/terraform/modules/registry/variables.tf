variable "name" {
  type        = string
  description = "Name of the repository."
}

variable "kept_images" {
  type        = number
  default     = 50
  description = "How many tagged images are kept: so far back can be rolled."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "A KMS key of your own; null uses AES-256 with ECR's own key."
}
