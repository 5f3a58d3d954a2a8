mock_provider "aws" { source = "./tests/mocks" }
mock_provider "aws" {
  alias  = "owner"
  source = "./tests/mocks"
}

variables {
  name        = "x"
  bucket      = "lake"
  bucket_arn  = "arn:aws:s3:::lake"
  stream_name = "x-user-events"
  stream_arn  = "arn:aws:kinesis:eu-west-1:123456789012:stream/x-user-events"
}

run "firehose" {
  module { source = "./modules/delivery_firehose" }
  variables {
    table_name = "tracking.events"
    table      = "{\"PartitionKeys\": [{\"Name\": \"dt\", \"Type\": \"string\"}], \"Parameters\": {\"projection.enabled\": \"true\"}, \"StorageDescriptor\": {\"Columns\": [{\"Name\": \"message_id\", \"Type\": \"string\", \"Comment\": \"/messageId\"}, {\"Name\": \"n\", \"Type\": \"bigint\", \"Comment\": \"/n\"}, {\"Name\": \"_shard\", \"Type\": \"string\"}], \"InputFormat\": \"i\", \"OutputFormat\": \"o\", \"SerdeInfo\": {\"SerializationLibrary\": \"s\"}}}"
  }

  assert {
    condition     = [for kind, its in aws_kinesis_firehose_delivery_stream.this : "${kind} ${one(its.kinesis_source_configuration).kinesis_stream_arn}"] == ["raw ${var.stream_arn}", "typed ${var.stream_arn}"]
    error_message = "Two of a stream."
  }
  assert {
    condition = one(one(one(aws_kinesis_firehose_delivery_stream.this["raw"].extended_s3_configuration).processing_configuration).processors).type == "AppendDelimiterToRecord" && alltrue([
      for its in aws_kinesis_firehose_delivery_stream.this : one(its.extended_s3_configuration).s3_backup_mode == "Disabled"
    ])
    error_message = "Raw files have a record a line; a backup would not."
  }
  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this["typed"].extended_s3_configuration).buffering_size >= 64 && one(aws_kinesis_firehose_delivery_stream.this["typed"].extended_s3_configuration).compression_format == "UNCOMPRESSED"
    error_message = "Else Firehose refuses to convert."
  }
  assert {
    condition     = one(one(one(one(aws_kinesis_firehose_delivery_stream.this["typed"].extended_s3_configuration).data_format_conversion_configuration).input_format_configuration).deserializer).open_x_json_ser_de[0].column_to_json_key_mappings == tomap({ message_id = "messageId" })
    error_message = "A column has the field that it was made from."
  }
  assert {
    condition     = [for column in one(aws_glue_catalog_table.this[0].storage_descriptor).columns : "${column.name} ${column.type}"] == ["message_id string", "n bigint"]
    error_message = "The contract's columns, without those that only `deliver` fills."
  }
  assert {
    condition     = { for kind, its in aws_kinesis_firehose_delivery_stream.this : kind => [for config in its.extended_s3_configuration : config.prefix][0] } == { raw = "firehose/raw/x-user-events/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/", typed = "firehose/typed/tracking/events/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/" }
    error_message = "Laid out as the lake is, so that LAKE=s3://BUCKET/firehose is read by the same commands."
  }
  assert {
    condition     = alltrue([for its in aws_kinesis_firehose_delivery_stream.this : startswith(one(its.extended_s3_configuration).error_output_prefix, "firehose/errors/") && strcontains(one(its.extended_s3_configuration).error_output_prefix, "!{firehose:error-output-type}")])
    error_message = "What failed is not among what is read."
  }
}

run "firehose_without_a_table" {
  module { source = "./modules/delivery_firehose" }

  assert {
    condition     = keys(aws_kinesis_firehose_delivery_stream.this) == ["raw"] && length(aws_glue_catalog_table.this) == 0
    error_message = "Raw files only."
  }
}

run "firehose_of_nested_columns" {
  command = plan
  module { source = "./modules/delivery_firehose" }
  variables {
    table_name = "t.t"
    table      = "{\"PartitionKeys\": [], \"Parameters\": {}, \"StorageDescriptor\": {\"Columns\": [{\"Name\": \"a\", \"Type\": \"string\", \"Comment\": \"/data/a\"}], \"InputFormat\": \"i\", \"OutputFormat\": \"o\", \"SerdeInfo\": {\"SerializationLibrary\": \"s\"}}}"
  }
  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
}

run "bucket" {
  module { source = "./modules/lake" }
  variables {
    own_key         = true
    raw_days        = 400
    writer_accounts = ["210987654321"]
    writer_roles    = ["arn:aws:iam::210987654321:role/x-deliver-task"]
    warehouse       = true
  }

  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.this : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.this) == 2
    error_message = "Nobody opens lake or logs to the public."
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.this[0].arn
    error_message = "By its own key."
  }
  assert {
    condition     = aws_s3_bucket_logging.this.target_bucket == aws_s3_bucket.logs.id
    error_message = "Accesses are logged."
  }
  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => try(rule.expiration[0].days, null) } == { athena = 7, firehose-raw = 400, manifests = 1, raw = 400, unfinished = null }
    error_message = "The log, typed files and rejects stay."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : [statement.Sid, statement.Condition.ArnLike["aws:PrincipalArn"]] if endswith(statement.Sid, "FromOutside")
      ] == [
      ["ListFromOutside", ["arn:aws:iam::210987654321:role/x-deliver-task"]], ["WriteFromOutside", ["arn:aws:iam::210987654321:role/x-deliver-task"]],
    ]
    error_message = "Of the other account the roles that are named, and nobody else."
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this["lake"].rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "What others write is the owner's."
  }
}

run "writers_without_a_name" {
  command = plan
  module { source = "./modules/lake" }
  variables { writer_accounts = ["210987654321"] }
  expect_failures = [var.writer_roles]
}

run "warehouse" {
  module { source = "./modules/warehouse_redshift" }
  variables {
    subnet_ids         = ["subnet-1", "subnet-2", "subnet-3"]
    security_group_ids = ["sg-1"]
    tables = {
      "tracking.events" = {
        folder  = "firehose/typed/tracking/events/"
        columns = [{ Name = "message_id", Type = "string" }, { Name = "at", Type = "timestamp" }]
      }
    }
  }

  assert {
    condition     = toset(keys(aws_redshiftdata_statement.job)) == toset(["quality.rejects", "tracking.events"])
    error_message = "A job for each table, and one for rejects."
  }
  assert {
    condition     = aws_redshiftdata_statement.job["tracking.events"].sql == "COPY \"tracking\".\"events_firehose\" FROM 's3://lake/firehose/typed/tracking/events/' IAM_ROLE '${aws_iam_role.copy.arn}' FORMAT PARQUET JOB CREATE \"tracking_events\" AUTO ON"
    error_message = "It copies new files by itself."
  }
  assert {
    condition     = aws_redshiftdata_statement.table["tracking.events"].sql == "CREATE TABLE IF NOT EXISTS \"tracking\".\"events_firehose\" (\"message_id\" VARCHAR(65535), \"at\" TIMESTAMP)"
    error_message = "COPY takes columns of Parquet by their places: the same, in the same order."
  }
  assert {
    condition     = toset(keys(aws_redshiftdata_statement.schema)) == toset(["quality", "tracking"])
    error_message = "Schemas of all tables."
  }
  assert {
    condition     = !aws_redshiftserverless_workgroup.this.publicly_accessible && aws_redshiftserverless_namespace.this.manage_admin_password && aws_redshiftserverless_namespace.this.default_iam_role_arn == aws_iam_role.copy.arn
    error_message = "Reached from the VPC, its password in Secrets Manager, and `deliver` copies by the default role."
  }
  assert {
    condition     = aws_redshift_integration.files.source_arn == "arn:aws:s3:::lake" && aws_redshift_integration.files.target_arn == aws_redshiftserverless_namespace.this.arn
    error_message = "The bucket tells it of new files."
  }
}

# Engineering writes, the data platform owns.
run "stage_with_a_lake" {
  variables {
    stage          = "test"
    region         = "eu-west-1"
    streams_file   = "../pipeline/streams.yaml"
    pipeline_image = "x@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
    network        = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], route_table_ids = [], outside = true }
    lake = {
      bucket    = "events-test"
      tables    = "../pipeline/tables"
      firehose  = true
      service   = true
      owner     = { role_arn = "arn:aws:iam::210987654321:role/data-platform" }
      warehouse = { subnet_ids = ["subnet-1", "subnet-2", "subnet-3"], security_group_ids = ["sg-1"] }
    }
  }

  assert {
    condition     = toset(keys(module.delivery_firehose)) == toset(["segment", "user-events", "user-utm"]) && keys(module.delivery_firehose["segment"].names) == ["raw"] && keys(module.delivery_firehose["user-utm"].names) == ["raw", "typed"]
    error_message = "For each stream; Parquet where each column has a field of its own, which `data`, the whole record, has not."
  }
  assert {
    condition     = toset(keys(module.warehouse["redshift"].jobs)) == toset(["quality.rejects", "tracking.events", "tracking.utm"])
    error_message = "A job for each table that Firehose fills, and for the rejects."
  }
  assert {
    condition     = [output.delivery_settings.LAKE, output.delivery_settings.CONTRACTS] == ["s3://events-test", "dynamodb:event-processor-test-contracts"] && keys(jsondecode(output.delivery_settings.STREAMS_FILE).streams) == ["event-processor-test-segment", "event-processor-test-user-events", "event-processor-test-user-utm"]
    error_message = "`deliver` is told of bucket, contracts and streams of the stage."
  }
  assert {
    condition     = toset([for statement in jsondecode(output.delivery_policy).Statement : statement.Sid]) == toset(["InspectStream", "ListLake", "ReadContracts", "StoreLake"])
    error_message = "And allowed what it needs."
  }
  assert {
    condition     = output.lake.databases == { tracking = "event_processor_test_tracking" }
    error_message = "Athena finds its tables."
  }
}

run "lake_of_nothing" {
  command = plan
  variables {
    stage  = "test"
    region = "eu-west-1"
    lake   = { bucket = "events-test" }
  }
  expect_failures = [var.lake]
}
