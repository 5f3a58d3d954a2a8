# The role by which somebody in another account, such as Segment, writes to one stream and does nothing else.

resource "aws_iam_role" "this" {
  name = var.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = var.external_id } } # else any of its other customers could use the role
    }]
  })
}

resource "aws_iam_role_policy" "send" {
  name   = "send"
  role   = aws_iam_role.this.id
  policy = var.policy
}
