# Trainers: what is tried again, how long, where, and that nothing of it costs while idle.

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
  target = data.aws_availability_zones.this
  values = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
}

variables {
  prefix       = "automl-lite-dev"
  place        = { partition = "aws", account_id = "123456789012", region = "us-east-1" }
  image        = "123456789012.dkr.ecr.us-east-1.amazonaws.com/automl-lite-training@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  architecture = "arm64"
  environment  = { S3_BUCKET_MODELS = "models", AWS_REGION = "us-east-1" }
  bucket_arns = {
    datasets = "arn:aws:s3:::datasets"
    models   = "arn:aws:s3:::models"
    reports  = "arn:aws:s3:::reports"
  }
  table_arns = {
    datasets = "arn:aws:dynamodb:us-east-1:123456789012:table/datasets"
    jobs     = "arn:aws:dynamodb:us-east-1:123456789012:table/jobs"
  }
  max_vcpus                = 8
  job_timeout_s            = 5700
  disk_gib                 = 30
  vpc_cidr                 = "10.79.0.0/22"
  log_retention_days       = 14
  permissions_boundary_arn = null
}

run "only_the_platforms_troubles_are_tried_again" {
  command = plan

  module {
    source = "./modules/training"
  }

  assert {
    condition     = aws_batch_job_definition.trainer.retry_strategy[0].attempts == 2
    error_message = "One more attempt; the platform itself decides about further ones."
  }

  # Batch takes the first rule that matches and tries again what none matches.
  assert {
    condition = [
      for rule in aws_batch_job_definition.trainer.retry_strategy[0].evaluate_on_exit :
      lower(rule.action) == "retry" ? "retry: ${join("", compact([rule.on_status_reason, rule.on_reason, rule.on_exit_code]))}" : "exit: ${rule.on_reason}"
      ] == [
      "retry: Host EC2*",
      "retry: Your Spot Task was interrupted*",
      "retry: CannotPullContainerError*",
      "retry: 75",
      "exit: *",
    ]
    error_message = "Rules must be these, in this order, the one that ends everything else last."
  }

  assert {
    condition     = aws_batch_job_definition.trainer.timeout[0].attempt_duration_seconds == 5700
    error_message = "Every attempt must have a timeout."
  }

  assert {
    condition     = aws_batch_job_definition.trainer.scheduling_priority != null && aws_batch_scheduling_policy.fair.name == "automl-lite-dev-fair-share"
    error_message = "Owners must share the queues, for which every job needs a priority."
  }
}

run "a_container_is_what_the_image_and_its_role_say" {
  command = plan

  module {
    source = "./modules/training"
  }

  assert {
    condition = jsondecode(aws_batch_job_definition.trainer.container_properties) == {
      image            = var.image
      command          = ["python", "-m", "automl_training"]
      jobRoleArn       = "arn:aws:iam::123456789012:role/automl-lite-dev-training"
      executionRoleArn = "arn:aws:iam::123456789012:role/automl-lite-dev-training-execution"
      resourceRequirements = [
        { type = "VCPU", value = "2" },
        { type = "MEMORY", value = "8192" },
      ]
      ephemeralStorage             = { sizeInGiB = 30 }
      fargatePlatformConfiguration = { platformVersion = "LATEST" }
      runtimePlatform              = { operatingSystemFamily = "LINUX", cpuArchitecture = "ARM64" }
      networkConfiguration         = { assignPublicIp = "ENABLED" }
      linuxParameters              = { initProcessEnabled = true }
      environment = [
        { name = "AWS_REGION", value = "us-east-1" },
        { name = "S3_BUCKET_MODELS", value = "models" },
      ]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = "/aws/batch/automl-lite-dev-training"
          "awslogs-region"        = "us-east-1"
          "awslogs-stream-prefix" = "trainer"
        }
      }
    }
    error_message = "The job definition must run the trainer's entry point with its roles, size, disk, log and settings."
  }

  assert {
    condition     = { for name, environment in aws_batch_compute_environment.this : name => one(environment.compute_resources).type } == { spot = "FARGATE_SPOT", on-demand = "FARGATE" }
    error_message = "One queue must be on Spot capacity, the other on demand, both without machines of their own."
  }
}

run "nothing_comes_in_and_nothing_costs_while_idle" {
  command = plan

  module {
    source = "./modules/training"
  }

  assert {
    condition     = { for name, endpoint in aws_vpc_endpoint.gateway : name => endpoint.vpc_endpoint_type } == { s3 = "Gateway", dynamodb = "Gateway" }
    error_message = "An interface endpoint costs $7.30 a month and zone."
  }

  assert {
    condition     = [aws_vpc_security_group_egress_rule.https.ip_protocol, aws_vpc_security_group_egress_rule.https.from_port, aws_vpc_security_group_egress_rule.https.to_port] == ["tcp", 443, 443]
    error_message = "Trainers speak HTTPS and nothing else."
  }

  assert {
    condition     = length(toset(aws_subnet.public[*].availability_zone)) == 2 && !anytrue(aws_subnet.public[*].map_public_ip_on_launch)
    error_message = "Two subnets in two zones, handing out no addresses by themselves."
  }

  assert {
    condition     = aws_route.internet.nat_gateway_id == null && aws_route.internet.destination_cidr_block == "0.0.0.0/0"
    error_message = "The way out is the internet gateway, which is free; a NAT gateway costs $33 a month."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.s3_endpoint.json).Statement : statement.Sid
      if !can(statement.Condition.StringEquals["aws:PrincipalAccount"] == "123456789012")
    ] == ["LayersOfImages"]
    error_message = "The endpoint must let this account reach its own buckets only."
  }
}
