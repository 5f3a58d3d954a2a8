variable "arns" {
  type        = any
  description = "ARNs of what there is, by names of your choice: one each, or a list."

  validation {
    condition     = can({ for name, arns in var.arns : name => toset(flatten([arns])) })
    error_message = "By name an ARN, or a list of them."
  }
}

variable "kms_key_arn" {
  type        = any
  default     = null
  description = "The KMS key of what there is, or a list of them, if they are your own."
}

variable "statements" {
  type        = map(string)
  description = "Which statements of deploy/iam/policy.json the role gets, each with the name of what it is about."

  validation {
    condition     = alltrue([for about in values(var.statements) : contains(keys(var.arns), about)])
    error_message = "Each is about something in `arns`."
  }
}
