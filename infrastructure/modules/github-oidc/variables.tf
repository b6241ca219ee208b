variable "name" {
  description = "Name of the platform; roles may touch what begins with it."
  type        = string
}

variable "environments" {
  description = "Environments that are deployed from GitHub, each by a role of its own."
  type        = set(string)
}

variable "repository" {
  description = "The one GitHub repository (owner/name) whose workflows may take the roles."
  type        = string
}

variable "plan_subjects" {
  description = "Which runs may plan: ends of the subjects of GitHub's tokens, written out."
  type        = set(string)
}

variable "provider_arn" {
  description = "ARN of an identity provider for GitHub that the account has already. null: one is made; an account can have only one."
  type        = string
}

variable "place" {
  description = "Where this is: partition, account and region."
  type        = object({ partition = string, account_id = string, region = string })
}

variable "state_bucket_arn" {
  description = "ARN of the bucket that holds Terraform's state."
  type        = string
}

variable "repository_arn" {
  description = "ARN of the ECR repository of the trainer's image."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that every role made by a deployment must be bound by."
  type        = string
}
