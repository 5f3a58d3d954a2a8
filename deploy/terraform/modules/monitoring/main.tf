# The monitor of one stage: the stream of metrics, who judges them, and who is told.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  is_service = var.image != null
  folder     = "monitor"
  state_url  = "s3://${var.bucket}/${local.folder}"
  stream     = var.stream == null ? { name = module.stream[0].name, arn = module.stream[0].arn } : var.stream
  keys       = compact([var.kms_key_arn, var.bucket_key_arn])

  kept = { AWS_REGION = data.aws_region.current.name, MONITOR_STATE = local.state_url }
  told = merge(local.kept, var.settings, {
    METRICS_STREAM = local.stream.name
    REJECTS        = "sqs"
    REJECTS_QUEUE  = module.rejects.name
  }, var.notices_arn == null ? { NOTICES = "sns:${aws_sns_topic.findings.arn}" } : {})
}

module "stream" {
  count       = var.stream == null ? 1 : 0
  source      = "../stream"
  name        = "${var.name}-quality-metrics"
  kms_key_arn = var.kms_key_arn
}

# Metrics that break their contract.
module "rejects" {
  source      = "../plain_queue"
  name        = "${var.name}-monitor-rejects"
  kms_key_arn = var.kms_key_arn
}

module "policy" {
  source      = "../permissions"
  kms_key_arn = length(local.keys) == 0 ? null : local.keys
  arns = merge({
    stream  = local.stream.arn
    rejects = module.rejects.arn
    topic   = aws_sns_topic.findings.arn
    objects = "${var.bucket_arn}/${local.folder}/*"
    lake    = var.bucket_arn
  }, local.is_service ? {} : { unread = module.unread[0].arn })

  statements = merge(
    { StoreLake = "objects", ListLake = "lake", RunRejectsQueue = "rejects", TellTopic = "topic" },
    local.is_service ? { InspectStream = "stream" } : { InspectStreamMapping = "stream", InspectMappingFailures = "unread" },
  )
}

# One task and never two, as for every job that reads a stream.
module "service" {
  count              = local.is_service ? 1 : 0
  source             = "../service_ecs"
  name               = "${var.name}-monitor"
  job                = "monitor"
  port               = 8004
  image              = var.image
  architecture       = var.architecture
  cpu                = var.cpu
  memory             = var.memory
  settings           = local.told
  secrets            = { for name, arn in { NOTICES = var.notices_arn, MONITOR_KEY = var.label_key_arn } : name => arn if arn != null }
  policy             = module.policy.policy
  repository_arn     = var.repository_arn
  subnet_ids         = var.subnet_ids
  security_group_id  = var.security_group_id
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
}

module "unread" {
  count       = local.is_service ? 0 : 1
  source      = "../plain_queue"
  name        = "${var.name}-monitor-unread"
  kms_key_arn = var.kms_key_arn
}

module "function" {
  count              = local.is_service ? 0 : 1
  source             = "../function_lambda"
  name               = "${var.name}-monitor"
  description        = "event_processor: metrics that are not as they should be"
  handler            = "monitor"
  archive            = var.archive
  architecture       = lower(var.architecture)
  memory             = 512
  batching_window    = 0                                                                         # people are told at once
  settings           = { for name, value in local.told : name => value if name != "AWS_REGION" } # Lambda sets it itself
  policy             = module.policy.policy
  stream_arn         = local.stream.arn
  failures_arn       = module.unread[0].arn
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
}
