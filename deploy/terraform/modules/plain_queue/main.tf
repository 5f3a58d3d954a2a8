# A standard queue by itself: rejects of streams, or what a mapping gave up.

resource "aws_sqs_queue" "this" {
  name                              = var.name
  message_retention_seconds         = var.retention_days * 86400
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
}

# A refusal, so it is as wide as possible: nobody may do anything over plain HTTP.
resource "aws_sqs_queue_policy" "tls_only" {
  queue_url = aws_sqs_queue.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.this.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
