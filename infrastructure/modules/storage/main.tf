locals {
  # What browsers do with each bucket: uploads go to datasets only.
  browser_methods = {
    datasets = ["GET", "HEAD", "POST", "PUT"]
    models   = ["GET", "HEAD"]
    reports  = ["GET", "HEAD"]
  }
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Access logs would need a fourth bucket that grows for ever; every URL that reaches an object is signed by the API, whose requests are logged.
  #checkov:skip=CKV_AWS_144:A copy in a second region doubles the storage bill of a platform that costs cents; versions protect against mistakes.
  #checkov:skip=CKV_AWS_145:S3's own keys (SSE-S3) encrypt for nothing; a key of our own costs $1 a month while idle.
  #checkov:skip=CKV2_AWS_62:Nobody listens for uploads: a client confirms them.
  for_each = local.browser_methods

  bucket        = "${var.prefix}-${each.key}-${var.suffix}"
  force_destroy = !var.is_protected
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.browser_methods

  bucket                  = aws_s3_bucket.this[each.key].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.browser_methods

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.browser_methods

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.browser_methods

  bucket = aws_s3_bucket.this[each.key].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.browser_methods

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    id     = "forget-what-is-not-current"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  # Rules on versions mean something once there are versions.
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_cors_configuration" "this" {
  for_each = local.browser_methods

  bucket = aws_s3_bucket.this[each.key].bucket

  cors_rule {
    allowed_origins = var.browser_origins
    allowed_methods = local.browser_methods[each.key]
    allowed_headers = ["Content-Type"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.browser_methods

  bucket = aws_s3_bucket.this[each.key].bucket
  policy = data.aws_iam_policy_document.tls_only[each.key].json

  # Both change the bucket's policy status; S3 answers 409 when they come at once.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
