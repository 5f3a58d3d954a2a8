output "role_arn" {
  value       = aws_iam_role.this.arn
  description = "ARN of the role, which the sender must be told."
}
