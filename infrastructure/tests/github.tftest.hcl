# Which workflow may take which role, and what it may do then.

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
  name                     = "automl-lite"
  environments             = ["dev", "prod"]
  repository               = "owner/name"
  plan_subjects            = ["pull_request", "ref:refs/heads/main"]
  provider_arn             = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  place                    = { partition = "aws", account_id = "123456789012", region = "us-east-1" }
  state_bucket_arn         = "arn:aws:s3:::automl-lite-state-123456789012-us-east-1"
  repository_arn           = "arn:aws:ecr:us-east-1:123456789012:repository/automl-lite-training"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/automl-lite-boundary"
}

run "roles_are_bound_to_exact_subjects" {
  command = plan

  module {
    source = "./modules/github-oidc"
  }

  assert {
    condition = jsonencode({
      for role, json in output.trust_json : role => sort(flatten([jsondecode(json).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"]]))
      }) == jsonencode({
      plan = ["repo:owner/name:pull_request", "repo:owner/name:ref:refs/heads/main"]
      dev  = ["repo:owner/name:environment:dev"]
      prod = ["repo:owner/name:environment:prod"]
    })
    error_message = "Planning is for pull requests and main, deploying for runs in the environment of the same name."
  }

  assert {
    condition = alltrue([
      for json in output.trust_json :
      jsondecode(json).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com" && length(jsondecode(json).Statement) == 1 && keys(jsondecode(json).Statement[0].Condition) == ["StringEquals"]
    ]) && length(output.trust_json) == 3
    error_message = "Tokens must be meant for AWS, and subjects compared letter by letter."
  }
}

run "roles_do_what_terraform_needs_and_no_more" {
  command = plan

  module {
    source = "./modules/github-oidc"
  }

  assert {
    condition     = alltrue([for json in output.policies_json : length(json) <= 6144]) && length(output.policies_json) == 9
    error_message = "IAM takes managed policies of at most 6,144 characters."
  }

  assert {
    condition = alltrue(flatten([
      for json in output.policies_json : [
        for statement in jsondecode(json).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")]
      ]
    ]))
    error_message = "An action holds a *: name each one."
  }

  assert {
    condition = toset(flatten([
      for json in output.policies_json : [
        for statement in jsondecode(json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
      ]
    ])) == toset(["BatchDescriptions", "LogDelivery", "LogInToECR", "Network"])
    error_message = "Only services without a resource level may be named by *."
  }

  assert {
    condition = alltrue(flatten([
      for key, json in output.policies_json : [
        for statement in jsondecode(json).Statement : [
          for action in flatten([statement.Action]) : can(regex(":(Get|List|Describe|View|GET)", action))
        ]
      ] if startswith(key, "plan/")
    ]))
    error_message = "Planning reads."
  }

  # What could make an administrator is bound to the boundary; what could read tables is not there.
  assert {
    condition = alltrue(flatten([
      for key, json in output.policies_json : [
        for statement in jsondecode(json).Statement : statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/automl-lite-boundary"
        if length(setintersection(flatten([statement.Action]), ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"])) > 0
      ]
    ]))
    error_message = "A deployment may make roles under the boundary only."
  }

  assert {
    condition = length(setintersection(
      flatten([for json in output.policies_json : [for statement in jsondecode(json).Statement : statement.Action]]),
      ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "iam:CreatePolicyVersion", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary", "lambda:InvokeFunction", "secretsmanager:GetSecretValue", "sts:AssumeRole"],
    )) == 0
    error_message = "A workflow must not read records, lift the boundary or become somebody else."
  }

  assert {
    condition = alltrue(flatten([
      for key, json in output.policies_json : [
        for statement in jsondecode(json).Statement : [for resource in flatten([statement.Resource]) : !strcontains(resource, "automl-lite-prod")]
      ] if startswith(key, "dev/")
    ]))
    error_message = "Deploying dev must not reach prod."
  }
}
