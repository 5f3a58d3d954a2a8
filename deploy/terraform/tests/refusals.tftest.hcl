mock_provider "aws" { source = "./tests/mocks" }

variables {
  stage  = "test"
  region = "eu-west-1"
}

run "service_without_network" {
  command = plan
  variables { image = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
  expect_failures = [var.network]
}

run "stage_that_no_name_can_have" {
  command = plan
  variables { stage = "Production!" }
  expect_failures = [var.stage]
}
