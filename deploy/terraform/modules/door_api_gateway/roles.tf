# The role by which API Gateway puts records.

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "this" {
  name = "${var.name}-put"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "apigateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "put"
  role   = aws_iam_role.this.id
  policy = var.policy
}
