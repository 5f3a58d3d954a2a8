output "arn" {
  value       = aws_kms_key.this.arn
  description = "ARN of the key."
}
