output "names" {
  value       = { for kind, delivery in aws_kinesis_firehose_delivery_stream.this : kind => delivery.name }
  description = "By kind of file, raw and typed, the name of the delivery."
}

output "role_name" {
  value       = aws_iam_role.this.name
  description = "Name of the role that writes."
}

output "columns" {
  value       = local.columns
  description = "Columns of the Parquet files, in their order, with their types in Glue."
}

output "folder" {
  value       = local.table == null ? null : "${local.folders.typed}/"
  description = "Where the Parquet files are in the bucket; null without a table."
}
