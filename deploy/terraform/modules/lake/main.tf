# The bucket of the lake, who may write to it from another account, and its tables for Athena. It is made with the provider
# that it is given: that of the account which owns the data.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  # What a writer does: nobody deletes what is accepted but `deliver`, which sweeps files of its own that no entry names.
  written = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
  listed  = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]

  # Tables as `lake ddl --dialect glue` prints them for the lake `s3://lake`.
  tables = { for name, table in var.tables : name => jsondecode(replace(table, "s3://lake/", "s3://${aws_s3_bucket.this.bucket}/")) }

  # By name, since only those are known before anything is made.
  schemas = toset([for name in keys(var.tables) : split(".", name)[0]])
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144:a copy in another region is the account's choice; the stream and this bucket are of one
  # checkov:skip=CKV_AWS_145:with `own_key` it is encrypted with a key of its own, else with S3's
  # checkov:skip=CKV2_AWS_62:who is told of new objects is up to the warehouse
  bucket        = var.bucket
  force_destroy = !var.protected
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = { lake = aws_s3_bucket.this.id, logs = aws_s3_bucket.logs.id }
  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_notification" "this" {
  count       = var.announced ? 1 : 0
  bucket      = aws_s3_bucket.this.id
  eventbridge = true
}

# Objects belong to the bucket's account, whoever wrote them.
resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = { lake = aws_s3_bucket.this.id, logs = aws_s3_bucket.logs.id }
  bucket   = each.value

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.own_key

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.own_key ? "aws:kms" : "AES256"
      kms_master_key_id = one(aws_kms_key.this[*].arn)
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  # checkov:skip=CKV_AWS_300:the rule `unfinished` ends uploads of every name
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_versioning.this]

  rule {
    id     = "unfinished"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  # The log and typed files stay; raw files are history after this time.
  dynamic "rule" {
    for_each = var.raw_days == null ? {} : { raw = "raw/", firehose-raw = "firehose/raw/" }

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      expiration {
        days = var.raw_days
      }
    }
  }

  # What Redshift is told to load, and what Athena answered, is read once.
  dynamic "rule" {
    for_each = { manifests = 1, athena = 7 }

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = "${rule.key}/"
      }

      expiration {
        days = rule.value
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_public_access_block.this]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      length(var.writer_accounts) == 0 ? [] : [
        for sid, its in { WriteFromOutside = [local.written, "/*"], ListFromOutside = [local.listed, ""] } : {
          Sid                              = sid
          Effect                           = "Allow"
          Principal                        = { AWS = [for account in sort(var.writer_accounts) : "arn:${data.aws_partition.current.partition}:iam::${account}:root"] }
          Action                           = its[0]
          Resource                         = "${aws_s3_bucket.this.arn}${its[1]}"
          Condition                        = { ArnLike = { "aws:PrincipalArn" = var.writer_roles } }
        }
      ],
      !var.warehouse ? [] : [{
        Sid       = "TellWarehouse"
        Effect    = "Allow"
        Principal = { Service = "redshift.amazonaws.com" }
        Action    = ["s3:GetBucketLocation", "s3:GetBucketNotification", "s3:PutBucketNotification"]
        Resource  = aws_s3_bucket.this.arn
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      }],
    )
  })
}

resource "aws_s3_bucket" "logs" {
  # checkov:skip=CKV_AWS_18:these are the logs
  # checkov:skip=CKV_AWS_21:logs are written once
  # checkov:skip=CKV_AWS_144:as the lake itself
  # checkov:skip=CKV_AWS_145:S3 delivers its logs to no bucket with another key than its own
  # checkov:skip=CKV2_AWS_62:nobody is told of logs
  bucket        = "${var.bucket}-access"
  force_destroy = !var.protected
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "old"
    status = "Enabled"

    filter {}

    expiration {
      days = var.access_log_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket     = aws_s3_bucket.logs.id
  depends_on = [aws_s3_bucket_public_access_block.this]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.logs.arn, "${aws_s3_bucket.logs.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "WriteAccessLogs"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = ["s3:PutObject"]
        Resource  = "${aws_s3_bucket.logs.arn}/*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}

resource "aws_s3_bucket_logging" "this" {
  bucket        = aws_s3_bucket.this.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "lake/"
}

resource "aws_kms_key" "this" {
  count                   = var.own_key ? 1 : 0
  description             = var.bucket
  enable_key_rotation     = true
  deletion_window_in_days = 30

  # In the policy of a key, Resource "*" means this key: no other can be named there.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        # IAM policies of the account decide about the key, as AWS advises; without this nobody could, not even root.
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action = [
          "kms:CancelKeyDeletion", "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey",
          "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
          "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RetireGrant",
          "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription",
        ]
        Resource = "*"
      }],
      length(var.writer_accounts) == 0 ? [] : [{
        Sid       = "WriteFromOutside"
        Effect    = "Allow"
        Principal = { AWS = [for account in sort(var.writer_accounts) : "arn:${data.aws_partition.current.partition}:iam::${account}:root"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { ArnLike = { "aws:PrincipalArn" = var.writer_roles } }
      }],
    )
  })
}

resource "aws_glue_catalog_database" "this" {
  for_each = local.schemas
  name     = replace("${var.name}_${each.key}", "-", "_")
}

resource "aws_glue_catalog_table" "this" {
  for_each      = var.tables
  database_name = aws_glue_catalog_database.this[split(".", each.key)[0]].name
  name          = local.tables[each.key].Name
  table_type    = local.tables[each.key].TableType
  parameters    = local.tables[each.key].Parameters

  dynamic "partition_keys" {
    for_each = local.tables[each.key].PartitionKeys

    content {
      name = partition_keys.value.Name
      type = partition_keys.value.Type
    }
  }

  storage_descriptor {
    location      = local.tables[each.key].StorageDescriptor.Location
    input_format  = local.tables[each.key].StorageDescriptor.InputFormat
    output_format = local.tables[each.key].StorageDescriptor.OutputFormat

    ser_de_info {
      serialization_library = local.tables[each.key].StorageDescriptor.SerdeInfo.SerializationLibrary
    }

    dynamic "columns" {
      for_each = local.tables[each.key].StorageDescriptor.Columns

      content {
        name    = columns.value.Name
        type    = columns.value.Type
        comment = try(columns.value.Comment, null)
      }
    }
  }
}

resource "aws_athena_workgroup" "this" {
  # checkov:skip=CKV_AWS_159:answers are encrypted as the bucket is
  name          = var.name
  force_destroy = !var.protected

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scanned_gib * 1024 * 1024 * 1024

    result_configuration {
      output_location = "s3://${aws_s3_bucket.this.bucket}/athena/"

      encryption_configuration {
        encryption_option = var.own_key ? "SSE_KMS" : "SSE_S3"
        kms_key_arn       = one(aws_kms_key.this[*].arn)
      }
    }
  }
}
