# The API as it is served: its deployment, its log, its keys and its name.

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # What is served is a copy, made again when what clients see has changed. Whole resources would change for ever.
  triggers = {
    served = sha1(jsonencode([
      local.bodies, local.requests, local.integration_responses, local.gateway_responses, keys(local.methods),
      values(aws_api_gateway_resource.kind)[*].id, aws_iam_role.this.arn,
    ]))
  }

  depends_on = [
    aws_api_gateway_gateway_response.this,
    aws_api_gateway_integration_response.named,
    aws_api_gateway_integration_response.other,
    aws_api_gateway_method.this,
  ]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/requests"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_api_gateway_stage" "this" {
  # checkov:skip=CKV_AWS_120:what is put is never answered from a cache
  # checkov:skip=CKV2_AWS_29:a WAF is the account's choice; keys, models and limits are here
  # checkov:skip=CKV2_AWS_51:clients are known by keys, not by certificates
  # checkov:skip=CKV2_AWS_4:the log of executions would have payload; that of requests has none
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = "live"
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this.arn
    format = jsonencode({ for name in [
      "requestId", "requestTime", "httpMethod", "path", "status", "responseLatency", "integration.status", "integration.latency", "identity.apiKeyId"
    ] : replace(name, ".", "_") => "$context.${name}" })
  }
}

resource "aws_api_gateway_api_key" "this" {
  for_each    = var.keys
  name        = "${var.name}-${each.key}"
  description = "event_processor: ${each.key}"
}

resource "aws_api_gateway_usage_plan" "this" {
  for_each    = var.keys
  name        = "${var.name}-${each.key}"
  description = "What ${each.key} may send"

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  throttle_settings {
    rate_limit  = each.value.rate
    burst_limit = each.value.burst
  }

  dynamic "quota_settings" {
    for_each = each.value.daily == null ? [] : [each.value.daily]

    content {
      limit  = quota_settings.value
      period = "DAY"
    }
  }
}

resource "aws_api_gateway_usage_plan_key" "this" {
  for_each      = var.keys
  key_id        = aws_api_gateway_api_key.this[each.key].id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.this[each.key].id
}

resource "aws_api_gateway_domain_name" "this" {
  count                    = var.domain == null ? 0 : 1
  domain_name              = var.domain.name
  regional_certificate_arn = var.domain.certificate_arn
  security_policy          = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_base_path_mapping" "this" {
  count       = var.domain == null ? 0 : 1
  api_id      = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  domain_name = aws_api_gateway_domain_name.this[0].domain_name
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  alarm_name          = "${var.name}-failures"
  alarm_description   = "Requests at API Gateway are answered 5xx. docs/gateway.md#without-our-gateway"
  namespace           = "AWS/ApiGateway"
  metric_name         = "5XXError"
  dimensions          = { ApiName = var.name, Stage = aws_api_gateway_stage.this.stage_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.failures_a_minute
  treat_missing_data  = "notBreaching" # no request, no metric
  alarm_actions       = var.topics
  ok_actions          = var.topics
}
