# Who is told of findings: by e-mail, by a queue, and by whoever else subscribes.

resource "aws_sns_topic" "findings" {
  name              = "${var.name}-findings"
  kms_master_key_id = coalesce(var.kms_key_arn, "alias/aws/sns")
}

# A refusal, so it is as wide as possible: nobody publishes over plain HTTP.
resource "aws_sns_topic_policy" "tls_only" {
  arn = aws_sns_topic.findings.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.findings.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

# AWS sends each address a link that must be followed before it gets anything else.
resource "aws_sns_topic_subscription" "email" {
  for_each      = toset(var.emails)
  topic_arn     = aws_sns_topic.findings.arn
  protocol      = "email"
  endpoint      = each.key
  filter_policy = local.filter
}

locals {
  filter = length(var.severities) == 0 ? null : jsonencode({ severity = var.severities })
}

resource "aws_sqs_queue" "findings" {
  count                             = var.queue ? 1 : 0
  name                              = "${var.name}-findings"
  message_retention_seconds         = 14 * 86400
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
}

resource "aws_sqs_queue_policy" "findings" {
  count     = var.queue ? 1 : 0
  queue_url = aws_sqs_queue.findings[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "FromTopic"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.findings[0].arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.findings.arn } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.findings[0].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "queue" {
  count                = var.queue ? 1 : 0
  topic_arn            = aws_sns_topic.findings.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.findings[0].arn
  raw_message_delivery = true
  filter_policy        = local.filter
  depends_on           = [aws_sqs_queue_policy.findings]
}
