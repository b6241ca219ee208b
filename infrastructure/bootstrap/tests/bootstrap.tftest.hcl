# What comes before the platform: its state, the trainer's repository, the deploying roles.

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

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

run "state_can_be_restored_and_images_do_not_pile_up" {
  command = plan

  assert {
    condition     = output.state_bucket == "automl-lite-state-123456789012-us-east-1" && aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "The state must lie in a bucket of this account that keeps versions."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.state.block_public_acls,
      aws_s3_bucket_public_access_block.state.block_public_policy,
      aws_s3_bucket_public_access_block.state.ignore_public_acls,
      aws_s3_bucket_public_access_block.state.restrict_public_buckets,
      jsondecode(aws_s3_bucket_policy.state.policy).Statement[0].Effect == "Deny",
      jsondecode(aws_s3_bucket_policy.state.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false",
    ])
    error_message = "The state must be closed to the public and to plain HTTP."
  }

  assert {
    condition     = aws_ecr_repository.training.image_tag_mutability == "IMMUTABLE" && jsondecode(aws_ecr_lifecycle_policy.training.policy).rules[0].selection.countNumber == 2
    error_message = "A pushed image must stay what it is, and only two may be kept: storage costs."
  }

  assert {
    condition     = output.plan_role_arn == null && output.deploy_role_arns == null
    error_message = "Without a repository there are no roles for one."
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")] if statement.Effect == "Allow"
    ])) && length(aws_iam_policy.boundary.policy) <= 6144
    error_message = "The boundary must name each action."
  }
}

run "refuses_what_could_be_anybodys_repository" {
  command = plan

  variables {
    name                = "AutoML"
    region              = "Frankfurt"
    environments        = ["staging"]
    github_repository   = "owner/*"
    plan_subjects       = ["*"]
    github_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.org"
    state_version_days  = 0
  }

  expect_failures = [
    var.name,
    var.region,
    var.environments,
    var.github_repository,
    var.plan_subjects,
    var.github_provider_arn,
    var.state_version_days,
  ]
}
