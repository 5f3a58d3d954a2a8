# The bridge from a table of an Aurora PostgreSQL: its trigger calls a function, which puts the row on the stream of metrics.

locals {
  bridged = var.database == null ? {} : { aurora = var.database }
}

module "bridge_policy" {
  source      = "../permissions"
  kms_key_arn = var.kms_key_arn
  arns        = { stream = local.stream.arn }
  statements  = { SendToStream = "stream" }
}

module "bridge" {
  for_each           = local.bridged
  source             = "../function_lambda"
  name               = "${var.name}-log-table"
  description        = "event_processor: rows of a log table to the stream of metrics"
  handler            = "log_table"
  archive            = var.archive
  architecture       = lower(var.architecture)
  memory             = 256
  timeout            = 10
  settings           = { METRICS_STREAM = local.stream.name }
  policy             = module.bridge_policy.policy
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
}

# What Aurora calls the function as: `aws_lambda` of the trigger uses the role that the cluster has for "Lambda".
resource "aws_iam_role" "database" {
  for_each = local.bridged
  name     = "${var.name}-log-table-caller"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "database" {
  for_each = local.bridged
  name     = "call"
  role     = aws_iam_role.database[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "CallBridge"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = module.bridge[each.key].alias_arn
    }]
  })
}

resource "aws_rds_cluster_role_association" "lambda" {
  for_each              = local.bridged
  db_cluster_identifier = each.value.cluster
  feature_name          = "Lambda"
  role_arn              = aws_iam_role.database[each.key].arn
}
