locals {
  # Made from names, which a plan knows, and as local values: so a plan shows every policy.
  rule_name = aws_cloudwatch_event_rule.batch.name
  queue_arn = "arn:${var.place.partition}:sqs:${var.place.region}:${var.place.account_id}:${aws_sqs_queue.failures.name}"
}

# -- What the function does -----------------------------------------------------------

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "SettleJobs"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [var.table_arns.jobs]

    # Items of jobs, and no others: not the platform's secrets, not idempotency keys.
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["job#*"]
    }
  }

  statement {
    sid       = "SettleReadings"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [var.table_arns.datasets]
  }

  statement {
    sid       = "FindJobsThatAreNotOver"
    actions   = ["dynamodb:Query"]
    resources = [var.index_arns.jobs["by_queue"]]
  }

  statement {
    sid       = "StartTheNextAttempt"
    actions   = ["batch:SubmitJob"]
    resources = concat(var.batch.queue_arns, [var.batch.job_definition_arns])
  }

  statement {
    sid       = "StopWhatNobodyWaitsFor"
    actions   = ["batch:TerminateJob"]
    resources = [var.batch.job_arns]
  }

  statement {
    sid     = "LookAtTrainings"
    actions = ["batch:DescribeJobs", "batch:ListJobs"]
    # Batch has no resource level for looking.
    #checkov:skip=CKV_AWS_356:Batch has no resource level for looking.
    resources = ["*"]
  }
}

# -- What may be put on the queue of failures -----------------------------------------

data "aws_iam_policy_document" "failures" {
  statement {
    sid       = "UndeliveredStateChanges"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${var.place.partition}:events:${var.place.region}:${var.place.account_id}:rule/${local.rule_name}"]
    }
  }

  statement {
    sid       = "RefusePlainHTTP"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# -- What the schedule does -----------------------------------------------------------

data "aws_iam_policy_document" "schedule_trust" {
  statement {
    sid     = "SchedulesOfThisAccountRunAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.place.account_id]
    }
  }
}

data "aws_iam_policy_document" "schedule" {
  statement {
    sid       = "CallTheFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = ["arn:${var.place.partition}:lambda:${var.place.region}:${var.place.account_id}:function:${module.function.name}"]
  }

  statement {
    sid       = "KeepUndeliveredSweeps"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]
  }
}

resource "aws_iam_role" "schedule" {
  name                 = "${var.name}-sweep"
  description          = "What the schedule of the sweep may do."
  assume_role_policy   = data.aws_iam_policy_document.schedule_trust.json
  permissions_boundary = var.function.permissions_boundary_arn
}

resource "aws_iam_role_policy" "schedule" {
  name   = "permissions"
  role   = aws_iam_role.schedule.name
  policy = data.aws_iam_policy_document.schedule.json
}
