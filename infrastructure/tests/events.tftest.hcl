# How the truth about jobs comes in, and where it stays if it cannot.

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
  name  = "automl-lite-dev-events"
  place = { partition = "aws", account_id = "123456789012", region = "us-east-1" }
  function = {
    packages_dir             = "tests/packages"
    architecture             = "x86_64"
    log_level                = "info"
    log_retention_days       = 14
    traced                   = ["events"]
    permissions_boundary_arn = null
  }
  environment = { AUTOML_LOG_LEVEL = "info" }
  table_arns = {
    datasets = "arn:aws:dynamodb:us-east-1:123456789012:table/datasets"
    jobs     = "arn:aws:dynamodb:us-east-1:123456789012:table/jobs"
  }
  index_arns = {
    datasets = { by_owner = "arn:aws:dynamodb:us-east-1:123456789012:table/datasets/index/by_owner" }
    jobs     = { by_queue = "arn:aws:dynamodb:us-east-1:123456789012:table/jobs/index/by_queue" }
  }
  batch = {
    queue_arns          = ["arn:aws:batch:us-east-1:123456789012:job-queue/spot", "arn:aws:batch:us-east-1:123456789012:job-queue/on-demand"]
    job_definition_arns = "arn:aws:batch:us-east-1:123456789012:job-definition/training:*"
    job_arns            = "arn:aws:batch:us-east-1:123456789012:job/*"
  }
}

run "state_changes_and_sweeps_reach_the_function_or_the_queue" {
  command = plan

  module {
    source = "./modules/events"
  }

  assert {
    condition = aws_cloudwatch_event_rule.batch.event_pattern == jsonencode({
      source      = ["aws.batch"]
      detail-type = ["Batch Job State Change"]
      detail = {
        jobQueue = var.batch.queue_arns
        status   = ["RUNNING", "SUCCEEDED", "FAILED"]
      }
    })
    error_message = "The rule must take the state changes of our two queues, and of no others."
  }

  assert {
    condition     = aws_scheduler_schedule.sweep.schedule_expression == "rate(5 minutes)" && jsondecode(aws_scheduler_schedule.sweep.target[0].input) == { source = "automl.schedule", detail-type = "sweep" }
    error_message = "Every five minutes the function must be told to sweep."
  }

  assert {
    condition     = length(aws_cloudwatch_event_target.batch.dead_letter_config) == 1 && length(aws_scheduler_schedule.sweep.target[0].dead_letter_config) == 1
    error_message = "What cannot be delivered must be kept."
  }

  assert {
    condition     = aws_sqs_queue.failures.message_retention_seconds == 1209600 && aws_sqs_queue.failures.sqs_managed_sse_enabled
    error_message = "Failures must be kept for the longest time there is, encrypted."
  }

  assert {
    condition = jsonencode([
      for statement in jsondecode(data.aws_iam_policy_document.failures.json).Statement :
      [statement.Principal.Service, statement.Condition.ArnEquals["aws:SourceArn"]] if statement.Effect == "Allow"
    ]) == jsonencode([["events.amazonaws.com", "arn:aws:events:us-east-1:123456789012:rule/automl-lite-dev-events-batch"]])
    error_message = "Only our rule may put events on the queue."
  }

  assert {
    condition = toset([
      for statement in jsondecode(output.policies_json["function"]).Statement : statement.Sid
    ]) == toset(["SettleJobs", "SettleReadings", "FindJobsThatAreNotOver", "StartTheNextAttempt", "StopWhatNobodyWaitsFor", "LookAtTrainings", "WriteOwnLog", "WriteTraces", "KeepFailedEvents"])
    error_message = "The function must be able to do this, traced as it is, and no more."
  }
}
