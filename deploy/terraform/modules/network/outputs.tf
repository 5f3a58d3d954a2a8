output "task_security_group_id" {
  value       = aws_security_group.tasks.id
  description = "The security group for the tasks: out to the endpoints and S3, nothing in."
}
