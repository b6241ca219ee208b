variable "name" {
  description = "Name of the platform; must be the name of the root that is deployed."
  type        = string
  default     = "automl-lite"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name must be 3 to 20 lower-case letters, digits and single hyphens, and begin with a letter: bucket names allow no more."
  }
}

variable "region" {
  description = "AWS region of the state, the image and the platform."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as us-east-1 or eu-central-1."
  }
}

variable "environments" {
  description = "Environments that GitHub deploys, each by a role of its own that is bound to the GitHub environment of the same name."
  type        = set(string)
  default     = ["dev", "prod"]

  validation {
    condition     = length(var.environments) > 0 && length(setsubtract(var.environments, ["dev", "prod"])) == 0
    error_message = "environments may hold dev and prod, and must hold one."
  }
}

variable "github_repository" {
  description = "GitHub repository (owner/name) whose workflows may plan and deploy. null: no roles are made; deploy from your own machine."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$", var.github_repository))
    error_message = "github_repository must be null or owner/name, without an address before it and without *."
  }
}

variable "plan_subjects" {
  description = "Which runs of the repository may plan: ends of the subjects of GitHub's tokens, written out."
  type        = set(string)
  default     = ["pull_request", "ref:refs/heads/main"]

  validation {
    condition     = length(var.plan_subjects) > 0 && alltrue([for end in var.plan_subjects : can(regex("^(pull_request|ref:refs/heads/[A-Za-z0-9._/-]+|environment:[A-Za-z0-9._-]+)$", end))])
    error_message = "plan_subjects must hold pull_request, ref:refs/heads/BRANCH or environment:NAME, without *."
  }
}

variable "github_provider_arn" {
  description = "ARN of the account's identity provider for token.actions.githubusercontent.com if it has one already: it can have only one. null: it is made."
  type        = string
  default     = null

  validation {
    condition     = var.github_provider_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.github_provider_arn))
    error_message = "github_provider_arn must be null or the ARN of the IAM identity provider token.actions.githubusercontent.com."
  }
}

variable "state_version_days" {
  description = "Days for which an earlier state can still be restored."
  type        = number
  default     = 90

  validation {
    condition     = var.state_version_days >= 1 && var.state_version_days <= 3650 && floor(var.state_version_days) == var.state_version_days
    error_message = "state_version_days must be a whole number from 1 to 3650."
  }
}
