data "aws_iam_policy_document" "state" {
  # A Deny may be broad: whatever there is to do, it is done over TLS or not at all.
  statement {
    sid       = "RefusePlainHTTP"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.state_bucket_arn, "${local.state_bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# What the roles of every environment may do at most: their own policies say what each does.
data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_111:X-Ray and logging in to ECR have no resource level.
  #checkov:skip=CKV_AWS_356:Batch's look-ups, X-Ray and logging in to ECR have no resource level.
  statement {
    sid = "Objects"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:GetObject",
      "s3:GetObjectVersion",
      "s3:ListBucket",
      "s3:ListBucketMultipartUploads",
      "s3:ListBucketVersions",
      "s3:PutObject",
    ]
    resources = ["arn:${local.place.partition}:s3:::${var.name}-*"]
  }

  # The state is no business of the platform's roles, whatever their policies come to say.
  statement {
    sid       = "NotTheState"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.state_bucket_arn, "${local.state_bucket_arn}/*"]
  }

  statement {
    sid = "Records"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = ["arn:${local.place.partition}:dynamodb:*:${local.place.account_id}:table/${var.name}-*"]
  }

  statement {
    sid     = "Trainings"
    actions = ["batch:SubmitJob", "batch:TerminateJob"]
    resources = [
      "arn:${local.place.partition}:batch:*:${local.place.account_id}:job/*",
      "arn:${local.place.partition}:batch:*:${local.place.account_id}:job-definition/${var.name}-*",
      "arn:${local.place.partition}:batch:*:${local.place.account_id}:job-queue/${var.name}-*",
    ]
  }

  statement {
    sid = "NoResourceLevel"
    actions = [
      "batch:DescribeJobQueues",
      "batch:DescribeJobs",
      "batch:ListJobs",
      "ecr:GetAuthorizationToken",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    # None of these actions knows a resource.
    resources = ["*"]
  }

  statement {
    sid     = "Images"
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    # The trainer's image may live in another account.
    resources = ["arn:${local.place.partition}:ecr:*:*:repository/*"]
  }

  statement {
    sid     = "Logs"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.place.partition}:logs:*:${local.place.account_id}:log-group:/aws/batch/${var.name}-*",
      "arn:${local.place.partition}:logs:*:${local.place.account_id}:log-group:/aws/lambda/${var.name}-*",
    ]
  }

  statement {
    sid     = "Events"
    actions = ["lambda:InvokeFunction", "sqs:SendMessage"]
    resources = [
      "arn:${local.place.partition}:lambda:*:${local.place.account_id}:function:${var.name}-*",
      "arn:${local.place.partition}:sqs:*:${local.place.account_id}:${var.name}-*",
    ]
  }
}
