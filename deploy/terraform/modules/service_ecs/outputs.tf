output "cluster_name" {
  value       = aws_ecs_cluster.this.name
  description = "Name of the cluster."
}

output "service_names" {
  value       = concat([aws_ecs_service.stable.name], aws_ecs_service.canary[*].name)
  description = "Names of the services in it: stable, and canary while there is one."
}

output "task_role_arn" {
  value       = aws_iam_role.task.arn
  description = "ARN of the tasks' role."
}

output "log_group_name" {
  value       = aws_cloudwatch_log_group.this.name
  description = "The log group of the tasks."
}
