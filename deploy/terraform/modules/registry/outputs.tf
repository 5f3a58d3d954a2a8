output "url" {
  value       = aws_ecr_repository.this.repository_url
  description = "Where the image is pushed to."
}

output "arn" {
  value       = aws_ecr_repository.this.arn
  description = "ARN of the repository."
}
