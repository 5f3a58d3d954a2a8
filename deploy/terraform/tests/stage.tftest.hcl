# A whole stage: run it with -var-file=environments/NAME.tfvars. tests/terraform looks closer at what is planned and made
# here: at every policy, and at how the stages differ.

mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  image          = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  canary_image   = "x@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
  pipeline_image = "x@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
  function       = { archive = "main.tf" } # any file
  network = {
    vpc_id          = "vpc-1"
    subnet_ids      = ["subnet-1"]
    route_table_ids = ["rtb-1"]
    outside         = true
  }
  streams_file = "tests/streams.yaml"
  streams      = { segment = { shards = 1, sender = { account_id = "210987654321", external_id = "workspace" } } }
  door_service = {
    keys_arn        = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys"
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
    subnet_ids      = ["subnet-2", "subnet-3"]
  }
  lake             = { bucket = "lake-of-a-stage", service = true, firehose = true }
  monitoring       = { notices_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/notices", emails = ["data@example.org"], queue = true, training = { by = "task" } }
  door_api_gateway = { keys = { web = { rate = 100, burst = 50 } } }
  inspection       = { notices_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:notices" }
}

run "plan" {
  command = plan

  assert {
    condition     = alltrue([for name in [output.settings.QUEUE_NAME, output.settings.REJECTS_QUEUE, output.settings.STREAM_NAME, output.cluster_name, output.function_name] : startswith(name, "event-processor-${var.stage}")])
    error_message = "The stage is in all names, so that two of them can share an account."
  }
  assert {
    condition     = tonumber(output.settings.VISIBILITY_TIMEOUT) > 6 * var.function.timeout
    error_message = "A mapping wants six times the function's timeout."
  }
}

run "made" {
  assert {
    condition     = toset([for statement in jsondecode(output.run_policy).Statement : statement.Sid if statement.Sid != "OwnKey"]) == toset(["ReadContracts", "RunQueue", "RunRejectsQueue", "RunStream"])
    error_message = "The processor gets the statements of its role, and no others."
  }
}
