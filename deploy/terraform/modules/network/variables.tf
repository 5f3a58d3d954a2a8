variable "name" {
  type        = string
  description = "Prefix of names."
}

variable "vpc_id" {
  type        = string
  description = "The VPC of the private subnets."
}

variable "subnet_ids" {
  type        = list(string)
  description = "The private subnets in which the tasks run."
}

variable "route_table_ids" {
  type        = list(string)
  description = "The route tables of these subnets, for the gateway endpoint of S3; none if they have one already."
}

variable "services" {
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "kinesis-streams", "logs", "sqs"]
  description = "AWS services that get an interface endpoint. Leave out those that the VPC has already, which takes one of each, and let the tasks' security group reach them."
}

variable "outside" {
  type        = bool
  default     = false
  description = "Whether tasks may reach the internet by HTTPS, through a NAT gateway of your own: to tell Slack, and AWS services without an endpoint."
}
