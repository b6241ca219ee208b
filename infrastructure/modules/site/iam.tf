locals {
  # Made from a name, which a plan knows.
  bucket_arn       = "arn:${var.place.partition}:s3:::${aws_s3_bucket.site.bucket}"
  distribution_arn = aws_cloudfront_distribution.site.arn
}

data "aws_iam_policy_document" "site" {
  statement {
    sid       = "CloudFrontReadsForThisDistribution"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket_arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [local.distribution_arn]
    }
  }

  # A Deny may be broad: whatever there is to do, it is done over TLS or not at all.
  statement {
    sid       = "RefusePlainHTTP"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

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
