output "state_bucket" {
  description = "Bucket of the deployed root's state: -backend-config=\"bucket=…\"."
  value       = aws_s3_bucket.state.bucket
}

output "region" {
  description = "Region of state and image: -backend-config=\"region=…\"."
  value       = var.region
}

output "training_repository_url" {
  description = "Where the trainer's image is pushed to; the deployed root wants it by digest."
  value       = aws_ecr_repository.training.repository_url
}

output "permissions_boundary_arn" {
  description = "Policy that bounds every role of the platform: the variable of the same name of the deployed root, which the deploy roles insist on."
  value       = aws_iam_policy.boundary.arn
}

output "plan_role_arn" {
  description = "Role for workflows that plan (with -lock=false, since it cannot write). null without github_repository."
  value       = one(module.github_oidc[*].plan_role_arn)
}

output "deploy_role_arns" {
  description = "Role for workflows that deploy, by environment. null without github_repository."
  value       = one(module.github_oidc[*].deploy_role_arns)
}
