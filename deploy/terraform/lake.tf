# The lake, who delivers the streams of the streams file into it, and the warehouse behind it. The bucket and the warehouse
# may be another account's, the data platform's: provider `aws.owner`.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  lakes     = var.lake == null ? {} : { lake = var.lake }
  account   = data.aws_caller_identity.current.account_id
  is_theirs = try(var.lake.owner, null) != null

  # Tables of the streams file, as `lake ddl --dialect glue` printed them into a folder. A table that its stream only names
  # when a record is there has none.
  tables = {
    for stream, about in local.streams : stream => { name = about.table, text = file("${var.lake.tables}/${about.table}.json") }
    if try(fileexists("${var.lake.tables}/${about.table}.json"), false)
  }

  # Firehose fills a column from a field at the top of a record only. `_` is our own of a column that `deliver` adds.
  flat = {
    for stream, table in local.tables : stream => table
    if alltrue([for column in jsondecode(table.text).StorageDescriptor.Columns : startswith(column.Name, "_") || can(regex("^/[^/]+$", column.Comment))])
  }

  firehosed = try(var.lake.firehose, false) ? toset(keys(local.streams)) : toset([])
  delivered = { for lake in values(local.lakes) : "deliver" => lake if lake.service && var.pipeline_image != null }
  warehouse = { for lake in values(local.lakes) : "redshift" => lake.warehouse if lake.warehouse != null }
  lake_url  = one([for lake in module.lake : "s3://${lake.bucket}"])

  delivery_settings = { for lake in values(local.lakes) : "deliver" => merge(local.contracts, {
    AWS_REGION   = var.region
    LAKE         = local.lake_url
    STREAMS_FILE = jsonencode({ streams = { for stream, about in local.streams : local.named[stream] => about } })
  }, local.measured, lake.settings) }

  # Metrics of what is delivered, if the streams file has their stream.
  metrics  = contains(keys(local.streams), "quality-metrics") ? { metrics = local.streams_made["quality-metrics"].arn } : {}
  measured = { for stream in keys(local.metrics) : "METRICS_STREAM" => local.named["quality-metrics"] }

  # Names of roles are known before the roles are there; the policy of a bucket names what is there, a condition need not.
  role       = "arn:${data.aws_partition.current.partition}:iam::${local.account}:role"
  lake_roles = concat([for role in ["deliver-task", "monitor-task", "monitor", "training"] : "${local.role}/${local.name}-${role}"], [for stream in sort(keys(local.streams)) : "${local.role}/${local.named[stream]}-firehose"])
}

module "lake" {
  for_each        = local.lakes
  source          = "./modules/lake"
  providers       = { aws = aws.owner }
  name            = local.name
  bucket          = each.value.bucket
  tables          = { for stream, table in local.tables : table.name => table.text }
  own_key         = var.own_keys
  writer_accounts = local.is_theirs ? [local.account] : []
  writer_roles    = local.is_theirs ? local.lake_roles : []
  warehouse       = each.value.warehouse != null
  announced       = try(var.monitoring.training, null) != null
  raw_days        = each.value.raw_days
  protected       = var.protected
}

module "delivery_firehose" {
  for_each           = local.firehosed
  source             = "./modules/delivery_firehose"
  name               = local.named[each.key]
  stream_name        = local.streams_made[each.key].name
  stream_arn         = local.streams_made[each.key].arn
  bucket             = module.lake["lake"].bucket
  bucket_key_arn     = module.lake["lake"].kms_key_arn
  table_name         = try(local.flat[each.key].name, null)
  table              = try(local.flat[each.key].text, null)
  topics             = var.alarms.topics
  log_retention_days = var.log_retention_days
  kms_key_arn        = local.key_arn
}

module "delivery_policy" {
  for_each    = local.lakes
  source      = "./modules/permissions"
  kms_key_arn = [for arn in [local.key_arn, module.lake[each.key].kms_key_arn] : arn if arn != null]
  arns = merge(local.metrics, {
    contracts = module.contracts[0].arn
    streams   = [for stream in sort(keys(local.streams)) : local.streams_made[stream].arn]
    objects   = "${module.lake[each.key].arn}/*"
    lake      = module.lake[each.key].arn
  })
  statements = merge(
    { ReadContracts = "contracts", InspectStream = "streams", StoreLake = "objects", ListLake = "lake" },
    { for about in keys(local.metrics) : "RunStream" => about },
  )
}

# One task and never two, as the service has neither queue nor door: a second one would end the first.
module "delivery" {
  for_each           = local.delivered
  source             = "./modules/service_ecs"
  name               = "${local.name}-deliver"
  job                = "deliver"
  port               = 8003
  image              = var.pipeline_image
  architecture       = var.service.architecture
  cpu                = each.value.cpu
  memory             = each.value.memory
  settings           = local.delivery_settings["deliver"]
  policy             = module.delivery_policy["lake"].policy
  repository_arn     = module.registry.arn
  subnet_ids         = var.network.subnet_ids
  security_group_id  = module.network[0].task_security_group_id
  log_retention_days = var.log_retention_days
  kms_key_arn        = local.key_arn
}

module "warehouse" {
  for_each           = local.warehouse
  source             = "./modules/warehouse_redshift"
  providers          = { aws = aws.owner }
  name               = local.name
  bucket             = module.lake["lake"].bucket
  bucket_arn         = module.lake["lake"].arn
  bucket_key_arn     = module.lake["lake"].kms_key_arn
  subnet_ids         = each.value.subnet_ids
  security_group_ids = each.value.security_group_ids
  capacity           = each.value.capacity

  tables = {
    for stream in local.firehosed : local.flat[stream].name => { folder = module.delivery_firehose[stream].folder, columns = module.delivery_firehose[stream].columns }
    if contains(keys(local.flat), stream)
  }
}
