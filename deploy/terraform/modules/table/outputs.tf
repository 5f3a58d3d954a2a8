output "name" {
  value       = aws_dynamodb_table.this.name
  description = "Name of the table: CONTRACTS or STATE, behind `dynamodb:`."
}

output "arn" {
  value       = aws_dynamodb_table.this.arn
  description = "ARN of the table."
}
