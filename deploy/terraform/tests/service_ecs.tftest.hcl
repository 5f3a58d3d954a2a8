mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  name                 = "x"
  image                = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  settings             = { QUEUE_NAME = "q", SHUTDOWN_GRACE = "50", STREAM_NAME = "s" }
  policy               = "{}"
  repository_arn       = "arn:aws:ecr:eu-west-1:123456789012:repository/x"
  subnet_ids           = ["subnet-1"]
  security_group_id    = "sg-1"
  queue_name           = "q"
  minimum              = 2
  maximum              = 5
  backlog_per_task     = 1234
  rollback_alarm_names = ["x-age", "x-order"]
}

run "service" {
  module { source = "./modules/service_ecs" }

  assert {
    condition     = aws_ecs_service.stable.deployment_circuit_breaker[0].enable && aws_ecs_service.stable.deployment_circuit_breaker[0].rollback
    error_message = "A deployment whose tasks do not become healthy is rolled back."
  }
  assert {
    condition     = aws_ecs_service.stable.alarms[0].enable && aws_ecs_service.stable.alarms[0].rollback && aws_ecs_service.stable.alarms[0].alarm_names == toset(["x-age", "x-order"])
    error_message = "A deployment that sets off an alarm is rolled back."
  }
  assert {
    condition     = aws_ecs_service.stable.wait_for_steady_state && aws_ecs_service.stable.task_definition == aws_ecs_task_definition.this["stable"].arn
    error_message = "Terraform waits for the new tasks, so that a deployment whose tasks do not become healthy is no success."
  }
  assert {
    condition     = aws_ecs_service.stable.deployment_minimum_healthy_percent == 100
    error_message = "A deployment takes no capacity away."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].command == ["run"]
    error_message = "The job is the processor's."
  }
  assert {
    condition     = !aws_ecs_service.stable.network_configuration[0].assign_public_ip
    error_message = "Tasks have no public address."
  }
  assert {
    condition     = length(aws_ecs_service.canary) == 0 && keys(aws_ecs_task_definition.this) == ["stable"]
    error_message = "Without a canary image there is no canary."
  }
}

run "task" {
  module { source = "./modules/service_ecs" }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].image == var.image
    error_message = "The image is the one that was given, by its digest."
  }
  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this["stable"].container_definitions) :
      container.readonlyRootFilesystem && container.user == "10001:10001" && container.linuxParameters.capabilities.drop == ["ALL"]
    ])
    error_message = "The task cannot write to its disk, is not root and has no capabilities."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].stopTimeout == 52
    error_message = "ECS waits longer than SHUTDOWN_GRACE."
  }
  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].environment : variable.name => variable.value } == {
      METRICS_HOST = "0.0.0.0", METRICS_PORT = "8000", QUEUE_NAME = "q", SHUTDOWN_GRACE = "50", STREAM_NAME = "s"
    }
    error_message = "The settings reach the task."
  }
  assert {
    condition     = strcontains(jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].healthCheck.command[1], "event_processor.entrypoints.healthcheck 8000")
    error_message = "The health check is in the task definition: ECS ignores the image's."
  }
}

run "scaling" {
  module { source = "./modules/service_ecs" }

  assert {
    condition     = [aws_appautoscaling_target.tasks[0].min_capacity, aws_appautoscaling_target.tasks[0].max_capacity] == [2, 5]
    error_message = "The bounds are as given."
  }
  assert {
    condition     = aws_appautoscaling_policy.backlog_per_task[0].target_tracking_scaling_policy_configuration[0].target_value == 1234
    error_message = "The target is the backlog per task."
  }
  assert {
    condition = [
      for metric in aws_appautoscaling_policy.backlog_per_task[0].target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metrics :
      metric.expression if metric.return_data
    ] == ["(visible + in_flight) / tasks"]
    error_message = "The one metric that counts is messages waiting or in flight for each task."
  }
  assert {
    condition = {
      for metric in aws_appautoscaling_policy.backlog_per_task[0].target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metrics :
      metric.id => "${metric.metric_stat[0].metric[0].namespace} ${metric.metric_stat[0].metric[0].metric_name}" if !metric.return_data
      } == {
      visible   = "AWS/SQS ApproximateNumberOfMessagesVisible"
      in_flight = "AWS/SQS ApproximateNumberOfMessagesNotVisible"
      tasks     = "ECS/ContainerInsights RunningTaskCount"
    }
    error_message = "It is made of the queue's two counts and the tasks that run."
  }
  assert {
    condition     = one(aws_ecs_cluster.this.setting).name == "containerInsights" && one(aws_ecs_cluster.this.setting).value == "enabled"
    error_message = "Running tasks are counted by Container Insights only."
  }
}

run "canary" {
  module { source = "./modules/service_ecs" }
  variables { canary_image = "x@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }

  assert {
    condition     = aws_ecs_service.canary[0].desired_count == 1
    error_message = "One task of the new image."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["canary"].container_definitions)[0].image == var.canary_image && jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].image == var.image
    error_message = "The canary runs the new image, the others the old one."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["canary"].container_definitions)[0].environment == jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].environment
    error_message = "Nothing but the image differs."
  }
}

run "image_by_tag" {
  command = plan
  module { source = "./modules/service_ecs" }
  variables { image = "x:latest" }
  expect_failures = [var.image]
}

run "a_grace_that_fargate_does_not_give" {
  command = plan
  module { source = "./modules/service_ecs" }
  variables { settings = { SHUTDOWN_GRACE = "119" } }
  expect_failures = [var.settings]
}

run "no_tasks_at_all" {
  command = plan
  module { source = "./modules/service_ecs" }
  variables { minimum = 0 }
  expect_failures = [var.minimum]
}
