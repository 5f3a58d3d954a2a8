# The monitor: metrics of what was delivered, and of whoever else sends some, judged as they arrive. With a stream
# `quality-metrics` in the streams file, `deliver` sends its own there, the gateway takes anybody's, and the lake keeps them.

locals {
  monitored = var.monitoring == null ? {} : { monitor = var.monitoring }
}

module "monitoring" {
  for_each           = local.monitored
  source             = "./modules/monitoring"
  name               = local.name
  stream             = contains(keys(local.streams), "quality-metrics") ? local.streams_made["quality-metrics"] : null
  bucket             = module.lake["lake"].bucket
  bucket_arn         = module.lake["lake"].arn
  bucket_key_arn     = module.lake["lake"].kms_key_arn
  image              = each.value.by == "service" ? var.pipeline_image : null
  archive            = each.value.archive
  architecture       = var.service.architecture
  cpu                = each.value.cpu
  memory             = each.value.memory
  settings           = each.value.settings
  notices_arn        = each.value.notices_arn
  label_key_arn      = each.value.label_key_arn
  emails             = each.value.emails
  queue              = each.value.queue
  severities         = each.value.severities
  training           = each.value.training
  training_image     = var.pipeline_image
  database           = each.value.database
  repository_arn     = module.registry.arn
  subnet_ids         = try(var.network.subnet_ids, [])
  security_group_id  = one(module.network[*].task_security_group_id)
  log_retention_days = var.log_retention_days
  kms_key_arn        = local.key_arn
}
