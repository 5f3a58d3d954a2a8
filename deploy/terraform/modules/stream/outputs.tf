output "name" {
  value       = aws_kinesis_stream.this.name
  description = "Name of the stream: STREAM_NAME."
}

output "arn" {
  value       = aws_kinesis_stream.this.arn
  description = "ARN of the stream."
}
