# A Lambda function with what every one of ours needs: a role of its own, a log group that
# exists before the first line and forgets, and log lines that cost what they are worth.

locals {
  # Through a local value: a document that names a resource itself is not read before the
  # resource is there, and a plan would not show it.
  log_group_name         = aws_cloudwatch_log_group.this.name
  application_log_levels = { debug = "DEBUG", info = "INFO", warning = "WARN", error = "ERROR" }
}

resource "aws_cloudwatch_log_group" "this" {
  # Lambda would make it at the first call, without a retention.
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts by itself; a key of our own costs $1 a month while idle, and lines hold no cell of a table.
  #checkov:skip=CKV_AWS_338:A year of lines is not needed to run the platform; log_retention_days says how many days are kept.
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:A reserved concurrency cannot be had in a new account, whose limit is 10; the API's throttle and the account's limit bound the cost.
  #checkov:skip=CKV_AWS_116:The asynchronous function (events) has a queue for failures in its invoke config; the others are called synchronously.
  #checkov:skip=CKV_AWS_117:Inside a VPC the function would need interface endpoints or a NAT gateway, which cost by the hour; it reaches AWS over TLS with its role.
  #checkov:skip=CKV_AWS_173:Variables hold names and token hashes, no secret; Lambda encrypts them with the key of AWS.
  #checkov:skip=CKV_AWS_272:Packages come from the same pipeline as the plan, by hash; signing would add a profile for the same trust.
  #checkov:skip=CKV_AWS_50:traced_functions decides by cost: a trace of a prediction would cost more than the prediction.
  function_name    = var.name
  description      = var.description
  role             = aws_iam_role.this.arn
  runtime          = "python3.13"
  architectures    = [var.architecture]
  handler          = var.handler
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  memory_size      = var.memory_mib
  timeout          = var.timeout_s

  environment {
    variables = var.environment
  }

  logging_config {
    log_group             = local.log_group_name
    log_format            = "JSON"
    application_log_level = local.application_log_levels[var.log_level]
    # Without START, END and REPORT, three lines a call that would cost a million
    # predictions as much as their compute; faults of the runtime are still written.
    system_log_level = "WARN"
  }

  tracing_config {
    mode = var.is_traced ? "Active" : "PassThrough"
  }

  # The first call must find its permissions.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.has_failure_queue ? 1 : 0

  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = var.failure_queue_arn
    }
  }
}
