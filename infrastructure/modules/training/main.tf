locals {
  # Which queue is the Spot one, and what its containers cost: Spot is about a third.
  capacities = { spot = "FARGATE_SPOT", on-demand = "FARGATE" }
}

resource "aws_cloudwatch_log_group" "trainer" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts by itself; a key of our own costs $1 a month while idle, and lines hold no cell of a table.
  #checkov:skip=CKV_AWS_338:A year of lines is not needed to run the platform; log_retention_days says how many days are kept.
  name              = "/aws/batch/${var.prefix}-training"
  retention_in_days = var.log_retention_days
}

resource "aws_batch_compute_environment" "this" {
  for_each = local.capacities

  # No name: its argument is compute_environment_name up to version 5 of the provider and
  # name since; and a new one can be made before the old one is gone.
  type  = "MANAGED"
  state = "ENABLED"

  compute_resources {
    type               = each.value
    max_vcpus          = var.max_vcpus
    subnets            = aws_subnet.public[*].id
    security_group_ids = [aws_security_group.trainer.id]
  }

  tags = { Name = "${var.prefix}-${each.key}" }

  lifecycle {
    create_before_destroy = true
  }

  # A container that starts before there is a way out cannot pull its image.
  depends_on = [aws_route.internet, aws_route_table_association.public]
}

# Owners share the queue: whoever trains ten tables does not keep another from training one.
resource "aws_batch_scheduling_policy" "fair" {
  name = "${var.prefix}-fair-share"

  fair_share_policy {
    # What an owner used counts less and less for an hour; all owners weigh the same.
    share_decay_seconds = 3600
  }
}

resource "aws_batch_job_queue" "this" {
  for_each = local.capacities

  name                  = "${var.prefix}-${each.key}"
  state                 = "ENABLED"
  priority              = 1
  scheduling_policy_arn = aws_batch_scheduling_policy.fair.arn

  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.this[each.key].arn
  }
}

resource "aws_batch_job_definition" "trainer" {
  name                  = "${var.prefix}-training"
  type                  = "container"
  platform_capabilities = ["FARGATE"]
  propagate_tags        = true
  # Queues with a fair-share policy want a priority of every job.
  scheduling_priority = 1

  container_properties = jsonencode({
    image            = var.image
    command          = ["python", "-m", "automl_training"]
    jobRoleArn       = local.role_arns.job
    executionRoleArn = local.role_arns.execution
    # What a job without a size of its own gets; the API asks for more or less by the data.
    resourceRequirements = [
      { type = "VCPU", value = "2" },
      { type = "MEMORY", value = "8192" },
    ]
    ephemeralStorage             = { sizeInGiB = var.disk_gib }
    fargatePlatformConfiguration = { platformVersion = "LATEST" }
    runtimePlatform = {
      operatingSystemFamily = "LINUX"
      cpuArchitecture       = upper(var.architecture)
    }
    networkConfiguration = { assignPublicIp = "ENABLED" }
    # An init process hands SIGTERM on and reaps the children that the search starts.
    linuxParameters = { initProcessEnabled = true }
    environment     = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.trainer.name
        "awslogs-region"        = var.place.region
        "awslogs-stream-prefix" = "trainer"
      }
    }
  })

  timeout {
    attempt_duration_seconds = var.job_timeout_s
  }

  # Batch knows at most five rules, takes the first that matches, and retries what none
  # matches: so the last one ends everything else, exit codes 65, 66, 70, 78 and 137
  # (out of memory) among it. A lost Spot container often has no exit code at all.
  retry_strategy {
    attempts = 2

    evaluate_on_exit {
      action           = "RETRY"
      on_status_reason = "Host EC2*"
    }

    evaluate_on_exit {
      action           = "RETRY"
      on_status_reason = "Your Spot Task was interrupted*"
    }

    evaluate_on_exit {
      action    = "RETRY"
      on_reason = "CannotPullContainerError*"
    }

    # The trainer says: the platform was in trouble, or I was interrupted.
    evaluate_on_exit {
      action       = "RETRY"
      on_exit_code = "75"
    }

    evaluate_on_exit {
      action    = "EXIT"
      on_reason = "*"
    }
  }

  # The first container must find its permissions.
  depends_on = [aws_iam_role_policy.job, aws_iam_role_policy.execution]
}
