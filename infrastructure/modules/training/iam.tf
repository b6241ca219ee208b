locals {
  # Nothing for a registry that is not ECR's: its images are public or pulled otherwise.
  ecr_repositories = [
    for part in regexall("^([0-9]{12})\\.dkr\\.ecr\\.([a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/([^@]+)@", var.image) :
    "arn:${var.place.partition}:ecr:${part[1]}:${part[0]}:repository/${part[2]}"
  ]
  # Made from names, which a plan knows: so a plan shows the job definition in full.
  role_arns = {
    for role, name in { job = aws_iam_role.job.name, execution = aws_iam_role.execution.name } :
    role => "arn:${var.place.partition}:iam::${var.place.account_id}:role/${name}"
  }
  log_group_arn = "arn:${var.place.partition}:logs:${var.place.region}:${var.place.account_id}:log-group:${aws_cloudwatch_log_group.trainer.name}"
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "ContainersOfThisAccountRunAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.place.account_id]
    }
  }
}

# -- What the trainer does ------------------------------------------------------------

data "aws_iam_policy_document" "job" {
  statement {
    sid = "ReadTablesAndKeepArtifacts"
    # A broken read goes on with the version that it began with; an artifact that must be
    # made again is deleted in every version.
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
    sid = "FindArtifactsOfAnEarlierAttempt"
    # Of the whole bucket: with a condition on the prefix S3 would answer 403 rather than
    # 404 to a read of an object that is not there.
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = values(var.bucket_arns)
  }

  statement {
    sid       = "ClearUpADatasetThatWasDeletedWhileItWasRead"
    actions   = ["s3:ListBucketMultipartUploads"]
    resources = [var.bucket_arns.datasets]
  }

  statement {
    sid       = "ReadAndConfirmDatasets"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [var.table_arns.datasets]
  }

  statement {
    sid       = "WriteJobsAndTheirProgress"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    resources = [var.table_arns.jobs]

    # Items of jobs, and no others: not the platform's secrets, not idempotency keys.
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["job#*"]
    }
  }
}

resource "aws_iam_role" "job" {
  name                 = "${var.prefix}-training"
  description          = "What a training container may do."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "job" {
  name   = "permissions"
  role   = aws_iam_role.job.name
  policy = data.aws_iam_policy_document.job.json
}

# -- What starts the trainer ----------------------------------------------------------

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "WriteTrainersLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:*"]
  }

  dynamic "statement" {
    for_each = length(local.ecr_repositories) > 0 ? [true] : []

    content {
      sid       = "PullTheImage"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = local.ecr_repositories
    }
  }

  dynamic "statement" {
    for_each = length(local.ecr_repositories) > 0 ? [true] : []

    content {
      sid     = "LogInToECR"
      actions = ["ecr:GetAuthorizationToken"]
      # Logging in has no resource level.
      resources = ["*"]
    }
  }
}

resource "aws_iam_role" "execution" {
  name                 = "${var.prefix}-training-execution"
  description          = "What starting a training container needs: its image and its log."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "execution" {
  name   = "permissions"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.execution.json
}

# -- What may pass the network's endpoints --------------------------------------------
# A trainer that was taken over cannot carry tables to a bucket of somebody else this way.

data "aws_iam_policy_document" "s3_endpoint" {
  #checkov:skip=CKV_AWS_283:An endpoint's policy only narrows what roles allow; layers of images are read by ECR's signed URLs, in nobody's name of ours.
  statement {
    sid = "OwnBuckets"
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
    resources = flatten([for arn in values(var.bucket_arns) : [arn, "${arn}/*"]])

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [var.place.account_id]
    }
  }

  # ECR hands out an image's layers from a bucket of its own, by signed URLs.
  statement {
    sid       = "LayersOfImages"
    actions   = ["s3:GetObject"]
    resources = ["arn:${var.place.partition}:s3:::prod-${var.place.region}-starport-layer-bucket/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "dynamodb_endpoint" {
  statement {
    sid       = "OwnTables"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    resources = values(var.table_arns)

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [var.place.account_id]
    }
  }
}
