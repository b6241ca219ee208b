output "plan_role_arn" {
  description = "ARN of the role that plans."
  value       = aws_iam_role.plan.arn
}

output "deploy_role_arns" {
  description = "ARN of the role that deploys, by environment."
  value       = { for environment, role in aws_iam_role.deploy : environment => role.arn }
}

output "policies_json" {
  description = "Every policy of the roles: plan/PART and ENVIRONMENT/PART."
  value = merge(
    { for part, document in data.aws_iam_policy_document.plan : "plan/${part}" => document.minified_json },
    { for key, document in data.aws_iam_policy_document.deploy : "${local.deploy_parts[key].environment}/${local.deploy_parts[key].part}" => document.minified_json },
  )
}

output "trust_json" {
  description = "Who may take each role: plan, and every environment."
  value       = { for role, document in data.aws_iam_policy_document.trust : role => document.minified_json }
}
