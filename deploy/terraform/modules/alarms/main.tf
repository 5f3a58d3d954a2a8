# What CloudWatch sees by itself. Prometheus sees more (deploy/prometheus/alerts.yml); these need nothing but AWS, and a
# deployment is rolled back on them.

locals {
  queue_metrics = {
    age = {
      queue       = var.queue_name
      metric      = "ApproximateAgeOfOldestMessage"
      statistic   = "Maximum"
      threshold   = var.age_seconds
      periods     = 5
      period      = 60
      description = "The oldest submission has waited longer than the objective. Runbook: EventProcessorAgeOverObjective."
    }
    dead-letters = {
      queue       = var.dead_letters_name
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      threshold   = 0
      periods     = 1
      period      = 60
      description = "Submissions were received too often and are on the dead-letter queue. Runbook: EventProcessorMessageFailed."
    }
    rejects = {
      queue       = var.rejects_name
      metric      = "NumberOfMessagesSent"
      statistic   = "Sum"
      threshold   = var.rejects_in_five_minutes
      periods     = 1
      period      = 300
      description = "Too much is rejected. Runbook: EventProcessorRejectsHigh."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each            = local.queue_metrics
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = each.value.queue }
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching" # a queue that nobody uses has no metrics
  alarm_actions       = var.topics
  ok_actions          = var.topics
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  alarm_name          = "${var.name}-throttled"
  alarm_description   = "The stream refuses too many records. Runbook: EventProcessorRefusalsSustained."
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttled_share
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.topics
  ok_actions          = var.topics

  metric_query {
    id          = "share"
    expression  = "throttled / total"
    label       = "Share of the records that were refused"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { throttled = "PutRecords.ThrottledRecords", total = "PutRecords.TotalRecords" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Kinesis"
        metric_name = metric_query.value
        dimensions  = { StreamName = var.stream_name }
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "lag" {
  for_each            = var.inspected
  alarm_name          = "${var.name}-${each.key}-lag"
  alarm_description   = "Records of stream ${each.key} wait for their verdict for too long. Runbook: EventInspectorLagging."
  namespace           = "AWS/Kinesis"
  metric_name         = "GetRecords.IteratorAgeMilliseconds"
  dimensions          = { StreamName = each.value.stream_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.lag_seconds * 1000
  treat_missing_data  = "breaching" # nobody reads it
  alarm_actions       = var.topics
  ok_actions          = var.topics
}

resource "aws_cloudwatch_metric_alarm" "given_up" {
  for_each            = { for stream, its in var.inspected : stream => its.failures_name if its.failures_name != null }
  alarm_name          = "${var.name}-${each.key}-given-up"
  alarm_description   = "Lambda gave records of stream ${each.key} up. Runbook: EventInspectorGap."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # a queue that nobody uses has no metrics
  alarm_actions       = var.topics
  ok_actions          = var.topics
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = var.function_name == null ? {} : {
    errors    = { metric = "Errors", periods = 1, description = "Invocations fail, so their messages come again. docs/lambda.md#errorsalarm" }
    throttles = { metric = "Throttles", periods = 3, description = "The account has no concurrency left for the function. docs/lambda.md#throttlesalarm" }
  }
  alarm_name          = "${var.name}-function-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = var.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # no invocation, no metric
  alarm_actions       = var.topics
  ok_actions          = var.topics
}

# Each processor logs a violation of order as an error; it must never happen.
resource "aws_cloudwatch_log_metric_filter" "order" {
  for_each       = var.log_group_names
  name           = "${var.name}-order-violations"
  log_group_name = each.value
  pattern        = "{ $.event = \"order violated*\" }"

  metric_transformation {
    namespace = var.name
    name      = "OrderViolations"
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "order" {
  alarm_name          = "${var.name}-order"
  alarm_description   = "The stream holds events of a submission out of order. Runbook: EventProcessorOrderViolated."
  namespace           = var.name
  metric_name         = "OrderViolations"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # no violation, no metric
  alarm_actions       = var.topics
  ok_actions          = var.topics
}
