# A job as a Fargate service, and a canary beside it.

data "aws_region" "current" {}

locals {
  # A job that reads a stream: two tasks would do everything twice.
  is_alone = var.queue_name == null && var.door == null
  ports    = concat([var.port], var.door == null ? [] : [var.door.port])

  grace = lookup(var.settings, "SHUTDOWN_GRACE", "28")
  tasks = merge({ stable = var.image }, var.canary_image == null ? {} : { canary = var.canary_image })
  environment = merge(var.settings, {
    METRICS_HOST   = "0.0.0.0"
    METRICS_PORT   = tostring(var.port)
    SHUTDOWN_GRACE = local.grace
  })
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights" # counts running tasks, which the backlog is divided by
    value = "enabled"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/tasks"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_ecs_task_definition" "this" {
  for_each                 = local.tasks
  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  container_definitions = jsonencode([{
    name                   = "event-processor"
    image                  = each.value
    essential              = true
    user                   = "10001:10001"
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    command                = [var.job]
    portMappings           = [for port in local.ports : { containerPort = port, protocol = "tcp" }]
    environment            = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets                = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    stopTimeout            = ceil(local.grace) + 2

    # ECS does not look at the image's own. A task that waits for its queue is healthy: a restart would not help.
    healthCheck = {
      command     = ["CMD-SHELL", "exec python -m event_processor.entrypoints.healthcheck ${var.port}"]
      interval    = 10
      timeout     = 10
      retries     = 6
      startPeriod = 30
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = data.aws_region.current.name
        awslogs-stream-prefix = each.key
        mode                  = "non-blocking" # work never waits for its own log
        max-buffer-size       = "4m"
      }
    }
  }])
}

resource "aws_ecs_service" "stable" {
  name                               = "stable"
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this["stable"].arn
  launch_type                        = "FARGATE"
  desired_count                      = local.is_alone ? 1 : var.minimum
  availability_zone_rebalancing      = local.is_alone ? "DISABLED" : "ENABLED" # which starts another before it stops one
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  deployment_maximum_percent         = local.is_alone ? 100 : 200 # old and new share the queue meanwhile
  deployment_minimum_healthy_percent = local.is_alone ? 0 : 100

  health_check_grace_period_seconds = var.door == null ? null : 60 # for its streams and contracts to be found

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  dynamic "load_balancer" {
    for_each = var.door == null ? [] : [var.door]

    content {
      target_group_arn = load_balancer.value.target_group_arn
      container_name   = "event-processor"
      container_port   = load_balancer.value.port
    }
  }

  dynamic "alarms" {
    for_each = length(var.rollback_alarm_names) == 0 ? [] : [var.rollback_alarm_names]

    content {
      alarm_names = alarms.value
      enable      = true
      rollback    = true
    }
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  # Until the old tasks are gone. After a rollback the service is steady, too, with the old version: hence the condition.
  wait_for_steady_state = true

  timeouts {
    update = "40m"
  }

  lifecycle {
    ignore_changes = [desired_count] # autoscaling's business

    postcondition {
      condition     = self.task_definition == aws_ecs_task_definition.this["stable"].arn
      error_message = "ECS has rolled the deployment back: its tasks did not become healthy, or an alarm went off."
    }
  }
}

resource "aws_ecs_service" "canary" {
  count                              = var.canary_image == null ? 0 : 1
  name                               = "canary"
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this["canary"].arn
  launch_type                        = "FARGATE"
  desired_count                      = 1
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 0

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }
}

resource "aws_appautoscaling_target" "tasks" {
  count              = local.is_alone ? 0 : 1
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.stable.name}"
  min_capacity       = var.minimum
  max_capacity       = var.maximum
}

# Messages on the queue alone say nothing about how many tasks are too few; messages for each task do. Those in flight
# count, too: a processor takes up to MAX_IN_FLIGHT of them at once.
resource "aws_appautoscaling_policy" "backlog_per_task" {
  count              = var.queue_name == null ? 0 : 1
  name               = "backlog-per-task"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.tasks[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.tasks[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.tasks[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.backlog_per_task
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      metrics {
        id          = "backlog_per_task"
        label       = "Messages waiting or in flight for each task"
        expression  = "(visible + in_flight) / tasks"
        return_data = true
      }

      dynamic "metrics" {
        for_each = {
          visible   = "ApproximateNumberOfMessagesVisible"
          in_flight = "ApproximateNumberOfMessagesNotVisible"
        }

        content {
          id          = metrics.key
          return_data = false

          metric_stat {
            stat = "Average"

            metric {
              namespace   = "AWS/SQS"
              metric_name = metrics.value

              dimensions {
                name  = "QueueName"
                value = var.queue_name
              }
            }
          }
        }
      }

      metrics {
        id          = "tasks"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"

            dimensions {
              name  = "ClusterName"
              value = aws_ecs_cluster.this.name
            }

            dimensions {
              name  = "ServiceName"
              value = aws_ecs_service.stable.name
            }
          }
        }
      }
    }
  }
}

# A gateway uses one core and no more: what it has left of that is what more requests can have.
resource "aws_appautoscaling_policy" "cpu" {
  count              = var.door == null ? 0 : 1
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.tasks[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.tasks[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.tasks[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
