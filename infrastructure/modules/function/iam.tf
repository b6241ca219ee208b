data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "LambdaRunsAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "permissions" {
  source_policy_documents = var.policy_json == null ? [] : [var.policy_json]

  statement {
    sid     = "WriteOwnLog"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${var.place.partition}:logs:${var.place.region}:${var.place.account_id}:log-group:${local.log_group_name}:*",
    ]
  }

  dynamic "statement" {
    for_each = var.is_traced ? [true] : []

    content {
      sid     = "WriteTraces"
      actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      # X-Ray has no resource level for writing.
      #checkov:skip=CKV_AWS_111:X-Ray has no resource level for writing.
      #checkov:skip=CKV_AWS_356:X-Ray has no resource level for writing.
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = var.has_failure_queue ? [true] : []

    content {
      sid       = "KeepFailedEvents"
      actions   = ["sqs:SendMessage"]
      resources = [var.failure_queue_arn]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "What the function ${var.name} may do."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "permissions"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.permissions.json
}
