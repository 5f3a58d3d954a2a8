# The role of the program in the task, and the role of ECS, which starts it.

data "aws_caller_identity" "current" {}

locals {
  secrets = {
    for action, service in { "secretsmanager:GetSecretValue" = "secretsmanager", "ssm:GetParameters" = "ssm" } : action => [
      for name in sort(keys(var.secrets)) : var.secrets[name] if split(":", var.secrets[name])[2] == service
    ]
  }

  assumed_by_ecs = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = local.assumed_by_ecs
}

resource "aws_iam_role_policy" "task" {
  name   = "run"
  role   = aws_iam_role.task.id
  policy = var.policy
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = local.assumed_by_ecs
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id

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
        # The last part of a log stream's name is the task's id, which nobody knows before it starts.
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [for task in sort(keys(local.tasks)) : "${aws_cloudwatch_log_group.this.arn}:log-stream:${task}/event-processor/*"]
      },
      ], [for action, arns in local.secrets : {
        Sid      = "Read${action == "ssm:GetParameters" ? "Parameters" : "Secrets"}"
        Effect   = "Allow"
        Action   = [action]
        Resource = arns
        } if length(arns) > 0], length(var.secrets) == 0 || var.kms_key_arn == null ? [] : [{
        Sid      = "DecryptSecrets"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = var.kms_key_arn
    }])
  })
}
