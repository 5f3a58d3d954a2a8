mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  name   = "x"
  policy = "{}"
  streams = {
    x-user-events = {
      name          = "x-user-events"
      id            = "request_id"
      partition_key = "cookie_id"
      contract      = "{\"type\": \"object\", \"required\": [\"request_id\"], \"properties\": {\"request_id\": {\"type\": \"string\", \"maxLength\": 36, \"format\": \"uuid\", \"x-pii\": true}, \"n\": {\"type\": [\"integer\", \"null\"]}, \"kind\": {\"const\": \"click\"}, \"any\": true}, \"dependentRequired\": {}}"
    }
    x-other = { name = "x-other" }
  }
  keys = { web = { rate = 100, burst = 50, daily = 1000 }, partner = { rate = 5, burst = 1 } }
}

run "paths" {
  module { source = "./modules/door_api_gateway" }

  assert {
    condition = toset(keys(aws_api_gateway_method.this)) == toset(flatten([
      for stream in ["x-user-events", "x-other"] : [for kind in ["record", "records"] : [for method in ["PUT", "POST"] : "${stream}/${kind} ${method}"]]
    ]))
    error_message = "Two kinds of requests for each stream that is named, by two methods, and no others."
  }
  assert {
    condition     = alltrue([for method in aws_api_gateway_method.this : method.api_key_required && method.request_validator_id == aws_api_gateway_request_validator.body.id])
    error_message = "Without a key nothing is taken, and each body is validated."
  }
  assert {
    condition     = alltrue([for integration in aws_api_gateway_integration.this : integration.passthrough_behavior == "NEVER" && join(",", keys(integration.request_templates)) == "application/json"])
    error_message = "What is not JSON does not get to Kinesis as it is."
  }
  assert {
    condition = {
      for name, integration in aws_api_gateway_integration.this : name => [basename(integration.uri), strcontains(integration.request_templates["application/json"], "\"StreamName\": \"x-other\"")]
      if startswith(name, "x-other") && endswith(name, "PUT")
    } == { "x-other/record PUT" = ["PutRecord", true], "x-other/records PUT" = ["PutRecords", true] }
    error_message = "Each puts onto its stream."
  }
}

run "failures" {
  module { source = "./modules/door_api_gateway" }

  assert {
    condition     = alltrue([for other in aws_api_gateway_integration_response.other : other.status_code == "500" && other.selection_pattern == null])
    error_message = "The response that takes what no pattern takes is a failure."
  }
  assert {
    condition     = alltrue([for response in aws_api_gateway_integration_response.named : response.status_code != "200" || response.selection_pattern == "200"])
    error_message = "A success is what Kinesis calls one, and nothing else."
  }
  assert {
    condition     = toset([for response in aws_api_gateway_integration_response.named : "${response.status_code} ${response.selection_pattern}"]) == toset(["200 200", "502 4\\d{2}", "503 5\\d{2}"])
    error_message = "What Kinesis refuses and where it fails are told apart."
  }
  assert {
    condition = alltrue([
      for name, response in aws_api_gateway_integration_response.named :
      strcontains(response.response_templates["application/json"], "FailedRecordCount') != 0)#set($context.responseOverride.status = 503)")
      if strcontains(name, "/records ") && response.status_code == "200"
    ])
    error_message = "Of several records one that was refused makes it a 503."
  }
  assert {
    condition     = aws_api_gateway_gateway_response.this["MISSING_AUTHENTICATION_TOKEN"].status_code == "404"
    error_message = "A stream that is not named is not there."
  }
}

run "bodies" {
  module { source = "./modules/door_api_gateway" }

  assert {
    condition     = alltrue([for model in aws_api_gateway_model.body : jsondecode(model.schema)["$schema"] == "http://json-schema.org/draft-04/schema#"])
    error_message = "API Gateway understands draft 4."
  }
  assert {
    condition = jsondecode(aws_api_gateway_model.body["x-user-events/record"].schema).properties.Data == {
      type     = "object"
      required = ["request_id"]
      properties = {
        request_id = { type = ["string"], maxLength = 36 }
        n          = { type = ["number", "null"] }
        kind       = { enum = ["click"] }
      }
    }
    error_message = "Of a contract it is told what it understands; 1.0 is an integer to a contract."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_model.body["x-user-events/records"].schema).properties.records.items.properties.data == jsondecode(aws_api_gateway_model.body["x-user-events/record"].schema).properties.Data
    error_message = "A record is judged the same, alone and among others."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_model.body["x-other/record"].schema).required == ["Data"] && jsondecode(aws_api_gateway_model.body["x-other/record"].schema).properties.Data == {}
    error_message = "Without a contract it is the envelope alone."
  }
  assert {
    condition     = length(distinct([for model in aws_api_gateway_model.body : model.name])) == 4
    error_message = "Each model has a name of its own."
  }
}

run "keys" {
  module { source = "./modules/door_api_gateway" }

  assert {
    condition     = { for name, plan in aws_api_gateway_usage_plan.this : name => [one(plan.throttle_settings).rate_limit, one(plan.throttle_settings).burst_limit, length(plan.quota_settings)] } == { web = [100, 50, 1], partner = [5, 1, 0] }
    error_message = "Each key has its own limits."
  }
  assert {
    condition     = !aws_api_gateway_rest_api.this.disable_execute_api_endpoint && length(aws_api_gateway_domain_name.this) == 0
    error_message = "Without a name of its own it has AWS's."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { Service = "apigateway.amazonaws.com" }
    error_message = "API Gateway puts, and nobody else by this role."
  }
}

run "domain" {
  module { source = "./modules/door_api_gateway" }
  variables { domain = { name = "events.example.com", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1" } }

  assert {
    condition     = aws_api_gateway_rest_api.this.disable_execute_api_endpoint && output.url == "https://events.example.com"
    error_message = "With a name of its own it is not reached by another."
  }
  assert {
    condition     = aws_api_gateway_domain_name.this[0].security_policy == "TLS_1_2"
    error_message = "No older TLS."
  }
}

run "no_streams" {
  command = plan
  module { source = "./modules/door_api_gateway" }
  variables { streams = {} }
  expect_failures = [var.streams]
}

run "gateway_service" {
  module { source = "./modules/door_service" }
  variables {
    image               = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    settings            = { STREAMS_FILE = "{}" }
    keys_arn            = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys"
    repository_arn      = "arn:aws:ecr:eu-west-1:123456789012:repository/x"
    vpc_id              = "vpc-1"
    subnet_ids          = ["subnet-1"]
    balancer_subnet_ids = ["subnet-2", "subnet-3"]
    security_group_id   = "sg-1"
    certificate_arn     = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
  }

  assert {
    condition     = [aws_lb_listener.https.protocol, aws_lb_listener.https.port] == ["HTTPS", 443] && !aws_lb.this.internal && aws_lb.this.drop_invalid_header_fields
    error_message = "Clients come by HTTPS."
  }
  assert {
    condition     = [one(aws_lb_target_group.this.health_check).port, one(aws_lb_target_group.this.health_check).path, aws_lb_target_group.this.port] == ["8001", "/readyz", 8080]
    error_message = "Requests go to the door, and its health is asked for at the port of metrics."
  }
  assert {
    condition     = tonumber(aws_lb_target_group.this.deregistration_delay) > 10
    error_message = "A task that goes is let go for longer than a request may take."
  }
  assert {
    condition     = { for name, rule in aws_vpc_security_group_ingress_rule.tasks : name => [rule.from_port, rule.to_port, rule.security_group_id] } == { requests = [8080, 8080, "sg-1"], health = [8001, 8001, "sg-1"] }
    error_message = "The load balancer reaches these two ports."
  }
}

run "service_behind_a_load_balancer" {
  module { source = "./modules/service_ecs" }
  variables {
    image             = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    repository_arn    = "arn:aws:ecr:eu-west-1:123456789012:repository/x"
    subnet_ids        = ["subnet-1"]
    security_group_id = "sg-1"
    job               = "gateway"
    port              = 8001
    settings          = {}
    minimum           = 2
    door              = { port = 8080, target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/x/1" }
  }

  assert {
    condition     = one(aws_ecs_service.stable.load_balancer).container_port == 8080 && one(aws_ecs_service.stable.load_balancer).target_group_arn == var.door.target_group_arn
    error_message = "ECS puts each task behind the load balancer."
  }
  assert {
    condition     = [aws_ecs_service.stable.desired_count, aws_ecs_service.stable.deployment_minimum_healthy_percent] == [2, 100]
    error_message = "A deployment takes no task away before there is another."
  }
  assert {
    condition     = [for mapping in jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].portMappings : mapping.containerPort] == [8001, 8080]
    error_message = "Metrics and door."
  }
  assert {
    condition     = one(one(aws_appautoscaling_policy.cpu[0].target_tracking_scaling_policy_configuration).predefined_metric_specification).predefined_metric_type == "ECSServiceAverageCPUUtilization" && length(aws_appautoscaling_policy.backlog_per_task) == 0
    error_message = "There is no backlog to scale by: clients wait."
  }
}

run "requests_and_submissions" {
  command = plan
  module { source = "./modules/service_ecs" }
  variables {
    image             = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    repository_arn    = "arn:aws:ecr:eu-west-1:123456789012:repository/x"
    subnet_ids        = ["subnet-1"]
    security_group_id = "sg-1"
    settings          = {}
    queue_name        = "q"
    door              = { port = 8080, target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/x/1" }
  }
  expect_failures = [var.door]
}

# A stream more is some lines of the streams file, and nothing else.
run "stage_with_a_stream_more" {
  variables {
    stage            = "test"
    region           = "eu-west-1"
    streams_file     = "tests/more_streams.yaml"
    streams          = {}
    door_service     = {}
    door_api_gateway = { keys = { web = { rate = 1, burst = 1 } }, contracts = "../pipeline/contracts" }
  }

  assert {
    condition     = output.stream_names == { events = "event-processor-test-events", segment = "event-processor-test-segment", user-events = "event-processor-test-user-events" }
    error_message = "It is made."
  }
  assert {
    condition     = jsondecode(output.gateway_settings.STREAMS_FILE).streams["event-processor-test-user-events"].partition_key == "cookie_id" && length(jsondecode(output.gateway_settings.STREAMS_FILE).streams) == 2
    error_message = "Our gateway takes records for it, and for none of the processor's."
  }
  assert {
    condition     = [for statement in jsondecode(output.gateway_policy).Statement : length(statement.Resource) if statement.Sid == "RunStream"] == [2]
    error_message = "Its role may put onto both."
  }
  assert {
    condition     = toset(keys(output.door_api_gateway.key_ids)) == toset(["web"])
    error_message = "API Gateway stands beside it."
  }
}
