# Workflows of one GitHub repository work without a stored key: GitHub signs who they are,
# and IAM hands out an hour of a role. Planning reads; deploying is bound to a GitHub
# environment, whose rules (reviewers, branches) are GitHub's to enforce.

locals {
  issuer       = "token.actions.githubusercontent.com"
  provider_arn = var.provider_arn == null ? aws_iam_openid_connect_provider.github[0].arn : var.provider_arn
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.provider_arn == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "plan" {
  name                 = "${var.name}-github-plan"
  description          = "Workflows of ${var.repository} that plan: reads what Terraform compares."
  assume_role_policy   = data.aws_iam_policy_document.trust["plan"].json
  max_session_duration = 3600
}

resource "aws_iam_role" "deploy" {
  for_each = var.environments

  name                 = "${var.name}-github-deploy-${each.key}"
  description          = "Workflows of ${var.repository} in the environment ${each.key}: deploy and destroy."
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = 3600
}

# Managed rather than inline: three of 6,144 characters hold what one inline policy cannot.
resource "aws_iam_policy" "plan" {
  for_each = local.parts

  name        = "${var.name}-github-plan-${each.key}"
  description = "What planning reads: ${each.key}."
  policy      = data.aws_iam_policy_document.plan[each.key].minified_json
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = aws_iam_policy.plan

  role       = aws_iam_role.plan.name
  policy_arn = each.value.arn
}

resource "aws_iam_policy" "deploy" {
  for_each = local.deploy_parts

  name        = "${var.name}-github-deploy-${each.key}"
  description = "What deploying ${each.value.environment} reads and changes: ${each.value.part}."
  policy      = data.aws_iam_policy_document.deploy[each.key].minified_json
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = local.deploy_parts

  role       = aws_iam_role.deploy[each.value.environment].name
  policy_arn = aws_iam_policy.deploy[each.key].arn
}
