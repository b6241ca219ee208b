# The site: private files, one origin with the API, and what browsers may do with it.

provider "aws" {
  # Nobody: planning what is not there yet asks AWS nothing, so the real provider writes
  # every policy, to the letter.
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  prefix           = "automl-lite-dev"
  suffix           = "123456789012-us-east-1"
  place            = { partition = "aws", account_id = "123456789012", region = "us-east-1" }
  api_url          = "https://abc.execute-api.us-east-1.amazonaws.com"
  exchange_buckets = ["datasets"]
  domain           = null
  certificate_arn  = null
  price_class      = "PriceClass_100"
}

run "the_api_is_never_cached_and_sees_the_token" {
  command = plan

  module {
    source = "./modules/site"
  }

  # AWS's own policies: CachingDisabled, AllViewerExceptHostHeader.
  assert {
    condition = alltrue([
      aws_cloudfront_distribution.site.ordered_cache_behavior[0].path_pattern == "/api/*",
      aws_cloudfront_distribution.site.ordered_cache_behavior[0].cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
      aws_cloudfront_distribution.site.ordered_cache_behavior[0].origin_request_policy_id == "b689b0a8-53d0-40ab-baf2-68738e2966ac",
      aws_cloudfront_distribution.site.ordered_cache_behavior[0].viewer_protocol_policy == "https-only",
      contains(aws_cloudfront_distribution.site.ordered_cache_behavior[0].allowed_methods, "PATCH"),
    ])
    error_message = "/api/* must pass every method and header but Host, over HTTPS only, and be cached by nobody."
  }

  assert {
    condition = [
      for origin in aws_cloudfront_distribution.site.origin : "${origin.domain_name} ${one(origin.custom_origin_config).origin_protocol_policy} ${join(" ", one(origin.custom_origin_config).origin_ssl_protocols)}"
      if origin.origin_id == "api"
    ] == ["abc.execute-api.us-east-1.amazonaws.com https-only TLSv1.2"]
    error_message = "CloudFront must speak TLS 1.2 with the API."
  }

  assert {
    condition     = length(aws_cloudfront_distribution.site.custom_error_response) == 0
    error_message = "An error page of the distribution would replace the API's problem documents."
  }

  assert {
    condition     = aws_cloudfront_distribution.site.http_version == "http2and3" && aws_cloudfront_distribution.site.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https"
    error_message = "Pages must come over HTTPS, with HTTP/3 where the browser can."
  }

  assert {
    condition = alltrue([
      for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "connect-src 'self' https://datasets.s3.us-east-1.amazonaws.com"] :
      strcontains(aws_cloudfront_response_headers_policy.site.security_headers_config[0].content_security_policy[0].content_security_policy, part)
    ])
    error_message = "Pages may run their own scripts and reach the API and the buckets; nothing else."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.site.block_public_acls,
      aws_s3_bucket_public_access_block.site.block_public_policy,
      aws_s3_bucket_public_access_block.site.ignore_public_acls,
      aws_s3_bucket_public_access_block.site.restrict_public_buckets,
    ])
    error_message = "The site's bucket is read by CloudFront, never by the public."
  }
}

run "only_this_distribution_reads_the_bucket" {
  command = plan

  module {
    source = "./modules/site"
  }

  override_resource {
    target          = aws_cloudfront_distribution.site
    override_during = plan
    values = {
      arn         = "arn:aws:cloudfront::123456789012:distribution/E1"
      domain_name = "d1.cloudfront.net"
    }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.site.policy).Statement : [statement.Principal.Service, statement.Action, statement.Condition.StringEquals["AWS:SourceArn"]]
      if statement.Effect == "Allow"
    ] == [["cloudfront.amazonaws.com", "s3:GetObject", "arn:aws:cloudfront::123456789012:distribution/E1"]]
    error_message = "The bucket must let this one distribution read, and nobody else do anything."
  }

  assert {
    condition     = output.url == "https://d1.cloudfront.net"
    error_message = "Without a domain of its own the site has CloudFront's."
  }
}

run "a_domain_of_its_own_demands_tls_1_2" {
  command = plan

  module {
    source = "./modules/site"
  }

  variables {
    domain          = "automl.example.org"
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c1"
  }

  assert {
    condition     = aws_cloudfront_distribution.site.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021" && aws_cloudfront_distribution.site.viewer_certificate[0].ssl_support_method == "sni-only"
    error_message = "Browsers must speak TLS 1.2; an address of one's own instead of SNI would cost $600 a month."
  }

  assert {
    condition     = aws_cloudfront_distribution.site.aliases == toset(["automl.example.org"]) && output.url == "https://automl.example.org"
    error_message = "The site must answer under its domain."
  }
}
