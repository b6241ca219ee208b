locals {
  parts = toset(["data", "compute", "edge"])
  deploy_parts = merge([
    for environment in var.environments : {
      for part in local.parts : "${environment}-${part}" => { environment = environment, part = part }
    }
  ]...)

  subjects = merge(
    { for environment in var.environments : environment => ["repo:${var.repository}:environment:${environment}"] },
    { plan = [for end in var.plan_subjects : "repo:${var.repository}:${end}"] },
  )
}

# -- Who may take a role: exact subjects of one repository -----------------------------

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects

  statement {
    sid     = "RunsOfOneRepository"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = each.value
    }
  }
}

# -- Planning --------------------------------------------------------------------------

data "aws_iam_policy_document" "plan" {
  #checkov:skip=CKV_AWS_356:access.tf says at each "*" why no resource can be named: services that have no resource level for looking.
  for_each = local.parts

  dynamic "statement" {
    for_each = [for statement in local.access.plan[each.key] : statement if length(statement.reads) > 0]

    content {
      sid       = statement.value.sid
      actions   = statement.value.reads
      resources = statement.value.resources
    }
  }

  dynamic "statement" {
    for_each = each.key == "data" ? [true] : []

    content {
      sid       = "ReadState"
      actions   = ["s3:GetObject", "s3:ListBucket"]
      resources = [var.state_bucket_arn, "${var.state_bucket_arn}/${var.name}/*"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "data" ? [true] : []

    # Which image would be deployed.
    content {
      sid       = "FindImages"
      actions   = ["ecr:DescribeImages"]
      resources = [var.repository_arn]
    }
  }
}

# -- Deploying -------------------------------------------------------------------------

data "aws_iam_policy_document" "deploy" {
  #checkov:skip=CKV_AWS_109:Policies are only put on roles of this environment, and only on roles under the boundary.
  #checkov:skip=CKV_AWS_111:access.tf says at each "*" why no resource can be named: services that have no resource level for it.
  #checkov:skip=CKV_AWS_356:access.tf says at each "*" why no resource can be named: services that have no resource level for looking.
  for_each = local.deploy_parts

  dynamic "statement" {
    for_each = local.access[each.value.environment][each.value.part]

    content {
      sid       = statement.value.sid
      actions   = concat(statement.value.reads, statement.value.changes)
      resources = statement.value.resources
    }
  }

  dynamic "statement" {
    for_each = each.value.part == "data" ? {
      KeepState = {
        actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        resources = ["${var.state_bucket_arn}/${var.name}/${each.value.environment}.tfstate*"]
      }
      FindState = { actions = ["s3:ListBucket"], resources = [var.state_bucket_arn] }
      PushAndScanImage = {
        actions = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
          "ecr:DescribeImages", "ecr:DescribeImageScanFindings", "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:StartImageScan", "ecr:UploadLayerPart",
        ]
        resources = [var.repository_arn]
      }
      # Logging in has no resource level.
      LogInToECR = { actions = ["ecr:GetAuthorizationToken"], resources = ["*"] }
    } : {}

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  dynamic "statement" {
    for_each = each.value.part == "edge" ? [true] : []

    # A deployment cannot make a role that may do more than the boundary says: else it
    # could make itself an administrator.
    content {
      sid = "RolesUnderTheBoundary"
      actions = [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
      ]
      resources = ["${local.global_arn.iam}:role/${local.scopes[each.value.environment]}-*"]

      condition {
        test     = "StringEquals"
        variable = "iam:PermissionsBoundary"
        values   = [var.permissions_boundary_arn]
      }
    }
  }

  dynamic "statement" {
    for_each = each.value.part == "edge" ? [true] : []

    content {
      sid       = "HandRolesToServices"
      actions   = ["iam:PassRole"]
      resources = ["${local.global_arn.iam}:role/${local.scopes[each.value.environment]}-*"]

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = each.value.part == "edge" ? [true] : []

    # Batch, ECS and API Gateway make themselves a role at their first use in an account.
    content {
      sid       = "ServicesOwnRoles"
      actions   = ["iam:CreateServiceLinkedRole"]
      resources = ["${local.global_arn.iam}:role/aws-service-role/*"]

      condition {
        test     = "StringEquals"
        variable = "iam:AWSServiceName"
        values   = ["batch.amazonaws.com", "ecs.amazonaws.com", "ops.apigateway.amazonaws.com"]
      }
    }
  }
}
