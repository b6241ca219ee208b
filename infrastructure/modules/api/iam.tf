data "aws_iam_policy_document" "api" {
  statement {
    sid = "KeepAndForgetObjects"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:GetObject",
      "s3:GetObjectVersion",
      "s3:PutObject",
    ]
    resources = [
      "${var.bucket_arns.datasets}/datasets/*",
      "${var.bucket_arns.models}/jobs/*",
      "${var.bucket_arns.reports}/jobs/*",
    ]
  }

  statement {
    sid       = "FindObjectsTheirVersionsAndUnfinishedUploads"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]
    resources = values(var.bucket_arns)
  }

  statement {
    sid = "KeepRecords"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [var.table_arns.datasets, var.table_arns.jobs]
  }

  statement {
    sid       = "ListRecords"
    actions   = ["dynamodb:Query"]
    resources = concat(values(var.index_arns.datasets), values(var.index_arns.jobs))
  }

  statement {
    sid       = "StartTrainings"
    actions   = ["batch:SubmitJob"]
    resources = concat(var.batch.queue_arns, [var.batch.job_definition_arns])
  }

  statement {
    sid       = "StopTrainings"
    actions   = ["batch:TerminateJob"]
    resources = [var.batch.job_arns]
  }

  statement {
    sid     = "LookAtTrainings"
    actions = ["batch:DescribeJobQueues", "batch:ListJobs"]
    # Batch has no resource level for looking.
    #checkov:skip=CKV_AWS_356:Batch has no resource level for looking.
    resources = ["*"]
  }
}
