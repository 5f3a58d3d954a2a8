# Firehose in the place of `deliver`: of a stream its records as they are, one a line, and Parquet by a table that is made
# from the contract. Two deliveries, since the backup of one that converts gets no line ends: its records would run together.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  catalog = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${local.account}"

  table   = var.table == null ? null : jsondecode(var.table)
  path    = var.table_name == null ? "" : replace(var.table_name, ".", "/")
  columns = local.table == null ? [] : [for column in local.table.StorageDescriptor.Columns : column if !startswith(column.Name, "_")]

  # By column the field, where they are not named alike.
  fields  = { for column in local.columns : column.Name => replace(replace(trimprefix(column.Comment, "/"), "~1", "/"), "~0", "~") if can(column.Comment) }
  hours   = "dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/"
  root    = "firehose"
  kinds   = local.table == null ? toset(["raw"]) : toset(["raw", "typed"])
  folders = { raw = "${local.root}/raw/${var.stream_name}", typed = "${local.root}/typed/${local.path}" }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/firehose"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_cloudwatch_log_stream" "this" {
  for_each       = local.kinds
  name           = each.key
  log_group_name = aws_cloudwatch_log_group.this.name
}

resource "aws_glue_catalog_database" "this" {
  count = local.table == null ? 0 : 1
  name  = replace(var.name, "-", "_")
}

# What Parquet is made by. It is in the account of the delivery, as is the role that reads it.
resource "aws_glue_catalog_table" "this" {
  count         = local.table == null ? 0 : 1
  database_name = aws_glue_catalog_database.this[0].name
  name          = "typed"
  table_type    = "EXTERNAL_TABLE"
  parameters = merge(local.table.Parameters, {
    "storage.location.template" = "s3://${var.bucket}/${local.folders.typed}/dt=$${dt}/hh=$${hh}/"
  })

  dynamic "partition_keys" {
    for_each = local.table.PartitionKeys

    content {
      name = partition_keys.value.Name
      type = partition_keys.value.Type
    }
  }

  storage_descriptor {
    location      = "s3://${var.bucket}/${local.folders.typed}/"
    input_format  = local.table.StorageDescriptor.InputFormat
    output_format = local.table.StorageDescriptor.OutputFormat

    ser_de_info {
      serialization_library = local.table.StorageDescriptor.SerdeInfo.SerializationLibrary
    }

    dynamic "columns" {
      for_each = local.columns

      content {
        name    = columns.value.Name
        type    = columns.value.Type
        comment = try(columns.value.Comment, null)
      }
    }
  }
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  # checkov:skip=CKV_AWS_240:its source is a stream, which is encrypted itself; Firehose refuses another encryption then
  # checkov:skip=CKV_AWS_241:as above
  for_each    = local.kinds
  name        = "${var.name}-${each.key}"
  destination = "extended_s3"
  depends_on  = [aws_iam_role_policy.this]

  kinesis_source_configuration {
    kinesis_stream_arn = var.stream_arn
    role_arn           = aws_iam_role.this.arn
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.this.arn
    bucket_arn          = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
    prefix              = "${local.folders[each.key]}/${local.hours}"
    error_output_prefix = "${local.root}/errors/${var.stream_name}/${each.key}/!{firehose:error-output-type}/${local.hours}"
    custom_time_zone    = "UTC"
    buffering_interval  = var.seconds
    buffering_size      = each.key == "typed" ? max(64, var.mib) : var.mib # Firehose converts 64 MiB or more at once
    compression_format  = each.key == "typed" ? "UNCOMPRESSED" : "GZIP"    # Parquet compresses by itself
    file_extension      = each.key == "typed" ? ".parquet" : ".ndjson.gz"
    kms_key_arn         = var.bucket_key_arn
    s3_backup_mode      = "Disabled"

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.this.name
      log_stream_name = aws_cloudwatch_log_stream.this[each.key].name
    }

    dynamic "processing_configuration" {
      for_each = each.key == "raw" ? ["line ends"] : []

      content {
        enabled = true

        processors {
          type = "AppendDelimiterToRecord"

          parameters {
            parameter_name  = "Delimiter"
            parameter_value = "\\n"
          }
        }
      }
    }

    dynamic "data_format_conversion_configuration" {
      for_each = each.key == "typed" ? ["parquet"] : []

      content {
        input_format_configuration {
          deserializer {
            open_x_json_ser_de {
              case_insensitive                         = false
              column_to_json_key_mappings              = { for column, field in local.fields : column => field if column != field }
              convert_dots_in_json_keys_to_underscores = false
            }
          }
        }

        output_format_configuration {
          serializer {
            parquet_ser_de {
              compression = "SNAPPY"
            }
          }
        }

        schema_configuration {
          catalog_id    = local.account
          database_name = aws_glue_catalog_database.this[0].name
          table_name    = aws_glue_catalog_table.this[0].name
          region        = data.aws_region.current.name
          role_arn      = aws_iam_role.this.arn
          version_id    = "LATEST"
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for column in local.columns : can(regex("^/[^/]+$", column.Comment))])
      error_message = "Firehose fills a column from a field at the top of a record, and from nothing else."
    }
  }
}

resource "aws_iam_role" "this" {
  name = "${var.name}-firehose"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "deliver"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "ReadStream"
          Effect   = "Allow"
          Action   = ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
          Resource = var.stream_arn
        },
        {
          Sid      = "WriteFiles"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
          Resource = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}/${local.root}/*"
        },
        {
          Sid      = "ListBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
          Resource = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
        },
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:PutLogEvents"]
          Resource = [for kind in sort(local.kinds) : "${aws_cloudwatch_log_group.this.arn}:log-stream:${kind}"]
        },
      ],
      [for table in aws_glue_catalog_table.this : {
        Sid    = "ReadTable"
        Effect = "Allow"
        Action = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
        Resource = [
          "${local.catalog}:catalog",
          "${local.catalog}:database/${table.database_name}",
          "${local.catalog}:table/${table.database_name}/${table.name}",
        ]
      }],
      length(compact([var.kms_key_arn, var.bucket_key_arn])) == 0 ? [] : [{
        Sid      = "OwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = compact([var.kms_key_arn, var.bucket_key_arn])
      }],
    )
  })
}

# What Firehose cannot convert goes below `errors`, and what it cannot write it tries again until the stream forgets it.
resource "aws_cloudwatch_metric_alarm" "late" {
  for_each            = local.kinds
  alarm_name          = "${var.name}-${each.key}-late"
  alarm_description   = "Firehose is late with files of ${var.stream_name}. Runbook: EventLakeLagging."
  namespace           = "AWS/Firehose"
  metric_name         = "DeliveryToS3.DataFreshness"
  dimensions          = { DeliveryStreamName = aws_kinesis_firehose_delivery_stream.this[each.key].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3 * var.seconds
  treat_missing_data  = "notBreaching" # nothing arrived
  alarm_actions       = var.topics
  ok_actions          = var.topics
}
