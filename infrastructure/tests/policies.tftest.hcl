# What every role of the platform may do, as a plan shows it.

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

override_data {
  target = module.training.data.aws_availability_zones.this
  values = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
}

variables {
  environment      = "dev"
  packages_dir     = "tests/packages"
  training_image   = "123456789012.dkr.ecr.us-east-1.amazonaws.com/automl-lite-training@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  api_token_hashes = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
}

run "roles_have_the_least_that_their_code_calls" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for role, json in merge(module.api.policies_json, module.events.policies_json, module.training.policies_json, { inference = module.inference.policy_json }) : [
        for statement in jsondecode(json).Statement : [
          for action in flatten([statement.Action]) : !strcontains(action, "*")
        ]
      ]
    ]))
    error_message = "An action holds a *: name each one."
  }

  assert {
    condition = alltrue(flatten([
      for role, json in merge(module.api.policies_json, module.events.policies_json, module.training.policies_json, { inference = module.inference.policy_json }) : [
        for statement in jsondecode(json).Statement : [
          for action in flatten([statement.Action]) :
          contains(flatten([statement.Resource]), "*") == contains([
            "batch:DescribeJobQueues", "batch:DescribeJobs", "batch:ListJobs", "ecr:GetAuthorizationToken",
            "xray:PutTelemetryRecords", "xray:PutTraceSegments",
          ], action)
        ]
      ]
    ]))
    error_message = "Resource * belongs to actions without a resource level, and to no others."
  }

  assert {
    condition = alltrue(flatten([
      for role, json in merge(module.api.policies_json, module.events.policies_json, module.training.policies_json, { inference = module.inference.policy_json }) : [
        for statement in jsondecode(json).Statement : [
          for resource in flatten([statement.Resource]) :
          resource == "*" || resource == "arn:aws:batch:us-east-1:123456789012:job/*" || can(regex("automl-lite-(dev|training)", resource))
        ]
      ]
    ]))
    error_message = "A policy reaches beyond the platform's own resources."
  }

  assert {
    condition = alltrue(flatten([
      for json in [module.events.policies_json["function"], module.training.policies_json["job"], module.inference.policy_json] : [
        for statement in jsondecode(json).Statement :
        statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] == "job#*"
        if contains(flatten([statement.Resource]), "arn:aws:dynamodb:us-east-1:123456789012:table/automl-lite-dev-jobs")
      ]
    ]))
    error_message = "Only the API may read more of the jobs table than items of jobs: secrets and idempotency keys lie there, too."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.inference.policy_json).Statement : statement.Action])) == toset([
      "dynamodb:GetItem", "dynamodb:UpdateItem", "logs:CreateLogStream", "logs:PutLogEvents", "s3:GetObject",
    ])
    error_message = "The inference function reads bundles and jobs, counts uses and writes its log; nothing else."
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(module.api.policies_json["authorizer"]).Statement : statement.Action])) == toset(["logs:CreateLogStream", "logs:PutLogEvents"])
    error_message = "The authorizer writes its log; nothing else."
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(module.training.policies_json["job"]).Statement : [for action in flatten([statement.Action]) : split(":", action)[0]]])) == toset(["dynamodb", "s3"])
    error_message = "A trainer works with objects and records; nothing else."
  }

  assert {
    condition = !anytrue(flatten([
      for statement in jsondecode(module.training.policies_json["job"]).Statement : [
        for resource in flatten([statement.Resource]) : strcontains(resource, "/index/") || endswith(resource, "us-east-1/*")
      ]
    ]))
    error_message = "A trainer lists nobody's records and reaches objects of datasets/ and jobs/ only."
  }

  assert {
    condition     = one([for statement in jsondecode(module.training.policies_json["execution"]).Statement : statement.Resource if statement.Sid == "PullTheImage"]) == "arn:aws:ecr:us-east-1:123456789012:repository/automl-lite-training"
    error_message = "Starting a trainer may pull the one repository that training_image names."
  }
}

run "an_image_of_another_registry_needs_no_ecr" {
  command = plan

  variables {
    training_image = "ghcr.io/owner/training@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  }

  assert {
    condition     = [for statement in jsondecode(module.training.policies_json["execution"]).Statement : statement.Sid] == ["WriteTrainersLog"]
    error_message = "An image that is not ECR's needs no right there."
  }

  assert {
    condition     = module.storage.bucket_names["datasets"] == "automl-lite-dev-datasets-123456789012-us-east-1"
    error_message = "A bucket's name must hold account and region, so that it is nobody else's."
  }

  assert {
    condition     = !local.is_protected
    error_message = "dev must be destroyed with one command."
  }
}

run "prod_is_protected" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = local.is_protected
    error_message = "prod must not be destroyed by mistake."
  }

  assert {
    condition     = length(module.observability.alarm_names) <= 10
    error_message = "Ten alarms are free; an eleventh costs while idle."
  }
}
