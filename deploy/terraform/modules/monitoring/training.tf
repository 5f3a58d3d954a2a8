# `monitor train` as a task of Fargate, or as a Processing job of SageMaker. It starts when labels are published: S3 says so.

locals {
  trained = var.training == null ? {} : { (var.training.by) = var.training }
  task    = { for by, its in local.trained : by => its if by == "task" }
  job     = { for by, its in local.trained : by => its if by == "sagemaker" }
  command = ["monitor", "train"]
  arn     = "arn:${data.aws_partition.current.partition}"
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.name

  assumed_by = {
    for by, services in { task = ["ecs-tasks"], sagemaker = ["sagemaker"], starter = ["events", "states"] } : by => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = [for service in services : "${service}.amazonaws.com"] }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      }]
    })
  }
}

module "training_policy" {
  source      = "../permissions"
  kms_key_arn = length(local.keys) == 0 ? null : local.keys
  arns        = { objects = "${var.bucket_arn}/${local.folder}/*", lake = var.bucket_arn }
  statements  = { StoreLake = "objects", ListLake = "lake" }
}

resource "aws_cloudwatch_log_group" "training" {
  for_each          = local.trained
  name              = "/${var.name}/training"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

# What the program may do, whoever starts it.
resource "aws_iam_role" "training" {
  for_each           = local.trained
  name               = "${var.name}-training"
  assume_role_policy = local.assumed_by[each.key]
}

resource "aws_iam_role_policy" "training" {
  for_each = local.trained
  name     = "train"
  role     = aws_iam_role.training[each.key].id
  policy   = module.training_policy.policy
}

# What its start needs: ECS has a role of its own for it, SageMaker has the program's.
resource "aws_iam_role" "training_execution" {
  for_each           = local.task
  name               = "${var.name}-training-execution"
  assume_role_policy = local.assumed_by["task"]
}

resource "aws_iam_role_policy" "training_execution" {
  for_each = local.trained
  name     = "start"
  role     = each.key == "task" ? aws_iam_role.training_execution["task"].id : aws_iam_role.training[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.repository_arn
      },
      {
        # It has no resource level: the token is for the registry, and says nothing about what may be pulled.
        Sid      = "LogInToRegistry"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = "*"
      },
      {
        # SageMaker names its log group itself.
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = each.key == "task" ? ["logs:CreateLogStream", "logs:PutLogEvents"] : ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = each.key == "task" ? "${aws_cloudwatch_log_group.training["task"].arn}:log-stream:training/*" : "${local.arn}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/ProcessingJobs:*"
      },
      ], [for by in keys(local.job) : {
        # SageMaker puts the job into the private subnets; these calls have no resource level.
        Sid    = "JoinNetwork"
        Effect = "Allow"
        Action = [
          "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission",
          "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
        ]
        Resource = "*"
    }])
  })
}

resource "aws_ecs_cluster" "training" {
  for_each = local.task
  name     = "${var.name}-training"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "training" {
  for_each                 = local.task
  family                   = "${var.name}-training"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  task_role_arn            = aws_iam_role.training[each.key].arn
  execution_role_arn       = aws_iam_role.training_execution[each.key].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  container_definitions = jsonencode([{
    name                   = "event-processor"
    image                  = var.training_image
    essential              = true
    user                   = "10001:10001"
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    command                = local.command
    environment            = [for name in sort(keys(local.kept)) : { name = name, value = local.kept[name] }]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.training[each.key].name
        awslogs-region        = local.region
        awslogs-stream-prefix = "training"
      }
    }
  }])
}

# SageMaker's jobs each have a name, so somebody must make one up: a state machine of one step.
resource "aws_sfn_state_machine" "training" {
  # checkov:skip=CKV_AWS_284:X-Ray has nothing to show of one step
  for_each = local.job
  name     = "${var.name}-training"
  role_arn = aws_iam_role.starter[each.key].arn

  definition = jsonencode({
    Comment = "Training of event_processor's monitor"
    StartAt = "Train"
    States = {
      Train = {
        Type     = "Task"
        Resource = "${local.arn}:states:::sagemaker:createProcessingJob"
        End      = true
        Parameters = {
          "ProcessingJobName.$" = "$$.Execution.Name"
          RoleArn               = aws_iam_role.training[each.key].arn
          AppSpecification      = { ImageUri = var.training_image, ContainerEntrypoint = concat(["event-processor"], local.command) }
          Environment           = local.kept
          NetworkConfig         = { VpcConfig = { SecurityGroupIds = [var.security_group_id], Subnets = var.subnet_ids } }
          StoppingCondition     = { MaxRuntimeInSeconds = 3600 }
          ProcessingResources = {
            ClusterConfig = merge(
              { InstanceCount = 1, InstanceType = each.value.instance_type, VolumeSizeInGB = 5 },
              var.kms_key_arn == null ? {} : { VolumeKmsKeyId = var.kms_key_arn },
            )
          }
        }
      }
    }
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.training[each.key].arn}:*"
  }
}

resource "aws_cloudwatch_event_rule" "labels" {
  for_each    = local.trained
  name        = "${var.name}-labels"
  description = "A new set of labels: the monitor is trained again."

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { bucket = { name = [var.bucket] }, object = { key = [{ prefix = "${local.folder}/labels/" }] } }
  })
}

resource "aws_cloudwatch_event_target" "training" {
  for_each = local.trained
  rule     = aws_cloudwatch_event_rule.labels[each.key].name
  arn      = each.key == "task" ? aws_ecs_cluster.training["task"].arn : aws_sfn_state_machine.training["sagemaker"].arn
  role_arn = aws_iam_role.starter[each.key].arn

  dynamic "ecs_target" {
    for_each = each.key == "task" ? ["task"] : []

    content {
      task_definition_arn = aws_ecs_task_definition.training["task"].arn
      launch_type         = "FARGATE"
      propagate_tags      = "TASK_DEFINITION"

      network_configuration {
        subnets          = var.subnet_ids
        security_groups  = [var.security_group_id]
        assign_public_ip = false
      }
    }
  }
}

# EventBridge's, which starts the task or the state machine, and the state machine's.
resource "aws_iam_role" "starter" {
  for_each           = local.trained
  name               = "${var.name}-training-starter"
  assume_role_policy = local.assumed_by["starter"]
}

resource "aws_iam_role_policy" "starter" {
  for_each = local.trained
  name     = "start"
  role     = aws_iam_role.starter[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for task in aws_ecs_task_definition.training : {
        Sid       = "RunTask"
        Effect    = "Allow"
        Action    = ["ecs:RunTask"]
        Resource  = task.arn
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.training["task"].arn } }
      }],
      [for statement in [
        {
          Sid      = "StartStateMachine"
          Effect   = "Allow"
          Action   = ["states:StartExecution"]
          Resource = "${local.arn}:states:${local.region}:${local.account}:stateMachine:${var.name}-training"
        },
        {
          Sid      = "StartJob"
          Effect   = "Allow"
          Action   = ["sagemaker:AddTags", "sagemaker:CreateProcessingJob"]
          Resource = "${local.arn}:sagemaker:${local.region}:${local.account}:processing-job/*" # named as its execution is
        },
        {
          # How a state machine is allowed to write logs; these calls have no resource level.
          Sid    = "DeliverLogs"
          Effect = "Allow"
          Action = [
            "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
            "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
          ]
          Resource = "*"
        },
      ] : statement if each.key == "sagemaker"],
      [{
        Sid      = "PassRoles"
        Effect   = "Allow"
        Action   = ["iam:PassRole"]
        Resource = concat([aws_iam_role.training[each.key].arn], [for role in aws_iam_role.training_execution : role.arn])
      }],
    )
  })
}
