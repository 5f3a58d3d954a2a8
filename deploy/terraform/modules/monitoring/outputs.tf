output "stream" {
  value       = local.stream
  description = "The stream of metrics: METRICS_STREAM, and its ARN."
}

output "topic_arn" {
  value       = aws_sns_topic.findings.arn
  description = "The topic of findings, for subscriptions of your own."
}

output "queue_url" {
  value       = one(aws_sqs_queue.findings[*].url)
  description = "The queue with the messages, if there is one."
}

output "settings" {
  value       = local.told
  description = "The monitor's settings, as environment variables."
}

output "policy" {
  value       = module.policy.policy
  description = "What a monitor that runs elsewhere, such as in Kubernetes, must be allowed."
}

output "unread_name" {
  value       = one(module.unread[*].name)
  description = "The queue where the function's mapping leaves word of what it gave up."
}

output "bridge_arn" {
  value       = one([for bridge in module.bridge : bridge.alias_arn])
  description = "The function that the trigger of the log table calls."
}
