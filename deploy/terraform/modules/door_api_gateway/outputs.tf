output "url" {
  value       = var.domain == null ? aws_api_gateway_stage.this.invoke_url : "https://${var.domain.name}"
  description = "Where /streams/STREAM/record is."
}

output "api_id" {
  value       = aws_api_gateway_rest_api.this.id
  description = "Id of the API."
}

output "key_ids" {
  value       = { for name, key in aws_api_gateway_api_key.this : name => key.id }
  description = "By name the id of each key; `aws apigateway get-api-key --include-value --api-key ID` tells the key itself."
}

output "domain_target" {
  value       = one([for domain in aws_api_gateway_domain_name.this : { name = domain.regional_domain_name, zone_id = domain.regional_zone_id }])
  description = "What the alias record of a name of your own points to."
}
