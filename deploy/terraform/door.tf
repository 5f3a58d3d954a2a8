# Doors for those who have no SQS: our gateway, or API Gateway without it. Both take records for each stream of the streams
# file but `events`, which is the processor's.

locals {
  doors     = { for stream, about in local.made : local.named[stream] => about }
  door_arns = { for stream in keys(local.made) : "stream_${stream}" => local.streams_made[stream].arn }

  # A contract that all records of a stream have: API Gateway judges by what it understands of it.
  contracts_folder = try(var.door_api_gateway.contracts, null)
  folders          = { for stream, about in local.made : stream => "${local.contracts_folder}/${replace(urlencode(about.contract), "+", "%20")}" if local.contracts_folder != null }
  door_contracts = {
    for stream, folder in local.folders : stream => file("${folder}/${trimspace(file("${folder}/live"))}.json")
    if try(local.made[stream].at, null) == null && fileexists("${folder}/live")
  }

  gateway_settings = merge(local.contracts, {
    AWS_REGION    = var.region
    REJECTS       = "sqs"
    REJECTS_QUEUE = one(module.stream_rejects[*].name)
    STREAMS_FILE  = jsonencode({ streams = local.doors })
  }, try(var.door_service.settings, {}))
}

module "door_api_policy" {
  count       = var.door_api_gateway == null ? 0 : 1
  source      = "./modules/permissions"
  arns        = { streams = values(local.door_arns) }
  kms_key_arn = local.key_arn
  statements  = { SendToStream = "streams" }
}

module "door_api_gateway" {
  count  = var.door_api_gateway == null ? 0 : 1
  source = "./modules/door_api_gateway"
  name   = "${local.name}-door"
  streams = {
    for stream, about in local.made : local.named[stream] => {
      name          = local.streams_made[stream].name
      contract      = lookup(local.door_contracts, stream, null)
      id            = try(about.id, null)
      partition_key = try(about.partition_key, null)
    }
  }
  policy             = module.door_api_policy[0].policy
  keys               = var.door_api_gateway.keys
  domain             = var.door_api_gateway.domain
  topics             = var.alarms.topics
  log_retention_days = var.log_retention_days
  kms_key_arn        = local.key_arn
}

module "gateway_policy" {
  count       = var.door_service == null ? 0 : 1
  source      = "./modules/permissions"
  kms_key_arn = local.key_arn
  arns = {
    contracts = [module.contracts[0].arn]
    rejects   = [module.stream_rejects[0].arn]
    streams   = values(local.door_arns)
  }
  statements = { ReadContracts = "contracts", RunRejectsQueue = "rejects", RunStream = "streams" }
}

module "door_service" {
  count               = var.door_service == null || var.pipeline_image == null ? 0 : 1
  source              = "./modules/door_service"
  name                = "${local.name}-door"
  image               = var.pipeline_image
  architecture        = var.service.architecture
  cpu                 = var.door_service.cpu
  memory              = var.door_service.memory
  minimum             = var.door_service.minimum
  maximum             = var.door_service.maximum
  settings            = local.gateway_settings
  keys_arn            = var.door_service.keys_arn
  policy              = module.gateway_policy[0].policy
  repository_arn      = module.registry.arn
  vpc_id              = var.network.vpc_id
  subnet_ids          = var.network.subnet_ids
  balancer_subnet_ids = var.door_service.subnet_ids
  internal            = var.door_service.internal
  client_cidrs        = var.door_service.client_cidrs
  security_group_id   = module.network[0].task_security_group_id
  certificate_arn     = var.door_service.certificate_arn
  protected           = var.protected
  topics              = var.alarms.topics
  log_retention_days  = var.log_retention_days
  kms_key_arn         = local.key_arn
}
