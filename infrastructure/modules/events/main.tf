# The truth about jobs: AWS Batch tells what became of a container, and every five minutes
# a sweep looks for what no event told.

module "function" {
  source = "../function"

  name        = var.name
  description = "Follows AWS Batch's state changes and sweeps up stale jobs."
  handler     = "automl_backend.lambdas.events.handler"
  package     = "${var.function.packages_dir}/events-${var.function.architecture}.zip"
  # Enough processor to start in about a second; 9,000 calls a month cost three cents.
  memory_mib = 512
  # A sweep asks Batch about every job that is not over.
  timeout_s                = 60
  environment              = var.environment
  log_level                = var.function.log_level
  log_retention_days       = var.function.log_retention_days
  is_traced                = contains(var.function.traced, "events")
  policy_json              = data.aws_iam_policy_document.this.json
  permissions_boundary_arn = var.function.permissions_boundary_arn
  failure_queue_arn        = local.queue_arn
  has_failure_queue        = true
  architecture             = var.function.architecture
  place                    = var.place
}

# What could not be delivered, or failed three times: kept for two weeks, with an alarm on it.
resource "aws_sqs_queue" "failures" {
  name                      = "${var.name}-failures"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "failures" {
  queue_url = aws_sqs_queue.failures.url
  policy    = data.aws_iam_policy_document.failures.json
}

resource "aws_cloudwatch_event_rule" "batch" {
  name        = "${var.name}-batch"
  description = "State changes of jobs in the platform's queues."

  event_pattern = jsonencode({
    source      = ["aws.batch"]
    detail-type = ["Batch Job State Change"]
    detail = {
      jobQueue = var.batch.queue_arns
      # Earlier states say nothing that the platform does not know.
      status = ["RUNNING", "SUCCEEDED", "FAILED"]
    }
  })
}

resource "aws_cloudwatch_event_target" "batch" {
  rule      = aws_cloudwatch_event_rule.batch.name
  target_id = "events-function"
  arn       = module.function.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.failures.arn
  }
}

resource "aws_lambda_permission" "batch" {
  statement_id  = "BatchStateChanges"
  action        = "lambda:InvokeFunction"
  function_name = module.function.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.batch.arn
}

resource "aws_scheduler_schedule" "sweep" {
  #checkov:skip=CKV_AWS_297:The schedule's input is a constant; a key of our own costs $1 a month while idle.
  name                = "${var.name}-sweep"
  description         = "Looks for jobs that no event told of."
  schedule_expression = "rate(5 minutes)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.function.arn
    role_arn = aws_iam_role.schedule.arn
    input    = jsonencode({ source = "automl.schedule", "detail-type" = "sweep" })

    retry_policy {
      # The next sweep comes in five minutes and does the same work.
      maximum_event_age_in_seconds = 300
      maximum_retry_attempts       = 2
    }

    dead_letter_config {
      arn = aws_sqs_queue.failures.arn
    }
  }
}
