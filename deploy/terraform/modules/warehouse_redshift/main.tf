# Redshift Serverless behind the lake: the role of its COPY, and for what Firehose delivers, and for rejects, a table each with
# a job that copies new files by itself. `deliver` needs no jobs: it loads its ranges into tables that it makes itself.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  # COPY of a Parquet file fails as a whole for one text that is too long or one value that is missing.
  types = { string = "VARCHAR(65535)", bigint = "BIGINT", double = "DOUBLE PRECISION", boolean = "BOOLEAN", timestamp = "TIMESTAMP", date = "DATE" }

  # Beside the tables that `deliver` makes, which have other columns.
  names   = { for table in keys(var.tables) : table => "\"${replace(table, ".", "\".\"")}_firehose\"" }
  schemas = toset(concat(["quality"], [for table in keys(var.tables) : split(".", table)[0]]))
  created = merge(
    {
      for table, its in var.tables : table => "CREATE TABLE IF NOT EXISTS ${local.names[table]} (${join(", ", [
        for column in its.columns : "\"${column.Name}\" ${local.types[column.Type]}"
      ])})"
    },
    { "quality.rejects" = "CREATE TABLE IF NOT EXISTS \"quality\".\"reject_lines\" (\"line\" SUPER)" },
  )
  copies = merge(
    { for table, its in var.tables : table => "COPY ${local.names[table]} FROM 's3://${var.bucket}/${its.folder}' IAM_ROLE '${aws_iam_role.copy.arn}' FORMAT PARQUET" },
    { "quality.rejects" = "COPY \"quality\".\"reject_lines\" FROM 's3://${var.bucket}/rejects/' IAM_ROLE '${aws_iam_role.copy.arn}' FORMAT JSON 'noshred' GZIP" },
  )
}

resource "aws_iam_role" "copy" {
  name = "${var.name}-copy"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["redshift-serverless.amazonaws.com", "redshift.amazonaws.com"] }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "copy" {
  name = "copy"
  role = aws_iam_role.copy.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Sid = "ReadFiles", Effect = "Allow", Action = ["s3:GetObject"], Resource = "${var.bucket_arn}/*" },
        { Sid = "ListFiles", Effect = "Allow", Action = ["s3:GetBucketLocation", "s3:ListBucket"], Resource = var.bucket_arn },
      ],
      var.bucket_key_arn == null ? [] : [{ Sid = "OwnKey", Effect = "Allow", Action = ["kms:Decrypt"], Resource = var.bucket_key_arn }],
    )
  })
}

resource "aws_redshiftserverless_namespace" "this" {
  namespace_name        = var.name
  db_name               = var.database
  manage_admin_password = true
  admin_username        = "administrator"
  kms_key_id            = var.bucket_key_arn
  iam_roles             = [aws_iam_role.copy.arn]
  default_iam_role_arn  = aws_iam_role.copy.arn # that of `deliver`, which says IAM_ROLE default
  log_exports           = ["connectionlog", "useractivitylog", "userlog"]
}

resource "aws_redshiftserverless_workgroup" "this" {
  namespace_name       = aws_redshiftserverless_namespace.this.namespace_name
  workgroup_name       = var.name
  base_capacity        = var.capacity
  subnet_ids           = var.subnet_ids
  security_group_ids   = var.security_group_ids
  publicly_accessible  = false
  enhanced_vpc_routing = true

  config_parameter {
    parameter_key   = "require_ssl"
    parameter_value = "true"
  }
}

# S3 tells Redshift of new files: without it no job finds any.
resource "aws_redshift_resource_policy" "this" {
  resource_arn = aws_redshiftserverless_namespace.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "FromBucket"
        Effect    = "Allow"
        Principal = { Service = "redshift.amazonaws.com" }
        Action    = ["redshift:AuthorizeInboundIntegration"]
        Resource  = aws_redshiftserverless_namespace.this.arn
        Condition = { StringEquals = { "aws:SourceArn" = var.bucket_arn } }
      },
      {
        Sid       = "ByAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = ["redshift:CreateInboundIntegration"]
        Resource  = aws_redshiftserverless_namespace.this.arn
        Condition = { StringEquals = { "aws:SourceArn" = var.bucket_arn } }
      },
    ]
  })
}

resource "aws_redshift_integration" "files" {
  integration_name = var.name
  source_arn       = var.bucket_arn
  target_arn       = aws_redshiftserverless_namespace.this.arn
  depends_on       = [aws_redshift_resource_policy.this, aws_redshiftserverless_workgroup.this]
}

resource "aws_redshiftdata_statement" "schema" {
  for_each       = local.schemas
  workgroup_name = aws_redshiftserverless_workgroup.this.workgroup_name
  database       = aws_redshiftserverless_namespace.this.db_name
  secret_arn     = aws_redshiftserverless_namespace.this.admin_password_secret_arn
  sql            = "CREATE SCHEMA IF NOT EXISTS \"${each.key}\""

  lifecycle {
    ignore_changes = all # see `job`
  }
}

resource "aws_redshiftdata_statement" "table" {
  for_each       = local.created
  workgroup_name = aws_redshiftserverless_workgroup.this.workgroup_name
  database       = aws_redshiftserverless_namespace.this.db_name
  secret_arn     = aws_redshiftserverless_namespace.this.admin_password_secret_arn
  sql            = each.value
  depends_on     = [aws_redshiftdata_statement.schema]

  lifecycle {
    ignore_changes = all # see `job`
  }
}

# Redshift forgets a statement after a day, and the provider then sees one without SQL: it would make it again, and a job that
# is there cannot be made.
resource "aws_redshiftdata_statement" "job" {
  for_each       = local.copies
  workgroup_name = aws_redshiftserverless_workgroup.this.workgroup_name
  database       = aws_redshiftserverless_namespace.this.db_name
  secret_arn     = aws_redshiftserverless_namespace.this.admin_password_secret_arn
  sql            = "${each.value} JOB CREATE \"${replace(each.key, ".", "_")}\" AUTO ON"
  depends_on     = [aws_redshift_integration.files, aws_redshiftdata_statement.table, aws_iam_role_policy.copy]

  lifecycle {
    ignore_changes = all
  }
}
