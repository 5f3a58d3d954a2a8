mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  stage  = "test"
  region = "eu-west-1"
  queue  = { fifo = true }
  image  = "x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  network = {
    vpc_id          = "vpc-1"
    subnet_ids      = ["subnet-1"]
    route_table_ids = []
  }
}

run "service" {
  command = plan

  assert {
    condition     = output.settings.QUEUE_NAME == "event-processor-test-submissions.fifo" && output.settings.REJECTS_QUEUE == "event-processor-test-rejects"
    error_message = "Submissions are on a FIFO queue, rejects on a standard one."
  }
  assert {
    condition     = output.dead_letters_name == "event-processor-test-dead-letters.fifo"
    error_message = "SQS wants a FIFO queue for the dead letters of one."
  }
}
