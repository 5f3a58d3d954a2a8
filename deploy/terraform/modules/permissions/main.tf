# What a role that moves submissions may do: statements of deploy/iam/policy.json, which the tests hold to the calls that
# real runs make, with the ARNs of this stage. Nothing is written down twice, and no resource is made here.

locals {
  actions = { for statement in jsondecode(file("${path.module}/../../../iam/policy.json")).Statement : statement.Sid => statement.Action }
  arns    = { queue = var.queue_arn, rejects = var.rejects_arn, stream = var.stream_arn }

  statements = [
    for sid, about in var.statements : {
      Sid      = sid
      Effect   = "Allow"
      Action   = local.actions[sid]
      Resource = local.arns[about]
    }
  ]

  # SQS and Kinesis ask for these in the name of whoever receives or sends, if the key is not theirs.
  key_statements = var.kms_key_arn == null ? [] : [{
    Sid      = "OwnKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = var.kms_key_arn
  }]
}
