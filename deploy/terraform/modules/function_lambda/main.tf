# A job as a function, fed by an event source mapping from a queue or a stream, or called by a database.

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/function"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_50: spans leave by OpenTelemetry where tracing is on; X-Ray would bill for each invocation
  # checkov:skip=CKV_AWS_115: the mapping's maximum_concurrency bounds it, without taking capacity from others
  # checkov:skip=CKV_AWS_116: that queue is for asynchronous calls; ours come by a mapping, with a queue for what failed
  # checkov:skip=CKV_AWS_117: it calls AWS and those who are told only; a VPC would add cold-start time and nothing else
  # checkov:skip=CKV_AWS_272: the archive is the same bytes from each build, so its hash in the plan tells what runs
  function_name    = var.name
  description      = var.description
  role             = aws_iam_role.this.arn
  filename         = var.archive
  source_code_hash = filebase64sha256(var.archive)
  handler          = "event_processor.entrypoints.aws_lambda.${var.handler}"
  runtime          = "python3.13"
  architectures    = [var.architecture]
  memory_size      = var.memory
  timeout          = var.timeout
  publish          = true # the alias points to a version, so that there is one to go back to
  kms_key_arn      = var.kms_key_arn

  environment {
    variables = var.settings
  }

  logging_config {
    log_format = "Text" # the lines are JSON already, and stay as they are
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.run, aws_iam_role_policy.logs]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = coalesce(var.version_in_use, aws_lambda_function.this.version)
}

resource "aws_lambda_event_source_mapping" "submissions" {
  count                              = var.handler == "submissions" ? 1 : 0
  event_source_arn                   = var.queue_arn
  function_name                      = aws_lambda_alias.live.arn
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batching_window
  function_response_types            = ["ReportBatchItemFailures"] # without it, one failure brings the whole batch again

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}

# A batch that fails as a whole is halved until what makes it fail is alone; that is then named on the queue, so that the
# shard goes on. The records themselves stay on the stream for as long as it keeps them.
resource "aws_lambda_event_source_mapping" "records" {
  count                              = contains(["inspect", "monitor"], var.handler) ? 1 : 0
  event_source_arn                   = var.stream_arn
  function_name                      = aws_lambda_alias.live.arn
  starting_position                  = "TRIM_HORIZON" # what already exists is read, too
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batching_window
  parallelization_factor             = 1 # in order within a shard
  bisect_batch_on_function_error     = true
  function_response_types            = ["ReportBatchItemFailures"]
  maximum_retry_attempts             = var.retry_attempts
  maximum_record_age_in_seconds      = var.record_age_seconds

  destination_config {
    on_failure {
      destination_arn = var.failures_arn
    }
  }
}

resource "aws_iam_role" "this" {
  name = var.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "run" {
  name   = "run"
  role   = aws_iam_role.this.id
  policy = var.policy
}

resource "aws_iam_role_policy" "logs" {
  name = "logs"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      # Lambda names the log streams, by date and sandbox.
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:log-stream:*"
    }]
  })
}
