output "settings" {
  value       = local.settings
  description = "The processor's settings for this stage, as environment variables."
}

output "queue_url" {
  value       = module.queue.url
  description = "Where submissions are sent."
}

output "dead_letters_name" {
  value       = module.queue.dead_letters_name
  description = "Name of the dead-letter queue."
}

output "registry_url" {
  value       = module.registry.url
  description = "Where the image is pushed to."
}

output "run_policy" {
  value       = module.run_policy.policy
  description = "What a processor that runs elsewhere, such as in Kubernetes, must be allowed."
}

output "cluster_name" {
  value       = one(module.service[*].cluster_name)
  description = "The ECS cluster, if there is a service."
}

output "task_security_group_id" {
  value       = one(module.network[*].task_security_group_id)
  description = "The security group of the tasks, which lets nothing in: add a rule for your Prometheus, to port 8000."
}

output "function_name" {
  value       = one(module.function[*].name)
  description = "The Lambda function, if there is one."
}

output "stream_names" {
  value       = { for stream in keys(local.streams) : stream => local.streams_made[stream].name }
  description = "What the streams of the streams file are named in this stage."
}

output "sender_role_arns" {
  value       = { for stream, sender in module.sender : stream => sender.role_arn }
  description = "By stream the role that its sender in another account, such as Segment, must be told."
}

output "contracts" {
  value       = one(values(local.contracts))
  description = "CONTRACTS of this stage, for `event-processor contracts publish`."
}

output "inspector_settings" {
  value       = local.inspectors
  description = "By stream the settings of its inspector, as environment variables."
}

output "inspect_policies" {
  value       = { for stream, its in module.inspect_policy : stream => its.policy }
  description = "By stream what an inspector that runs elsewhere, such as in Kubernetes, must be allowed."
}

output "gateway_settings" {
  value       = local.gateway_settings
  description = "The gateway's settings for this stage, as environment variables, without its keys."
}

output "gateway_policy" {
  value       = one(module.gateway_policy[*].policy)
  description = "What a gateway that runs elsewhere, such as in Kubernetes, must be allowed."
}

output "door_service_target" {
  value       = one(module.door_service[*].target)
  description = "The load balancer of our gateway: what the alias record of your name points to."
}

output "door_api_gateway" {
  value       = one([for door in module.door_api_gateway : { url = door.url, api_id = door.api_id, key_ids = door.key_ids, domain_target = door.domain_target }])
  description = "API Gateway: its URL, its id, the ids of its keys by name, and what the alias record of your name points to."
}

output "lake" {
  value       = one([for lake in module.lake : { url = "s3://${lake.bucket}", workgroup = lake.workgroup, databases = lake.databases }])
  description = "The lake: LAKE, and where Athena finds its tables. Files of Firehose are below `/firehose`."
}

output "delivery_settings" {
  value       = one(values(local.delivery_settings))
  description = "The settings of `deliver` for this stage, as environment variables."
}

output "delivery_policy" {
  value       = one([for its in module.delivery_policy : its.policy])
  description = "What a `deliver` that runs elsewhere, such as in Kubernetes, must be allowed."
}

output "warehouse" {
  value       = one([for its in module.warehouse : { workgroup = its.workgroup, copy_role_arn = its.copy_role_arn }])
  description = "The warehouse: its workgroup, and the role that its COPY has."
}

output "monitoring" {
  value       = one([for its in module.monitoring : { stream = its.stream, topic_arn = its.topic_arn, queue_url = its.queue_url, settings = its.settings, policy = its.policy, bridge_arn = its.bridge_arn }])
  description = "The monitor: the stream of metrics, the topic for subscriptions of your own, its queue, its settings and policy if it runs elsewhere, and the function that the log table's trigger calls."
}
