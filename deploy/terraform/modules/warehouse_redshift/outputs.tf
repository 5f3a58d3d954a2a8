output "workgroup" {
  value       = aws_redshiftserverless_workgroup.this.workgroup_name
  description = "Name of the workgroup."
}

output "database" {
  value       = aws_redshiftserverless_namespace.this.db_name
  description = "Name of the database."
}

output "copy_role_arn" {
  value       = aws_iam_role.copy.arn
  description = "ARN of the role that COPY has."
}

output "jobs" {
  value       = local.copies
  description = "By table the COPY of its job, called as the table with `_` for the dot."
}
