# What every variable refuses: each run gives several of them a bad value, and every one must
# say so itself.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b"] }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  environment      = "dev"
  packages_dir     = "tests/packages"
  training_image   = "123456789012.dkr.ecr.us-east-1.amazonaws.com/automl-lite-training@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  api_token_hashes = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
}

run "refuses_values_of_the_wrong_kind" {
  command = plan

  variables {
    name                     = "AutoML" # capitals
    environment              = "staging"
    region                   = "us-east-1a"                           # a zone
    permissions_boundary_arn = "arn:aws:iam::123456789012:role/admin" # a role
    github_repository        = "https://github.com/owner/name"
    lambda_architecture      = "amd64"
    log_level                = "trace"
    inline_read_bytes        = 134217728 # more than a request can read in time
    traced_functions         = ["training"]
    extra_lambda_environment = { AWS_REGION = "us-east-1" } # Lambda sets it itself
    api_token_hashes         = []                           # open to everybody
    cors_origins             = ["*"]
    api_throttle             = { rate_per_s = 0, burst = 100 }
    predict_throttle         = { rate_per_s = 200, burst = 6000 }                                         # beyond an account
    training_image           = "123456789012.dkr.ecr.us-east-1.amazonaws.com/automl-lite-training:latest" # a tag may move
    training_architecture    = "X86_64"
    max_training_vcpus       = 1                    # not enough for one training
    job_timeout_s            = 3600                 # shorter than the largest budget
    training_disk_gib        = 20                   # Fargate begins at 21
    vpc_cidr                 = "10.0.0.0/28"        # too small for two subnets
    site_domain              = "automl.example.org" # without a certificate
    site_price_class         = "PriceClass_300"
    noncurrent_version_days  = 0
    log_retention_days       = 31 # CloudWatch knows 30 and 60
    alarm_email              = "ops"
    monthly_budget_usd       = 0
  }

  expect_failures = [
    var.name,
    var.environment,
    var.region,
    var.permissions_boundary_arn,
    var.github_repository,
    var.lambda_architecture,
    var.log_level,
    var.inline_read_bytes,
    var.traced_functions,
    var.extra_lambda_environment,
    var.api_token_hashes,
    var.cors_origins,
    var.api_throttle,
    var.predict_throttle,
    var.training_image,
    var.training_architecture,
    var.max_training_vcpus,
    var.job_timeout_s,
    var.training_disk_gib,
    var.vpc_cidr,
    var.site_domain,
    var.site_price_class,
    var.noncurrent_version_days,
    var.log_retention_days,
    var.alarm_email,
    var.monthly_budget_usd,
  ]
}

run "refuses_values_a_little_off" {
  command = plan

  variables {
    name                     = "a-name-of-21-letters-x" # too long for bucket names
    github_repository        = "owner/*"
    packages_dir             = "tests" # holds no packages
    inline_read_bytes        = 0.5
    extra_lambda_environment = { "LOG-LEVEL" = "info" }
    api_token_hashes         = ["my-secret-token"]                                                            # the token itself
    cors_origins             = ["https://app.example.org/"]                                                   # a path
    training_image           = "123456789012.dkr.ecr.us-east-1.amazonaws.com/automl-lite-training@sha256:abc" # a short digest
    job_timeout_s            = 90000                                                                          # more than a day
    vpc_cidr                 = "10.0.0/22"                                                                    # no block
    site_domain              = "Automl.Example.org"
    max_training_vcpus       = 2.5
  }

  expect_failures = [
    var.name,
    var.github_repository,
    var.packages_dir,
    var.inline_read_bytes,
    var.extra_lambda_environment,
    var.api_token_hashes,
    var.cors_origins,
    var.training_image,
    var.job_timeout_s,
    var.vpc_cidr,
    var.site_domain,
    var.max_training_vcpus,
  ]
}

run "refuses_values_that_look_right" {
  command = plan

  variables {
    site_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/x"                                          # CloudFront looks in us-east-1
    name                 = "automl-"                                                                                      # a name goes on after it with a hyphen of its own
    api_token_hashes     = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""]                       # a trailing comma's empty entry
    cors_origins         = ["http://app.example.org"]                                                                     # plain HTTP
    training_image       = "automl-lite-training@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" # no registry
  }

  expect_failures = [
    var.site_certificate_arn,
    var.name,
    var.api_token_hashes,
    var.cors_origins,
    var.training_image,
  ]
}

run "refuses_hashes_in_capitals" {
  command = plan

  variables {
    api_token_hashes = ["E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"] # the functions compare lower case
  }

  expect_failures = [
    var.api_token_hashes,
  ]
}
