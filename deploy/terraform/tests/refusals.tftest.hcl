mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  stage  = "test"
  region = "eu-west-1"
}

run "service_without_network" {
  command = plan
  variables { image = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
  expect_failures = [var.network]
}

run "canary_beside_nothing" {
  command = plan
  variables { canary_image = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
  expect_failures = [var.canary_image]
}

run "stage_that_no_name_can_have" {
  command = plan
  variables { stage = "Production!" }
  expect_failures = [var.stage]
}

run "settings_that_follow_from_the_stage" {
  command = plan
  variables { settings = { METRICS_PORT = "9000" } }
  expect_failures = [var.settings]
}

run "settings_of_the_function_that_follow_from_the_stage" {
  command = plan
  variables { function = { archive = "main.tf", settings = { STREAM_NAME = "another" } } }
  expect_failures = [var.function]
}

run "doors_without_streams" {
  command = plan
  variables {
    door_api_gateway = { keys = {} }
    door_service     = {}
  }
  expect_failures = [var.door_api_gateway, var.door_service]
}

run "settings_of_the_gateway_that_follow_from_the_stage" {
  command = plan
  variables {
    streams_file = "tests/streams.yaml"
    door_service = { settings = { GATEWAY_HOST = "::" } }
  }
  expect_failures = [var.door_service]
}

run "gateway_that_cannot_reach_its_contracts" {
  command = plan
  variables {
    streams_file   = "tests/streams.yaml"
    pipeline_image = "x@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
    door_service   = { keys_arn = "a", certificate_arn = "c", subnet_ids = ["subnet-2", "subnet-3"] }
    network        = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], route_table_ids = [] }
  }
  expect_failures = [var.door_service]
}

run "gateway_without_keys" {
  command = plan
  variables {
    streams_file   = "tests/streams.yaml"
    pipeline_image = "x@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
    door_service   = {}
    network        = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], route_table_ids = [], outside = true }
  }
  expect_failures = [var.door_service]
}
