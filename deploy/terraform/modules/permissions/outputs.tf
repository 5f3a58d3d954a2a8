output "policy" {
  value       = jsonencode({ Version = "2012-10-17", Statement = concat(local.statements, local.key_statements) })
  description = "The policy as JSON."
}
