data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ReadBundles"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns.models}/jobs/*/bundle/*"]
  }

  statement {
    sid       = "FindDeployedModelsAndCountTheirUse"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [var.table_arns.jobs]

    # Items of jobs, and no others: not the platform's secrets, not idempotency keys.
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["job#*"]
    }
  }
}
