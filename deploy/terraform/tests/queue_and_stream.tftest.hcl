mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  name        = "x"
  kms_key_arn = null
}

run "queue" {
  module { source = "./modules/queue" }
  variables { max_receive_count = 5 }

  assert {
    condition     = jsondecode(aws_sqs_queue.submissions.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5 }
    error_message = "What is received too often goes to the dead-letter queue."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.submissions.arn] }
    error_message = "The dead-letter queue takes from the queue of submissions only."
  }
  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.submissions, aws_sqs_queue.dead_letters, aws_sqs_queue.rejects] : queue.sqs_managed_sse_enabled && queue.message_retention_seconds == 14 * 86400])
    error_message = "All three queues are encrypted and keep messages for as long as SQS offers."
  }
  assert {
    condition     = keys(aws_sqs_queue_policy.tls_only) == ["dead_letters", "rejects", "submissions"]
    error_message = "All three queues have a policy."
  }
  assert {
    condition = alltrue(flatten([
      for policy in aws_sqs_queue_policy.tls_only : [
        for statement in jsondecode(policy.policy).Statement :
        statement.Effect == "Deny" && statement.Condition.Bool["aws:SecureTransport"] == "false"
      ]
    ]))
    error_message = "The queues' own policies allow nothing to anybody, and refuse plain HTTP."
  }
}

run "fifo_queue_with_own_key" {
  module { source = "./modules/queue" }
  variables {
    fifo        = true
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
  }

  assert {
    condition     = aws_sqs_queue.submissions.fifo_queue && aws_sqs_queue.submissions.name == "x-submissions.fifo"
    error_message = "The queue of submissions is FIFO."
  }
  assert {
    condition     = aws_sqs_queue.dead_letters.fifo_queue && aws_sqs_queue.dead_letters.name == "x-dead-letters.fifo"
    error_message = "A FIFO queue's dead-letter queue must be FIFO, too."
  }
  assert {
    condition     = aws_sqs_queue.rejects.fifo_queue != true && aws_sqs_queue.rejects.name == "x-rejects"
    error_message = "REJECTS_QUEUE is always a standard queue."
  }
  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.submissions, aws_sqs_queue.dead_letters, aws_sqs_queue.rejects] : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "All three queues use the key."
  }
}

run "on_demand_stream" {
  module { source = "./modules/stream" }

  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "ON_DEMAND"
    error_message = "Without a number of shards the stream is on-demand."
  }
  assert {
    condition     = aws_kinesis_stream.this.encryption_type == "KMS" && aws_kinesis_stream.this.kms_key_id == "alias/aws/kinesis"
    error_message = "The stream is encrypted also without a key of one's own."
  }
}

run "provisioned_stream" {
  module { source = "./modules/stream" }
  variables {
    shards          = 3
    retention_hours = 48
    kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/1"
  }

  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "PROVISIONED" && aws_kinesis_stream.this.shard_count == 3
    error_message = "A number of shards makes the stream provisioned."
  }
  assert {
    condition     = aws_kinesis_stream.this.retention_period == 48 && aws_kinesis_stream.this.kms_key_id == var.kms_key_arn
    error_message = "Retention and key are as given."
  }
}

run "dead_letters_outlive_the_queue" {
  command = plan
  module { source = "./modules/queue" }
  variables { retention_days = 4 }

  assert {
    condition     = [aws_sqs_queue.submissions.message_retention_seconds, aws_sqs_queue.dead_letters.message_retention_seconds] == [4 * 86400, 14 * 86400]
    error_message = "A dead letter's age counts from when it was sent, so its queue keeps longer."
  }
}

run "retention_beyond_sqs" {
  command = plan
  module { source = "./modules/queue" }
  variables { retention_days = 15 }
  expect_failures = [var.retention_days]
}
