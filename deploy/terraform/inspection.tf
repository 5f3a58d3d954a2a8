# Streams of the streams file, the contracts that their records must keep to, and who inspects them.

locals {
  streams                = var.streams_file == null ? {} : yamldecode(file(var.streams_file)).streams
  made                   = { for stream, about in local.streams : stream => about if stream != "events" } # that one `run` publishes to
  named                  = { for stream in keys(local.streams) : stream => "${local.name}-${stream}" }
  by                     = var.inspection == null ? "nobody" : var.inspection.by
  settings_of_inspection = var.inspection == null ? {} : var.inspection.settings

  inspected = local.by == "nobody" ? toset([]) : toset(keys(local.streams))
  served    = local.by == "service" && var.image != null ? local.inspected : toset([])
  mapped    = local.by == "function" ? local.inspected : toset([])

  streams_made = merge(
    { for stream, its in module.streams : stream => { name = its.name, arn = its.arn } },
    { events = { name = module.stream.name, arn = module.stream.arn } },
  )
  contracts = { for table in module.contracts : "CONTRACTS" => "dynamodb:${table.name}" }

  # Lambda keeps checkpoints and says the region itself.
  kept = merge([for table in module.state : { AWS_REGION = var.region, STATE = "dynamodb:${table.name}" }]...)

  # Each inspector is told of its own stream only, by the name that it has in this stage.
  inspectors = {
    for stream in local.inspected : stream => merge(local.contracts, {
      STREAMS_FILE  = jsonencode({ streams = { (local.named[stream]) = local.streams[stream] } })
      REJECTS       = "sqs"
      REJECTS_QUEUE = one(module.stream_rejects[*].name)
    }, local.kept, local.settings_of_inspection)
  }
  judging   = merge({ ReadContracts = "contracts", RunRejectsQueue = "stream_rejects" }, local.topic_arn == null ? {} : { TellTopic = "topic" })
  topic_arn = var.inspection == null ? null : var.inspection.topic_arn
}

module "streams" {
  for_each        = local.made
  source          = "./modules/stream"
  name            = local.named[each.key]
  shards          = try(var.streams[each.key].shards, null)
  retention_hours = try(var.streams[each.key].retention_hours, 24)
  kms_key_arn     = local.key_arn
}

module "sender_policy" {
  for_each    = { for stream, its in var.streams : stream => its.sender if its.sender != null }
  source      = "./modules/permissions"
  arns        = { stream = local.streams_made[each.key].arn }
  kms_key_arn = local.key_arn
  statements  = { SendToStream = "stream" }
}

module "sender" {
  for_each    = { for stream, its in var.streams : stream => its.sender if its.sender != null }
  source      = "./modules/sender"
  name        = "${local.named[each.key]}-sender"
  account_id  = each.value.account_id
  external_id = each.value.external_id
  policy      = module.sender_policy[each.key].policy
}

module "contracts" {
  count         = var.inspection == null && var.door_service == null && var.lake == null ? 0 : 1
  source        = "./modules/table"
  name          = "${local.name}-contracts"
  partition_key = "part"
  sort_key      = "name"
  protected     = var.protected
  kms_key_arn   = local.key_arn
}

module "state" {
  count         = local.by == "service" ? 1 : 0
  source        = "./modules/table"
  name          = "${local.name}-state"
  partition_key = "reader"
  sort_key      = "shard"
  protected     = var.protected
  kms_key_arn   = local.key_arn
}

# Not the processor's: whoever breaks an event must not roll a deployment of the processor back.
module "stream_rejects" {
  count       = var.inspection == null && var.door_service == null ? 0 : 1
  source      = "./modules/plain_queue"
  name        = "${local.name}-stream-rejects"
  kms_key_arn = local.key_arn
}

module "unread" {
  for_each    = local.mapped
  source      = "./modules/plain_queue"
  name        = "${local.named[each.key]}-unread"
  kms_key_arn = local.key_arn
}

module "inspect_policy" {
  for_each    = local.inspected
  source      = "./modules/permissions"
  kms_key_arn = local.key_arn
  arns = merge(
    { contracts = module.contracts[0].arn, stream_rejects = module.stream_rejects[0].arn, stream = local.streams_made[each.key].arn },
    { for table in module.state : "state" => table.arn },
    local.topic_arn == null ? {} : { topic = local.topic_arn },
    contains(local.mapped, each.key) ? { unread = module.unread[each.key].arn } : {},
  )
  statements = merge(local.judging, local.by == "service"
    ? { InspectStream = "stream", InspectState = "state" }
    : { InspectStreamMapping = "stream", InspectMappingFailures = "unread" }
  )
}

module "inspection_service" {
  for_each           = local.served
  source             = "./modules/service_ecs"
  name               = "${local.named[each.key]}-inspector"
  job                = "inspect"
  port               = 8002
  image              = var.image
  architecture       = var.service.architecture
  cpu                = var.inspection.cpu
  memory             = coalesce(var.inspection.memory, 2048)
  settings           = local.inspectors[each.key]
  secrets            = var.inspection.notices_arn == null ? {} : { NOTICES = var.inspection.notices_arn }
  policy             = module.inspect_policy[each.key].policy
  repository_arn     = module.registry.arn
  subnet_ids         = var.network.subnet_ids
  security_group_id  = module.network[0].task_security_group_id
  log_retention_days = var.log_retention_days
  kms_key_arn        = local.key_arn
}

module "inspection_function" {
  for_each           = local.mapped
  source             = "./modules/function_lambda"
  name               = "${local.named[each.key]}-inspector"
  description        = "event_processor: records of a stream against their contracts"
  handler            = "inspect"
  archive            = var.inspection.archive
  architecture       = var.inspection.architecture
  memory             = coalesce(var.inspection.memory, 512)
  batching_window    = 0 # people are told at once
  settings           = local.inspectors[each.key]
  policy             = module.inspect_policy[each.key].policy
  stream_arn         = local.streams_made[each.key].arn
  failures_arn       = module.unread[each.key].arn
  record_age_seconds = try(var.streams[each.key].retention_hours, 24) * 3000 # five sixths of what the stream keeps
  log_retention_days = var.log_retention_days
  kms_key_arn        = local.key_arn
}
