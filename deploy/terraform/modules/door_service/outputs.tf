output "target" {
  value       = { name = aws_lb.this.dns_name, zone_id = aws_lb.this.zone_id }
  description = "What the alias record of your name points to."
}

output "cluster_name" {
  value       = module.tasks.cluster_name
  description = "Name of the cluster."
}

output "task_role_arn" {
  value       = module.tasks.task_role_arn
  description = "ARN of the tasks' role."
}
