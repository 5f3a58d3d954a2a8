# What a role may do: statements of deploy/iam/policy.json, which the tests hold to the calls that real runs make, with the
# ARNs of this stage. Nothing is written down twice, and no resource is made here.

locals {
  actions = { for statement in jsondecode(file("${path.module}/../../../iam/policy.json")).Statement : statement.Sid => statement.Action }

  statements = [
    for sid, about in var.statements : {
      Sid      = sid
      Effect   = "Allow"
      Action   = local.actions[sid]
      Resource = var.arns[about]
    }
  ]

  # AWS asks for these in the name of whoever receives, sends, reads or writes, if the key is not its own.
  key_statements = length(try(compact(flatten([var.kms_key_arn])), [])) == 0 ? [] : [{
    Sid      = "OwnKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = var.kms_key_arn
  }]
}
