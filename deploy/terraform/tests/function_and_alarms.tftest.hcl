mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  name = "x"
}

run "function" {
  module { source = "./modules/function_lambda" }
  variables {
    archive   = "main.tf" # any file
    settings  = { STREAM_NAME = "s" }
    policy    = "{}"
    queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.submissions[0].function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "Without it, one failure brings the whole batch again."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.submissions[0].function_name == aws_lambda_alias.live.arn && aws_lambda_alias.live.function_version == "7"
    error_message = "The mapping calls the alias, and that is the newest version."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.submissions[0].scaling_config[0].maximum_concurrency == 2
    error_message = "There are never more invocations than the shards can take."
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ STREAM_NAME = "s" })
    error_message = "The settings reach the function."
  }
  assert {
    condition     = aws_lambda_function.this.handler == "event_processor.entrypoints.aws_lambda.submissions" && length(aws_lambda_event_source_mapping.records) == 0
    error_message = "It is called with submissions, and with no records of a stream."
  }
}

run "older_version" {
  module { source = "./modules/function_lambda" }
  variables {
    archive        = "main.tf"
    queue_arn      = "arn:aws:sqs:eu-west-1:123456789012:q"
    settings       = {}
    policy         = "{}"
    version_in_use = "6"
  }

  assert {
    condition     = aws_lambda_alias.live.function_version == "6"
    error_message = "Going back is naming the older version."
  }
}

run "alarms" {
  module { source = "./modules/alarms" }
  variables {
    queue_name        = "q"
    dead_letters_name = "d"
    rejects_name      = "r"
    stream_name       = "s"
    age_seconds       = 77
    topics            = ["arn:aws:sns:eu-west-1:123456789012:on-call"]
    log_group_names   = { tasks = "/x/tasks" }
    function_name     = "f"
    inspected         = { segment = { stream_name = "x-segment", failures_name = "x-unread" }, events = { stream_name = "s" } }
  }

  assert {
    condition     = { for stream, alarm in aws_cloudwatch_metric_alarm.lag : stream => "${alarm.dimensions.StreamName} > ${alarm.threshold}" } == { segment = "x-segment > 300000", events = "s > 300000" }
    error_message = "It is told when a stream's records wait for their verdicts, or when nobody reads it."
  }
  assert {
    condition     = { for stream, alarm in aws_cloudwatch_metric_alarm.given_up : stream => alarm.dimensions.QueueName } == { segment = "x-unread" }
    error_message = "And when a mapping gave records up."
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.queue : name => "${alarm.dimensions.QueueName} ${alarm.metric_name} > ${alarm.threshold}" } == {
      age          = "q ApproximateAgeOfOldestMessage > 77"
      dead-letters = "d ApproximateNumberOfMessagesVisible > 0"
      rejects      = "r NumberOfMessagesSent > 50"
    }
    error_message = "Each alarm is about its queue."
  }
  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.function : name => "${alarm.dimensions.FunctionName} ${alarm.metric_name}" } == { errors = "f Errors", throttles = "f Throttles" }
    error_message = "A function that fails or is not let run is told of."
  }
  assert {
    condition     = toset(output.rollback_alarm_names) == toset(["x-age", "x-dead-letters", "x-rejects", "x-order"])
    error_message = "A version that is slow, fails, rejects or breaks the order is rolled back."
  }
  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.queue), values(aws_cloudwatch_metric_alarm.function), values(aws_cloudwatch_metric_alarm.lag), values(aws_cloudwatch_metric_alarm.given_up), [aws_cloudwatch_metric_alarm.throttled, aws_cloudwatch_metric_alarm.order]) :
      alarm.alarm_actions == toset(var.topics) && alarm.ok_actions == toset(var.topics)
    ])
    error_message = "Every alarm tells the topics, and when it is over, too."
  }
  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.throttled.metric_query : query.expression if query.return_data == true] == ["throttled / total"]
    error_message = "Throttling is judged by its share."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.order["tasks"].log_group_name == "/x/tasks"
    error_message = "Violations of order are counted in the log of the tasks."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.order["tasks"].metric_transformation[0].name == aws_cloudwatch_metric_alarm.order.metric_name && aws_cloudwatch_log_metric_filter.order["tasks"].metric_transformation[0].namespace == aws_cloudwatch_metric_alarm.order.namespace
    error_message = "The alarm looks at the metric that the filter makes."
  }
}
