# Once an account, from somebody's own machine, with the state kept there (no backend):
# what the deployed root needs before it can be planned, and what outlives it.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  place = {
    partition  = data.aws_partition.current.partition
    account_id = data.aws_caller_identity.current.account_id
    region     = var.region
  }
  state_bucket     = "${var.name}-state-${local.place.account_id}-${var.region}"
  state_bucket_arn = "arn:${local.place.partition}:s3:::${local.state_bucket}"
  image_repository = "${var.name}-training"
}

# -- State -----------------------------------------------------------------------------

resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV_AWS_18:Whoever reads the state holds a role of this account; CloudTrail has it where that is on.
  #checkov:skip=CKV_AWS_144:Versions protect the state against mistakes; a second region would double what it costs.
  #checkov:skip=CKV_AWS_145:S3's own keys (SSE-S3) encrypt for nothing; a key of our own costs $1 a month while idle, and the state holds no secret.
  #checkov:skip=CKV2_AWS_62:Nobody listens for changes of the state.
  bucket = local.state_bucket

  lifecycle {
    # Without its state a platform cannot be changed or destroyed any more.
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.bucket

  rule {
    id     = "forget-what-is-not-current"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    noncurrent_version_expiration {
      noncurrent_days = var.state_version_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  # Rules on versions mean something once there are versions.
  depends_on = [aws_s3_bucket_versioning.state]
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.bucket
  policy = data.aws_iam_policy_document.state.json

  # Both change the bucket's policy status; S3 answers 409 when they come at once.
  depends_on = [aws_s3_bucket_public_access_block.state]
}

# -- The trainer's image ---------------------------------------------------------------

resource "aws_ecr_repository" "training" {
  #checkov:skip=CKV_AWS_136:ECR encrypts with its own keys for nothing; a key of our own costs $1 a month while idle.
  name                 = local.image_repository
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "training" {
  repository = aws_ecr_repository.training.name

  # Tags begin with their environment, so that no environment's pushes expire another's image.
  policy = jsonencode({
    rules = [
      for position, environment in sort(var.environments) : {
        rulePriority = position + 1
        description  = "Of ${environment}, keep the running image and the one before."
        selection = {
          tagStatus     = "tagged"
          tagPrefixList = ["${environment}-"]
          countType     = "imageCountMoreThan"
          countNumber   = 2
        }
        action = { type = "expire" }
      }
    ]
  })
}

# -- Deployments -----------------------------------------------------------------------

resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-boundary"
  description = "The most that any role of the platform may do; deployments can make no other roles."
  policy      = data.aws_iam_policy_document.boundary.minified_json
}

module "github_oidc" {
  source = "../modules/github-oidc"
  count  = var.github_repository == null ? 0 : 1

  name                     = var.name
  environments             = var.environments
  repository               = var.github_repository
  plan_subjects            = var.plan_subjects
  provider_arn             = var.github_provider_arn
  place                    = local.place
  state_bucket_arn         = local.state_bucket_arn
  repository_arn           = "arn:${local.place.partition}:ecr:${var.region}:${local.place.account_id}:repository/${aws_ecr_repository.training.name}"
  permissions_boundary_arn = "arn:${local.place.partition}:iam::${local.place.account_id}:policy/${aws_iam_policy.boundary.name}"
}
