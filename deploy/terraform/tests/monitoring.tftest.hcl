mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  name              = "x"
  bucket            = "lake"
  bucket_arn        = "arn:aws:s3:::lake"
  image             = "x@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
  repository_arn    = "arn:aws:ecr:eu-west-1:123456789012:repository/x"
  subnet_ids        = ["subnet-1"]
  security_group_id = "sg-1"
}

run "service" {
  module { source = "./modules/monitoring" }
  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
    notices_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/x/notices"
    emails      = ["data@example.org"]
    queue       = true
    severities  = ["critical"]
  }

  assert {
    condition     = length(module.stream) == 1 && length(module.service) == 1 && length(module.function) == 0
    error_message = "A stream of its own, and one task."
  }
  assert {
    condition     = output.settings == { AWS_REGION = "eu-west-1", METRICS_STREAM = "x-quality-metrics", MONITOR_STATE = "s3://lake/monitor", REJECTS = "sqs", REJECTS_QUEUE = "x-monitor-rejects" }
    error_message = "Who is told stands in the parameter alone."
  }
  assert {
    condition     = toset([for statement in jsondecode(output.policy).Statement : "${statement.Sid} ${join(",", flatten([statement.Resource]))}" if contains(["StoreLake", "TellTopic", "OwnKey"], statement.Sid)]) == toset(["StoreLake arn:aws:s3:::lake/monitor/*", "TellTopic arn:aws:sns:eu-west-1:123456789012:x", "OwnKey arn:aws:kms:eu-west-1:123456789012:key/1"])
    error_message = "Of the lake it has its own folder only."
  }
  assert {
    condition     = { for name, its in merge({ email = aws_sns_topic_subscription.email["data@example.org"] }, { queue = aws_sns_topic_subscription.queue[0] }) : name => [its.protocol, its.endpoint, jsondecode(its.filter_policy).severity[0]] } == { email = ["email", "data@example.org", "critical"], queue = ["sqs", "arn:aws:sqs:eu-west-1:123456789012:queue", "critical"] }
    error_message = "E-mail and queue get what they asked for."
  }
  assert {
    condition     = aws_sns_topic.findings.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.findings[0].kms_master_key_id == var.kms_key_arn
    error_message = "Both with the key."
  }
  assert {
    condition     = one([for statement in jsondecode(aws_sqs_queue_policy.findings[0].policy).Statement : statement.Condition.ArnEquals["aws:SourceArn"] if statement.Effect == "Allow"]) == aws_sns_topic.findings.arn
    error_message = "Nothing but this topic may write to the queue."
  }
}

run "function" {
  module { source = "./modules/monitoring" }
  variables {
    image   = null
    archive = "main.tf" # any file
    stream  = { name = "metrics-of-ours", arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/metrics-of-ours" }
  }

  assert {
    condition     = length(module.stream) == 0 && length(module.service) == 0 && output.settings.METRICS_STREAM == "metrics-of-ours"
    error_message = "The stream that there is."
  }
  assert {
    condition     = output.settings.NOTICES == "sns:arn:aws:sns:eu-west-1:123456789012:x"
    error_message = "The topic is told."
  }
  assert {
    condition     = length([for statement in jsondecode(output.policy).Statement : statement.Sid if contains(["InspectStreamMapping", "InspectMappingFailures"], statement.Sid)]) == 2
    error_message = "The mapping reads in the function's name."
  }
}

run "neither" {
  command = plan
  module { source = "./modules/monitoring" }
  variables { image = null }
  expect_failures = [var.archive]
}

run "training_by_a_task" {
  module { source = "./modules/monitoring" }
  variables {
    training       = { by = "task", memory = 4096 }
    training_image = "x@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
  }

  assert {
    condition = { for name, value in jsondecode(aws_ecs_task_definition.training["task"].container_definitions)[0] : name => value if contains(["command", "image", "environment", "readonlyRootFilesystem", "user"], name) } == {
      command                = ["monitor", "train"]
      image                  = var.training_image
      environment            = [{ name = "AWS_REGION", value = "eu-west-1" }, { name = "MONITOR_STATE", value = "s3://lake/monitor" }]
      readonlyRootFilesystem = true
      user                   = "10001:10001"
    }
    error_message = "The same entry point as by hand, with nothing but where the state is."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.labels["task"].event_pattern).detail == { bucket = { name = ["lake"] }, object = { key = [{ prefix = "monitor/labels/" }] } }
    error_message = "A new set of labels starts it, and nothing else."
  }
  assert {
    condition     = aws_cloudwatch_event_target.training["task"].arn == aws_ecs_cluster.training["task"].arn && length(aws_sfn_state_machine.training) == 0
    error_message = "Started as a task."
  }
  assert {
    condition     = toset([for statement in jsondecode(aws_iam_role_policy.starter["task"].policy).Statement : statement.Sid]) == toset(["RunTask", "PassRoles"])
    error_message = "Whoever starts it can do nothing else."
  }
}

run "training_by_sagemaker" {
  module { source = "./modules/monitoring" }
  variables {
    training       = { by = "sagemaker" }
    training_image = "x@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
  }

  assert {
    condition = {
      for name, value in jsondecode(aws_sfn_state_machine.training["sagemaker"].definition).States.Train.Parameters : name => value if contains(["AppSpecification", "Environment", "ProcessingJobName.$"], name)
      } == {
      AppSpecification      = { ImageUri = var.training_image, ContainerEntrypoint = ["event-processor", "monitor", "train"] }
      Environment           = { AWS_REGION = "eu-west-1", MONITOR_STATE = "s3://lake/monitor" }
      "ProcessingJobName.$" = "$$.Execution.Name"
    }
    error_message = "The same entry point as by hand, with nothing but where the state is."
  }
  assert {
    condition     = aws_cloudwatch_event_target.training["sagemaker"].arn == aws_sfn_state_machine.training["sagemaker"].arn && length(aws_ecs_task_definition.training) == 0
    error_message = "Started as a job."
  }
  assert {
    condition     = toset([for statement in jsondecode(aws_iam_role_policy.starter["sagemaker"].policy).Statement : statement.Sid]) == toset(["StartStateMachine", "StartJob", "DeliverLogs", "PassRoles"])
    error_message = "Whoever starts it can do nothing else."
  }
}

run "training_by_nobody_known" {
  command = plan
  module { source = "./modules/monitoring" }
  variables { training = { by = "hand" } }
  expect_failures = [var.training]
}

run "database" {
  module { source = "./modules/monitoring" }
  variables {
    archive  = "main.tf"
    database = { cluster = "orders" }
  }

  assert {
    condition     = [aws_rds_cluster_role_association.lambda["aurora"].db_cluster_identifier, aws_rds_cluster_role_association.lambda["aurora"].feature_name] == ["orders", "Lambda"]
    error_message = "Aurora calls functions in the name of that role."
  }
  assert {
    condition     = one(jsondecode(aws_iam_role_policy.database["aurora"].policy).Statement).Resource == output.bridge_arn
    error_message = "It calls the bridge and nothing else."
  }
}

run "metrics_of_what_is_delivered" {
  variables {
    image          = null
    stage          = "test"
    region         = "eu-west-1"
    pipeline_image = "x@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
    network        = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], route_table_ids = ["rtb-1"], outside = true }
    streams_file   = "tests/streams_and_metrics.yaml"
    lake           = { bucket = "lake-of-a-stage", service = true }
    monitoring     = {}
  }

  assert {
    condition     = [output.delivery_settings.METRICS_STREAM, output.monitoring.settings.METRICS_STREAM] == ["event-processor-test-quality-metrics", "event-processor-test-quality-metrics"]
    error_message = "The monitor reads what delivery writes."
  }
  assert {
    condition     = length([for statement in jsondecode(output.delivery_policy).Statement : statement.Resource if statement.Sid == "RunStream"]) == 1
    error_message = "Delivery may write there."
  }
}

run "a_monitor_without_a_lake" {
  command = plan
  variables {
    image      = null
    stage      = "test"
    region     = "eu-west-1"
    monitoring = { by = "function", archive = "main.tf" }
  }
  expect_failures = [var.monitoring]
}
