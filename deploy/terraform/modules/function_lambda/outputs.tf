output "name" {
  value       = aws_lambda_function.this.function_name
  description = "Name of the function."
}

output "alias_arn" {
  value       = aws_lambda_alias.live.arn
  description = "ARN of the alias that the mapping calls."
}

output "version" {
  value       = aws_lambda_function.this.version
  description = "The newest version."
}

output "log_group_name" {
  value       = aws_cloudwatch_log_group.this.name
  description = "The log group of the function."
}
