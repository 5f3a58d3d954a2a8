mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables { name = "x" }

run "key" {
  module { source = "./modules/key" }

  assert {
    condition = alltrue([
      for action in ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"] :
      contains(one([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Action if statement.Sid == "AccountDecides"]), action)
    ])
    error_message = "AWS asks the key's own policy, too, before it gives the key its alias: without this nothing can be applied."
  }
  assert {
    condition = alltrue([
      for action in ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"] :
      contains(one([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Action if statement.Sid == "AccountDecides"]), action)
    ])
    error_message = "ECR uses the key by a grant."
  }
}

run "registry" {
  module { source = "./modules/registry" }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "A tag stays the image that it was, and every image is scanned."
  }
  assert {
    condition     = { for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.tagStatus => rule.selection.countNumber } == { untagged = 14, tagged = 50 }
    error_message = "What is kept is so many tagged images: each has untagged manifests, for its platforms and its provenance."
  }
}

run "network" {
  module { source = "./modules/network" }
  variables {
    vpc_id          = "vpc-1"
    subnet_ids      = ["subnet-1"]
    route_table_ids = ["rtb-1"]
  }

  assert {
    condition = { for name, endpoint in aws_vpc_endpoint.interface : name => endpoint.service_name } == {
      for name in ["ecr.api", "ecr.dkr", "kinesis-streams", "logs", "sqs"] : name => "com.amazonaws.eu-west-1.${name}"
    }
    error_message = "Images, streams, logs and queues are reached without the internet."
  }
  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && endpoint.security_group_ids == toset([aws_security_group.endpoints.id])])
    error_message = "By their usual names."
  }
  assert {
    condition     = one(aws_vpc_endpoint.s3).vpc_endpoint_type == "Gateway" && one(aws_vpc_endpoint.s3).route_table_ids == toset(["rtb-1"])
    error_message = "Layers of images come from S3."
  }
}

run "network_with_an_endpoint_of_s3" {
  module { source = "./modules/network" }
  variables {
    vpc_id          = "vpc-1"
    subnet_ids      = ["subnet-1"]
    route_table_ids = []
  }

  assert {
    condition     = length(aws_vpc_endpoint.s3) == 0 && aws_vpc_security_group_egress_rule.s3.prefix_list_id == "pl-1"
    error_message = "A route table takes one route to S3: where there is one, it is used."
  }
}
