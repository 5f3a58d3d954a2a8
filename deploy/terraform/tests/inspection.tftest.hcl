mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  name   = "x"
  stage  = "test"
  region = "eu-west-1"
}

run "table" {
  module { source = "./modules/table" }
  variables {
    partition_key = "part"
    sort_key      = "name"
    protected     = true
    kms_key_arn   = "arn:aws:kms:eu-west-1:123456789012:key/1"
  }

  assert {
    condition     = [aws_dynamodb_table.this.hash_key, aws_dynamodb_table.this.range_key, aws_dynamodb_table.this.billing_mode] == ["part", "name", "PAY_PER_REQUEST"]
    error_message = "The keys are those of the store, and it is paid by request."
  }
  assert {
    condition     = { for attribute in aws_dynamodb_table.this.attribute : attribute.name => attribute.type } == { part = "S", name = "S" }
    error_message = "Both keys are text."
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "What was deleted by mistake can be had back, and the table is not deleted by mistake."
  }
  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.kms_key_arn
    error_message = "The table uses the key."
  }
}

run "alone" {
  module { source = "./modules/service_ecs" }
  variables {
    image             = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    policy            = "{}"
    repository_arn    = "arn:aws:ecr:eu-west-1:123456789012:repository/x"
    subnet_ids        = ["subnet-1"]
    security_group_id = "sg-1"
    job               = "inspect"
    port              = 8002
    settings          = { STREAMS_FILE = "{}" }
    secrets           = { NOTICES = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:notices" }
  }

  assert {
    condition     = [aws_ecs_service.stable.deployment_minimum_healthy_percent, aws_ecs_service.stable.deployment_maximum_percent, aws_ecs_service.stable.desired_count] == [0, 100, 1]
    error_message = "The old task has ended before a new one begins: two would read the same stream."
  }
  assert {
    condition     = length(aws_appautoscaling_target.tasks) == 0 && length(aws_appautoscaling_policy.backlog_per_task) == 0 && aws_ecs_service.stable.availability_zone_rebalancing == "DISABLED"
    error_message = "Nothing makes more tasks of it."
  }
  assert {
    condition     = length(aws_ecs_service.stable.alarms) == 0 && aws_ecs_service.stable.deployment_circuit_breaker[0].rollback
    error_message = "A task that does not become healthy is rolled back, and without alarms there are none to heed."
  }
  assert {
    condition = { for name, value in jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0] : name => value if contains(["command", "secrets", "portMappings"], name) } == {
      command      = ["inspect"]
      portMappings = [{ containerPort = 8002, protocol = "tcp" }]
      secrets      = [{ name = "NOTICES", valueFrom = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:notices" }]
    }
    error_message = "The job, its port, and what it must be told in secret."
  }
  assert {
    condition     = strcontains(jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].healthCheck.command[1], "healthcheck 8002")
    error_message = "The health check asks on the port of the job."
  }
  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if statement.Sid == "ReadSecrets"]) == ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:notices"]
    error_message = "ECS may read that secret and no other."
  }
}

run "canary_of_a_task_that_must_be_alone" {
  command = plan
  module { source = "./modules/service_ecs" }
  variables {
    image             = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    policy            = "{}"
    repository_arn    = "arn:aws:ecr:eu-west-1:123456789012:repository/x"
    subnet_ids        = ["subnet-1"]
    security_group_id = "sg-1"
    settings          = {}
    canary_image      = "x@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
  }
  expect_failures = [var.queue_name]
}

run "function_on_a_stream" {
  module { source = "./modules/function_lambda" }
  variables {
    archive      = "main.tf" # any file
    settings     = {}
    policy       = "{}"
    stream_arn   = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
    failures_arn = "arn:aws:sqs:eu-west-1:123456789012:u"
    handler      = "inspect"
  }

  assert {
    condition     = aws_lambda_function.this.handler == "event_processor.entrypoints.aws_lambda.inspect" && length(aws_lambda_event_source_mapping.submissions) == 0
    error_message = "It inspects."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.records[0].event_source_arn == var.stream_arn && aws_lambda_event_source_mapping.records[0].function_name == aws_lambda_alias.live.arn
    error_message = "The mapping reads the stream and calls the alias."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.records[0].starting_position == "TRIM_HORIZON" && aws_lambda_event_source_mapping.records[0].parallelization_factor == 1
    error_message = "From the oldest record on, in order."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.records[0].function_response_types == toset(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.records[0].bisect_batch_on_function_error
    error_message = "What cannot be finished comes again, and little else."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.records[0].destination_config[0].on_failure[0].destination_arn == var.failures_arn
    error_message = "What is given up is named on a queue."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.records[0].maximum_retry_attempts == -1 && aws_lambda_event_source_mapping.records[0].maximum_record_age_in_seconds < 86400
    error_message = "It is tried until the stream will soon no longer keep it."
  }
}

run "function_on_both" {
  command = plan
  module { source = "./modules/function_lambda" }
  variables {
    archive      = "main.tf"
    settings     = {}
    policy       = "{}"
    queue_arn    = "arn:aws:sqs:eu-west-1:123456789012:q"
    stream_arn   = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
    failures_arn = "arn:aws:sqs:eu-west-1:123456789012:u"
    handler      = "inspect"
  }
  expect_failures = [var.queue_arn]
}

run "function_without_a_place_for_what_failed" {
  command = plan
  module { source = "./modules/function_lambda" }
  variables {
    archive    = "main.tf"
    settings   = {}
    policy     = "{}"
    stream_arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
    handler    = "inspect"
  }
  expect_failures = [var.failures_arn]
}

run "sender" {
  module { source = "./modules/sender" }
  variables {
    account_id  = "210987654321"
    external_id = "workspace"
    policy      = "{}"
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::210987654321:root" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = "workspace" } }
    }]
    error_message = "That account only, and only if it names the external id."
  }
}

run "sender_without_external_id" {
  command = plan
  module { source = "./modules/sender" }
  variables {
    account_id  = "210987654321"
    external_id = ""
    policy      = "{}"
  }
  expect_failures = [var.external_id]
}

# A stage whose streams are inspected by functions; tests/terraform looks at one with services.
run "stage_with_functions" {
  variables {
    streams_file = "tests/streams.yaml"
    streams      = { segment = { shards = 2, retention_hours = 48 } }
    inspection   = { by = "function", archive = "main.tf", settings = { NOTICES = "sns:arn:aws:sns:eu-west-1:123456789012:t" }, topic_arn = "arn:aws:sns:eu-west-1:123456789012:t" }
  }

  assert {
    condition     = output.stream_names == { events = "event-processor-test-events", segment = "event-processor-test-segment" }
    error_message = "Streams have the stage in their names; the one of `run` is not made twice."
  }
  assert {
    condition     = jsondecode(output.inspector_settings.segment.STREAMS_FILE) == { streams = { event-processor-test-segment = { contract = "{type}/{event|name}", id = "messageId" } } }
    error_message = "An inspector is told of its stream, by its name here."
  }
  assert {
    condition     = output.inspector_settings.segment.CONTRACTS == "dynamodb:event-processor-test-contracts" && output.settings.CONTRACTS == output.contracts
    error_message = "Inspectors and processor have the same contracts."
  }
  assert {
    condition     = alltrue([for policy in values(output.inspect_policies) : toset(jsondecode(policy).Statement[*].Sid) == toset(["InspectMappingFailures", "InspectStreamMapping", "ReadContracts", "RunRejectsQueue", "TellTopic"])])
    error_message = "A function gets the statements of its role and no others."
  }
}

run "inspection_of_nothing" {
  command = plan
  variables { inspection = {} }
  expect_failures = [var.inspection]
}

run "function_without_an_archive" {
  command = plan
  variables {
    streams_file = "tests/streams.yaml"
    inspection   = { by = "function" }
  }
  expect_failures = [var.inspection]
}

run "stream_that_is_not_in_the_file" {
  command = plan
  variables {
    streams_file = "tests/streams.yaml"
    streams      = { segmnt = {} }
  }
  expect_failures = [var.streams]
}

run "settings_of_the_inspector_that_follow_from_the_stage" {
  command = plan
  variables {
    streams_file = "tests/streams.yaml"
    inspection   = { settings = { CONTRACTS = "dir:contracts" } }
  }
  expect_failures = [var.inspection]
}

run "service_that_cannot_reach_its_tables" {
  command = plan
  variables {
    streams_file = "tests/streams.yaml"
    inspection   = {}
    image        = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    network      = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], route_table_ids = [] }
  }
  expect_failures = [var.inspection]
}
