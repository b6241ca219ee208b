# The web app: files in a private bucket, read by CloudFront only; /api/* goes to the HTTP
# API, so pages and API have one origin and no cookie, token or preflight crosses another.

locals {
  # AWS's own policies; their identifiers are the same in every account.
  caching_optimized             = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  caching_disabled              = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  all_viewer_except_host_header = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
  # Insists on HTTPS and the declared content type; the API's own headers stand.
  security_headers = "67f7725c-6f97-4210-82d7-5512b31e9d03"

  # Signed URLs of us-east-1 may leave the region out.
  s3_hosts = flatten([
    for bucket in var.exchange_buckets :
    ["https://${bucket}.s3.${var.place.region}.amazonaws.com", "https://${bucket}.s3.amazonaws.com"]
  ])
  content_security_policy = join("; ", [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self' ${join(" ", local.s3_hosts)}",
    "frame-src 'self' blob:",
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ])
}

resource "aws_s3_bucket" "site" {
  #checkov:skip=CKV_AWS_18:The bucket holds public files only and is read by CloudFront alone.
  #checkov:skip=CKV_AWS_144:The files are built from the repository and can be copied again.
  #checkov:skip=CKV_AWS_145:The files are public; S3's own keys (SSE-S3) encrypt them for nothing.
  #checkov:skip=CKV2_AWS_62:Nobody listens for new files.
  bucket = "${var.prefix}-site-${var.suffix}"
  # Everything in it is built from the repository.
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "site" {
  bucket                  = aws_s3_bucket.site.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "site" {
  bucket = aws_s3_bucket.site.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "site" {
  bucket = aws_s3_bucket.site.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "site" {
  bucket = aws_s3_bucket.site.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "site" {
  bucket = aws_s3_bucket.site.bucket

  rule {
    id     = "forget-what-is-not-current"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  # Rules on versions mean something once there are versions.
  depends_on = [aws_s3_bucket_versioning.site]
}

resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.bucket
  policy = data.aws_iam_policy_document.site.json

  # Both change the bucket's policy status; S3 answers 409 when they come at once.
  depends_on = [aws_s3_bucket_public_access_block.site]
}

resource "aws_cloudfront_origin_access_control" "site" {
  name                              = "${var.prefix}-site"
  description                       = "CloudFront signs its reads of the site's bucket."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# Paths of the web app are no files: /jobs/1 is answered with the page. Not by an error
# page of the distribution, which would replace the API's own 403 and 404, too.
resource "aws_cloudfront_function" "page" {
  name    = "${var.prefix}-page"
  comment = "Answers every path of the web app with its one page."
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = file("${path.module}/page.js")
}

resource "aws_cloudfront_response_headers_policy" "site" {
  #checkov:skip=CKV_AWS_259:All it demands is there but preload, which is a promise for the whole of a domain, to be made by whoever owns it.
  name    = "${var.prefix}-site"
  comment = "What a browser may do with the web app's pages."

  security_headers_config {
    content_security_policy {
      content_security_policy = local.content_security_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      override                   = true
    }
  }

  custom_headers_config {
    items {
      header   = "Permissions-Policy"
      value    = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
      override = true
    }
  }

  # What S3 tells about how it keeps the files is nobody's business.
  remove_headers_config {
    items {
      header = "x-amz-server-side-encryption"
    }

    items {
      header = "x-amz-version-id"
    }
  }
}

resource "aws_cloudfront_distribution" "site" {
  #checkov:skip=CKV_AWS_68:A web application firewall costs $5 a month while idle; the site is static and the API asks for a token.
  #checkov:skip=CKV2_AWS_47:The same: no firewall, and no Log4j behind it.
  #checkov:skip=CKV_AWS_86:The API's access log has every request that matters; the rest are public files.
  #checkov:skip=CKV_AWS_174:TLS 1.2 is the least with a domain of one's own; CloudFront's own certificate (no domain) offers no choice.
  #checkov:skip=CKV_AWS_310:One bucket and one API: there is no second origin to fail over to.
  #checkov:skip=CKV_AWS_374:The platform is for whoever holds a token, wherever that is.
  #checkov:skip=CKV2_AWS_42:site_certificate_arn brings a certificate; without a domain there is none to have.
  enabled             = true
  comment             = "${var.prefix}: the web app, and the API under /api."
  default_root_object = "index.html"
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  price_class         = var.price_class
  aliases             = var.domain == null ? [] : [var.domain]

  origin {
    origin_id                = "site"
    domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.site.id
  }

  origin {
    origin_id   = "api"
    domain_name = replace(var.api_url, "/^https?:\\/\\//", "")

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      origin_read_timeout    = 30
    }
  }

  default_cache_behavior {
    target_origin_id           = "site"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.site.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.page.arn
    }
  }

  ordered_cache_behavior {
    path_pattern     = "/api/*"
    target_origin_id = "api"
    # A token that once went over HTTP is lost: no redirect, a refusal.
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = local.caching_disabled
    origin_request_policy_id   = local.all_viewer_except_host_header
    response_headers_policy_id = local.security_headers
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.certificate_arn == null
    acm_certificate_arn            = var.certificate_arn
    minimum_protocol_version       = var.certificate_arn == null ? "TLSv1" : "TLSv1.2_2021"
    ssl_support_method             = var.certificate_arn == null ? null : "sni-only"
  }
}
