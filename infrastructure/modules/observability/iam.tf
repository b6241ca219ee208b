locals {
  # Made from a name, which a plan knows.
  topic_arn = "arn:${var.place.partition}:sns:${var.place.region}:${var.place.account_id}:${aws_sns_topic.alarms.name}"
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.place.account_id]
    }
  }
}
