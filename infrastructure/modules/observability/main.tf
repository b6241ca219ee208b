# Nine alarms, since ten are free; each says what to do first. Mangum turns an unhandled
# error into an answer with status 500 and Lambda counts no error: hence the API's 5xx.

locals {
  alarms = {
    api-5xx = {
      description = "The API answered with 5xx five times within five minutes. First: the error lines of the functions' logs, by the request id of the access log."
      namespace   = "AWS/ApiGateway"
      metric      = "5xx"
      dimensions  = { ApiId = var.api.id, Stage = var.api.stage }
      threshold   = 5
      statistic   = "Sum"
      periods     = 1
      missing     = "notBreaching"
    }
    api-errors = {
      description = "The API's function crashed or ran out of time. First: its log group."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.function_names.api }
      threshold   = 1
      statistic   = "Sum"
      periods     = 1
      missing     = "notBreaching"
    }
    inference-errors = {
      description = "The inference function crashed or ran out of time or memory. First: its log group."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.function_names.inference }
      threshold   = 1
      statistic   = "Sum"
      periods     = 1
      missing     = "notBreaching"
    }
    events-errors = {
      description = "State changes of jobs were not followed, three times within a quarter of an hour. First: the events function's log group; the sweep repairs what a repaired function missed."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.function_names.events }
      threshold   = 1
      statistic   = "Sum"
      periods     = 3
      missing     = "notBreaching"
    }
    authorizer-errors = {
      description = "The authorizer crashed: nobody gets in. First: its log group."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.function_names.authorizer }
      threshold   = 1
      statistic   = "Sum"
      periods     = 1
      missing     = "notBreaching"
    }
    api-throttles = {
      description = "Lambda turned requests of the API away. First: the account's limit of concurrent functions (a new account has 10)."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = var.function_names.api }
      threshold   = 1
      statistic   = "Sum"
      periods     = 1
      missing     = "notBreaching"
    }
    inference-throttles = {
      description = "Lambda turned predictions away. First: the account's limit of concurrent functions (a new account has 10)."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = var.function_names.inference }
      threshold   = 1
      statistic   = "Sum"
      periods     = 1
      missing     = "notBreaching"
    }
    lost-events = {
      description = "Events wait in the queue of failures. First: read one; it says which event and why. The sweep has settled its job by now."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = var.failure_queue_name }
      threshold   = 1
      statistic   = "Maximum"
      periods     = 1
      missing     = "notBreaching"
    }
    stuck-jobs = {
      description = "Jobs do not start or do not end, or the sweep that would tell has not run for a quarter of an hour. First: the jobs in AWS Batch and their status reasons."
      namespace   = var.metric_namespace
      metric      = "StuckJobs"
      dimensions  = {}
      threshold   = 1
      statistic   = "Maximum"
      periods     = 3
      missing     = "breaching"
    }
  }
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish to a topic under the key of AWS, and a key of our own costs $1 a month while idle; messages name alarms only.
  name = "${var.prefix}-alarms"
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.prefix
  dashboard_body = jsonencode({ widgets = local.widgets })
}
