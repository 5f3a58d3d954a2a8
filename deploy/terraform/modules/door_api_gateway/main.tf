# API Gateway puts records onto streams, without a program of ours: PUT and POST of /streams/STREAM/record and /records.
# It knows the streams that it is given, and answers nothing else.

data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  actions = { record = "PutRecord", records = "PutRecords" }

  # A path for each stream, and below it one for each kind of request, which two methods may ask for.
  paths   = { for pair in setproduct(keys(var.streams), keys(local.actions)) : "${pair[0]}/${pair[1]}" => { stream = pair[0], kind = pair[1] } }
  methods = { for pair in setproduct(keys(local.paths), ["PUT", "POST"]) : "${pair[0]} ${pair[1]}" => merge(local.paths[pair[0]], { path = pair[0], method = pair[1] }) }
  answers = {
    for pair in setproduct(keys(local.methods), keys(local.integration_responses)) :
    "${pair[0]} ${pair[1]}" => { method = pair[0], kind = local.methods[pair[0]].kind, status = pair[1] }
  }
  named = { for answer, its in local.answers : answer => its if its.status != "500" }
}

resource "aws_api_gateway_rest_api" "this" {
  name                         = var.name
  description                  = "event_processor: records onto streams"
  disable_execute_api_endpoint = var.domain != null

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_request_validator" "body" {
  rest_api_id           = aws_api_gateway_rest_api.this.id
  name                  = "body"
  validate_request_body = true
}

resource "aws_api_gateway_resource" "streams" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "streams"
}

resource "aws_api_gateway_resource" "stream" {
  for_each    = var.streams
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.streams.id
  path_part   = each.key
}

resource "aws_api_gateway_resource" "kind" {
  for_each    = local.paths
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.stream[each.value.stream].id
  path_part   = each.value.kind
}

resource "aws_api_gateway_model" "body" {
  for_each     = local.paths
  rest_api_id  = aws_api_gateway_rest_api.this.id
  name         = join("", [for word in regexall("[A-Za-z0-9]+", "${each.value.stream}-${each.value.kind}") : title(word)])
  description  = "Body of ${each.value.kind} for stream ${each.value.stream}"
  content_type = "application/json"
  schema       = jsonencode(local.bodies[each.value.stream][each.value.kind])
}

resource "aws_api_gateway_method" "this" {
  for_each             = local.methods
  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = aws_api_gateway_resource.kind[each.value.path].id
  http_method          = each.value.method
  authorization        = "NONE"
  api_key_required     = true
  request_validator_id = aws_api_gateway_request_validator.body.id
  request_models       = { "application/json" = aws_api_gateway_model.body[each.value.path].name }
}

resource "aws_api_gateway_integration" "this" {
  for_each                = local.methods
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.kind[each.value.path].id
  http_method             = aws_api_gateway_method.this[each.key].http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = "arn:${data.aws_partition.current.partition}:apigateway:${data.aws_region.current.name}:kinesis:action/${local.actions[each.value.kind]}"
  credentials             = aws_iam_role.this.arn
  passthrough_behavior    = "NEVER" # another content type has no template: 415
  timeout_milliseconds    = 10000
  request_parameters      = { "integration.request.header.Content-Type" = "'application/x-amz-json-1.1'" }
  request_templates       = { "application/json" = local.requests[each.value.stream][each.value.kind] }
}

resource "aws_api_gateway_method_response" "this" {
  for_each            = local.answers
  rest_api_id         = aws_api_gateway_rest_api.this.id
  resource_id         = aws_api_gateway_resource.kind[local.methods[each.value.method].path].id
  http_method         = aws_api_gateway_method.this[each.value.method].http_method
  status_code         = each.value.status
  response_models     = { "application/json" = "Empty" }
  response_parameters = { "method.response.header.Retry-After" = false }
}

# The one without a pattern takes whatever no other takes: were that the 200, every failure would be a success.
resource "aws_api_gateway_integration_response" "other" {
  for_each           = local.methods
  rest_api_id        = aws_api_gateway_rest_api.this.id
  resource_id        = aws_api_gateway_resource.kind[each.value.path].id
  http_method        = aws_api_gateway_integration.this[each.key].http_method
  status_code        = aws_api_gateway_method_response.this["${each.key} 500"].status_code
  response_templates = { "application/json" = local.integration_responses["500"].templates[each.value.kind] }
}

resource "aws_api_gateway_integration_response" "named" {
  for_each           = local.named
  rest_api_id        = aws_api_gateway_rest_api.this.id
  resource_id        = aws_api_gateway_resource.kind[local.methods[each.value.method].path].id
  http_method        = aws_api_gateway_integration.this[each.value.method].http_method
  status_code        = aws_api_gateway_method_response.this[each.key].status_code
  selection_pattern  = local.integration_responses[each.value.status].pattern
  response_templates = { "application/json" = local.integration_responses[each.value.status].templates[each.value.kind] }
  depends_on         = [aws_api_gateway_integration_response.other]

  response_parameters = local.integration_responses[each.value.status].retry == null ? {} : {
    "method.response.header.Retry-After" = "'${local.integration_responses[each.value.status].retry}'"
  }
}

# What API Gateway answers itself, in the words of our own gateway.
resource "aws_api_gateway_gateway_response" "this" {
  for_each      = local.gateway_responses
  rest_api_id   = aws_api_gateway_rest_api.this.id
  response_type = each.key
  status_code   = each.value.status
  response_templates = {
    "application/json" = jsonencode({ type = "about:blank", title = each.value.title, status = tonumber(each.value.status), detail = each.value.detail })
  }
  response_parameters = each.value.retry == null ? {} : { "gatewayresponse.header.Retry-After" = "'${each.value.retry}'" }
}
