# The queue of submissions, its dead-letter queue, and the queue of rejects (REJECTS=sqs).

locals {
  suffix = var.fifo ? ".fifo" : ""
  queues = {
    submissions  = aws_sqs_queue.submissions
    dead_letters = aws_sqs_queue.dead_letters
    rejects      = aws_sqs_queue.rejects
  }
}

# It keeps for the longest that SQS offers, since on a standard queue the days before a message came here count.
resource "aws_sqs_queue" "dead_letters" {
  name                              = "${var.name}-dead-letters${local.suffix}"
  fifo_queue                        = var.fifo
  message_retention_seconds         = 14 * 86400
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
}

resource "aws_sqs_queue" "submissions" {
  name                              = "${var.name}-submissions${local.suffix}"
  fifo_queue                        = var.fifo
  visibility_timeout_seconds        = var.visibility_timeout
  message_retention_seconds         = var.retention_days * 86400
  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

# Only the queue of submissions may use this dead-letter queue.
resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.submissions.arn]
  })
}

# Rejects have no order, so this queue is a standard one even beside a FIFO queue.
resource "aws_sqs_queue" "rejects" {
  name                              = "${var.name}-rejects"
  message_retention_seconds         = var.retention_days * 86400
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
}

# A refusal, so it is as wide as possible: nobody may do anything over plain HTTP.
resource "aws_sqs_queue_policy" "tls_only" {
  for_each  = local.queues
  queue_url = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = each.value.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
