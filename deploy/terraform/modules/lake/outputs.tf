output "bucket" {
  value       = aws_s3_bucket.this.bucket
  description = "Name of the bucket."
}

output "arn" {
  value       = aws_s3_bucket.this.arn
  description = "ARN of the bucket, once its policy is there."
  depends_on  = [aws_s3_bucket_policy.this]
}

output "kms_key_arn" {
  value       = one(aws_kms_key.this[*].arn)
  description = "ARN of the bucket's own key; null without one."
}

output "workgroup" {
  value       = aws_athena_workgroup.this.name
  description = "The workgroup to ask with."
}

output "databases" {
  value       = { for schema, database in aws_glue_catalog_database.this : schema => database.name }
  description = "By schema the database of its tables."
}
