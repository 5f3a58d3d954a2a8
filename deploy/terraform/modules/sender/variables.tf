variable "name" {
  type        = string
  description = "Name of the role."
}

variable "account_id" {
  type        = string
  description = "The AWS account of the sender, who says which it is."

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "12 digits."
  }
}

variable "external_id" {
  type        = string
  description = "What the sender names when it takes the role; with Segment the id of your workspace."

  validation {
    condition     = length(var.external_id) <= 1224 && can(regex("^[A-Za-z0-9+=,.@:/_-]{2,}$", var.external_id))
    error_message = "2 to 1,224 letters, digits and + = , . @ : / _ -; without one, whoever knows the role's ARN could use it through the same sender."
  }
}

variable "policy" {
  type        = string
  description = "What it may do, as JSON: `SendToStream` of deploy/iam/policy.json."
}
