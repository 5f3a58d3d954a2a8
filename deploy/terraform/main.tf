# One stage of event_processor: the same for test, staging and production, which differ in values only.

locals {
  name    = "event-processor-${var.stage}"
  key_arn = one(module.key[*].arn)

  # What both are told, the function and the service.
  published_to = merge(local.contracts, {
    STREAM_NAME   = module.stream.name
    REJECTS       = "sqs"
    REJECTS_QUEUE = module.queue.rejects_name
  })
  settings = merge(local.published_to, {
    AWS_REGION         = var.region
    QUEUE_NAME         = module.queue.name
    VISIBILITY_TIMEOUT = tostring(module.queue.visibility_timeout)
  }, var.settings)

  arns = merge(
    { queue = module.queue.arn, rejects = module.queue.rejects_arn, stream = module.stream.arn },
    { for table in module.contracts : "contracts" => table.arn },
  )
  reading = { for statement, about in { ReadContracts = "contracts" } : statement => about if contains(keys(local.arns), about) }
}

module "key" {
  count  = var.own_keys ? 1 : 0
  source = "./modules/key"
  name   = local.name
}

module "queue" {
  source         = "./modules/queue"
  name           = local.name
  fifo           = var.queue.fifo
  retention_days = var.queue.retention_days

  # A mapping wants six times the function's timeout, and the batching window, on top; and while Kinesis is down, each
  # of its attempts is a receive, where the service would hold the message.
  visibility_timeout = var.function == null ? 60 : 6 * var.function.timeout + 1
  max_receive_count  = var.function == null ? 10 : 200

  kms_key_arn = local.key_arn
}

module "stream" {
  source          = "./modules/stream"
  name            = "${local.name}-events"
  shards          = var.stream.shards
  retention_hours = var.stream.retention_hours
  kms_key_arn     = local.key_arn
}

module "registry" {
  source      = "./modules/registry"
  name        = local.name
  kms_key_arn = local.key_arn
}

module "alarms" {
  source                  = "./modules/alarms"
  name                    = local.name
  queue_name              = module.queue.name
  dead_letters_name       = module.queue.dead_letters_name
  rejects_name            = module.queue.rejects_name
  stream_name             = module.stream.name
  age_seconds             = var.alarms.age_seconds
  rejects_in_five_minutes = var.alarms.rejects_in_five_minutes
  topics                  = var.alarms.topics
  function_name           = one(module.function[*].name)
  lag_seconds             = var.alarms.lag_seconds

  inspected = merge(
    {
      for stream in local.inspected : stream => {
        stream_name   = local.streams_made[stream].name
        failures_name = try(module.unread[stream].name, null)
      }
    },
    { for its in module.monitoring : "metrics" => { stream_name = its.stream.name, failures_name = its.unread_name } },
  )

  log_group_names = merge(
    { for service in module.service : "tasks" => service.log_group_name },
    { for function in module.function : "function" => function.log_group_name },
  )
}

module "network" {
  count           = var.network == null ? 0 : 1
  source          = "./modules/network"
  name            = local.name
  vpc_id          = var.network.vpc_id
  subnet_ids      = var.network.subnet_ids
  route_table_ids = var.network.route_table_ids
  services        = var.network.endpoints
  outside         = var.network.outside
}

module "run_policy" {
  source      = "./modules/permissions"
  arns        = local.arns
  kms_key_arn = local.key_arn
  statements  = merge(local.reading, { RunQueue = "queue", RunStream = "stream", RunRejectsQueue = "rejects" })
}

module "service" {
  count                = var.image == null ? 0 : 1
  source               = "./modules/service_ecs"
  name                 = local.name
  image                = var.image
  canary_image         = var.canary_image
  architecture         = var.service.architecture
  cpu                  = var.service.cpu
  memory               = var.service.memory
  minimum              = var.service.minimum
  maximum              = var.service.maximum
  backlog_per_task     = var.service.backlog_per_task
  settings             = local.settings
  policy               = module.run_policy.policy
  queue_name           = module.queue.name
  repository_arn       = module.registry.arn
  subnet_ids           = var.network.subnet_ids
  security_group_id    = module.network[0].task_security_group_id
  rollback_alarm_names = module.alarms.rollback_alarm_names
  log_retention_days   = var.log_retention_days
  kms_key_arn          = local.key_arn
}

module "function_policy" {
  source      = "./modules/permissions"
  arns        = local.arns
  kms_key_arn = local.key_arn
  statements  = merge(local.reading, { EventSourceMapping = "queue", RunStream = "stream", RunRejectsQueue = "rejects" })
}

module "function" {
  count               = var.function == null ? 0 : 1
  source              = "./modules/function_lambda"
  name                = local.name
  archive             = var.function.archive
  architecture        = var.function.architecture
  memory              = var.function.memory
  timeout             = var.function.timeout
  batch_size          = var.queue.fifo ? min(10, var.function.batch_size) : var.function.batch_size
  batching_window     = var.queue.fifo ? 0 : 1
  maximum_concurrency = var.function.maximum_concurrency
  version_in_use      = var.function.version_in_use
  settings            = merge(local.published_to, var.function.settings)
  policy              = module.function_policy.policy
  queue_arn           = module.queue.arn
  log_retention_days  = var.log_retention_days
  kms_key_arn         = local.key_arn
}
