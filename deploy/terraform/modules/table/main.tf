# A table of this program: contracts, or checkpoints.

resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.partition_key
  range_key                   = var.sort_key
  deletion_protection_enabled = var.protected

  dynamic "attribute" {
    for_each = [var.partition_key, var.sort_key]

    content {
      name = attribute.value
      type = "S"
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  # Without a key of one's own AWS's managed one, whose use is logged, and not DynamoDB's, whose is not.
  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}
