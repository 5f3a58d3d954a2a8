terraform {
  required_version = ">= 1.10" # the first whose S3 backend locks by itself

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.tags, { Service = "event-processor", Stage = var.stage, ManagedBy = "terraform" })
  }
}

# The account of the lake, if it is not this one.
provider "aws" {
  alias  = "owner"
  region = var.region

  default_tags {
    tags = merge(var.tags, { Service = "event-processor", Stage = var.stage, ManagedBy = "terraform" })
  }

  dynamic "assume_role" {
    for_each = try(var.lake.owner, null) == null ? [] : [var.lake.owner.role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}
