# What AWS would answer, where something is made of it.

mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
mock_data "aws_region" { defaults = { name = "eu-west-1" } }
mock_data "aws_prefix_list" { defaults = { id = "pl-1" } }
mock_data "aws_partition" { defaults = { partition = "aws" } }
mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:queue"
    id  = "https://sqs.eu-west-1.amazonaws.com/123456789012/queue"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/queue"
  }
}
mock_resource "aws_kinesis_stream" { defaults = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/events" } }
mock_resource "aws_kms_key" { defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" } }
mock_resource "aws_iam_role" { defaults = { arn = "arn:aws:iam::123456789012:role/role" } }
mock_resource "aws_ecr_repository" { defaults = { arn = "arn:aws:ecr:eu-west-1:123456789012:repository/x" } }
mock_resource "aws_cloudwatch_log_group" { defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/x" } }
mock_resource "aws_ecs_cluster" { defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/x" } }
mock_resource "aws_ecs_task_definition" { defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/x:1" } }
mock_resource "aws_lambda_function" {
  defaults = {
    arn     = "arn:aws:lambda:eu-west-1:123456789012:function:x"
    version = "7"
  }
}
mock_resource "aws_lambda_alias" { defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:x:live" } }
mock_resource "aws_dynamodb_table" { defaults = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/x" } }
mock_resource "aws_lb" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/x/1"
    arn_suffix = "app/x/1"
  }
}
mock_resource "aws_lb_target_group" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/x/1"
    arn_suffix = "targetgroup/x/1"
  }
}
mock_resource "aws_s3_bucket" { defaults = { arn = "arn:aws:s3:::lake" } }
mock_resource "aws_redshiftserverless_namespace" {
  defaults = {
    arn                       = "arn:aws:redshift-serverless:eu-west-1:123456789012:namespace/11111111-2222-3333-4444-555555555555"
    admin_password_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin"
  }
}
mock_resource "aws_sns_topic" { defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:x" } }
mock_resource "aws_sfn_state_machine" { defaults = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:x-training" } }
