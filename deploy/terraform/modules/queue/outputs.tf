output "name" {
  value       = aws_sqs_queue.submissions.name
  description = "Name of the queue of submissions: QUEUE_NAME."
}

output "arn" {
  value       = aws_sqs_queue.submissions.arn
  description = "ARN of the queue of submissions."
}

output "url" {
  value       = aws_sqs_queue.submissions.url
  description = "URL of the queue of submissions, for those who send to it."
}

output "visibility_timeout" {
  value       = aws_sqs_queue.submissions.visibility_timeout_seconds
  description = "Seconds a received message stays hidden: VISIBILITY_TIMEOUT."
}

output "dead_letters_name" {
  value       = aws_sqs_queue.dead_letters.name
  description = "Name of the dead-letter queue."
}

output "dead_letters_arn" {
  value       = aws_sqs_queue.dead_letters.arn
  description = "ARN of the dead-letter queue."
}

output "rejects_name" {
  value       = aws_sqs_queue.rejects.name
  description = "Name of the queue of rejects: REJECTS_QUEUE."
}

output "rejects_arn" {
  value       = aws_sqs_queue.rejects.arn
  description = "ARN of the queue of rejects."
}
