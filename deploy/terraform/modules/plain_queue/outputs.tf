output "name" {
  value       = aws_sqs_queue.this.name
  description = "Name of the queue."
}

output "arn" {
  value       = aws_sqs_queue.this.arn
  description = "ARN of the queue."
}
