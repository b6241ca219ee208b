# -- What it is called and where it stands --------------------------------------------

variable "name" {
  description = "Name of the platform; every resource's name begins with it. Short, since bucket names end after 63 characters."
  type        = string
  default     = "automl-lite"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name must be 3 to 20 lower-case letters, digits and single hyphens, and begin with a letter: bucket names allow no more."
  }
}

variable "environment" {
  description = "Which home of the platform this is: dev is thrown away with one command, prod is protected against that."
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "environment must be dev or prod."
  }
}

variable "region" {
  description = "AWS region of everything but CloudFront and IAM, which have none."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as us-east-1 or eu-central-1."
  }
}

variable "protect_data" {
  description = "Whether tables refuse to be deleted and buckets that hold something too. null: in prod only."
  type        = bool
  default     = null
}

variable "permissions_boundary_arn" {
  description = "ARN of the managed policy that bounds every role made here: an output of the bootstrap root, demanded by its deploy roles. null: no boundary."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be null or the ARN of an IAM policy, such as the bootstrap root's output permissions_boundary_arn."
  }
}

variable "github_repository" {
  description = "GitHub repository (owner/name) that this is deployed from, written on every resource as the tag Repository. null: no such tag. The roles of its workflows are the bootstrap root's."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$", var.github_repository))
    error_message = "github_repository must be null or owner/name, without an address before it."
  }
}

# -- Lambda ---------------------------------------------------------------------------

variable "packages_dir" {
  description = "Folder of the Lambda packages that `make package` writes, relative to this folder or absolute."
  type        = string
  default     = "../dist/lambda"

  validation {
    condition = alltrue([
      for function in ["api", "events", "inference", "authorizer"] :
      fileexists("${var.packages_dir}/${function}-${var.lambda_architecture}.zip")
    ])
    error_message = "packages_dir must hold api, events, inference and authorizer, each as NAME-ARCHITECTURE.zip of lambda_architecture; `make package` writes them to dist/lambda."
  }
}

variable "lambda_architecture" {
  description = "Processor of the Lambda functions. arm64 is 20 % cheaper; x86_64 is the default because onnxruntime has open crash reports on Lambda's arm64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.lambda_architecture)
    error_message = "lambda_architecture must be x86_64 or arm64."
  }
}

variable "log_level" {
  description = "Least level of the platform's own log lines."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "warning", "error"], var.log_level)
    error_message = "log_level must be debug, info, warning or error."
  }
}

variable "inline_read_bytes" {
  description = "Bytes up to which the API itself reads an uploaded table; a larger one is read by a Batch job, since a request must be answered within 30 s."
  type        = number
  default     = 16777216

  validation {
    condition     = var.inline_read_bytes >= 0 && var.inline_read_bytes <= 67108864 && floor(var.inline_read_bytes) == var.inline_read_bytes
    error_message = "inline_read_bytes must be a whole number from 0 (every table is read by Batch) to 67108864 (64 MiB)."
  }
}

variable "traced_functions" {
  description = "Functions whose requests X-Ray traces. 100,000 traces a month are free, then $5 a million; predictions are left out because a trace would cost more than the prediction."
  type        = set(string)
  default     = ["api", "events"]

  validation {
    condition     = length(setsubtract(var.traced_functions, ["api", "events", "inference", "authorizer"])) == 0
    error_message = "traced_functions may hold api, events, inference and authorizer."
  }
}

variable "extra_lambda_environment" {
  description = "Further environment variables of the api, events and inference functions, such as a limit of .env.example; they win over those set here."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for name in keys(var.extra_lambda_environment) :
      can(regex("^[A-Za-z][A-Za-z0-9_]+$", name)) && !can(regex("^AWS_(REGION|DEFAULT_REGION|EXECUTION_ENV|ACCESS_KEY.*|SECRET_ACCESS_KEY|SESSION_TOKEN|LAMBDA_.*)$", name))
    ])
    error_message = "extra_lambda_environment must hold names of letters, digits and underscores, and none that Lambda sets itself (AWS_REGION, AWS_ACCESS_KEY_ID, AWS_LAMBDA_…)."
  }
}

# -- Who may call ---------------------------------------------------------------------

variable "api_token_hashes" {
  description = "SHA-256 hashes (64 lower-case hexadecimal digits each) of the tokens that may call the API; never the tokens. Two at a time let a token be rotated."
  type        = list(string)
  sensitive   = true

  validation {
    condition     = length(var.api_token_hashes) >= 1 && length(var.api_token_hashes) <= 20
    error_message = "api_token_hashes must hold 1 to 20 hashes: on AWS nobody may call without a token."
  }

  validation {
    condition     = alltrue([for hash in var.api_token_hashes : can(regex("^[0-9a-f]{64}$", hash))])
    error_message = "api_token_hashes must hold SHA-256 hashes of 64 lower-case hexadecimal digits. Make one with: printf %s TOKEN | sha256sum."
  }
}

variable "cors_origins" {
  description = "Further web origins whose pages may call the API and exchange files with the buckets; the site's own origin always may."
  type        = list(string)
  default     = []

  validation {
    condition = alltrue([
      for origin in var.cors_origins :
      can(regex("^(https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?|http://(localhost|127\\.0\\.0\\.1))(:[0-9]{1,5})?$", origin))
    ])
    error_message = "cors_origins must hold origins such as https://app.example.org or http://localhost:5173: scheme and host in lower case, no path, no slash at the end, no *."
  }
}

variable "api_throttle" {
  description = "Requests a second, and requests at once above that, which the API lets through; each route of its own counts for itself."
  type        = object({ rate_per_s = number, burst = number })
  default     = { rate_per_s = 50, burst = 100 }

  validation {
    condition     = var.api_throttle.rate_per_s >= 1 && var.api_throttle.rate_per_s <= 10000 && var.api_throttle.burst >= 1 && var.api_throttle.burst <= 5000
    error_message = "api_throttle must be 1 to 10000 requests a second with a burst of 1 to 5000: an account has no more."
  }
}

variable "predict_throttle" {
  description = "The same for POST /predict/{job_id}, which is meant to be called often."
  type        = object({ rate_per_s = number, burst = number })
  default     = { rate_per_s = 200, burst = 400 }

  validation {
    condition     = var.predict_throttle.rate_per_s >= 1 && var.predict_throttle.rate_per_s <= 10000 && var.predict_throttle.burst >= 1 && var.predict_throttle.burst <= 5000
    error_message = "predict_throttle must be 1 to 10000 requests a second with a burst of 1 to 5000: an account has no more."
  }
}

# -- Training -------------------------------------------------------------------------

variable "training_image" {
  description = "Container image of the trainer by digest, as pushed to the bootstrap root's repository: REGISTRY/REPOSITORY@sha256:DIGEST."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]*(:[0-9]+)?/[a-z0-9][a-z0-9._/-]*@sha256:[0-9a-f]{64}$", var.training_image))
    error_message = "training_image must be REGISTRY/REPOSITORY@sha256: and 64 hexadecimal digits; a tag may change under a running platform and is refused."
  }
}

variable "training_architecture" {
  description = "Processor of the training containers; must be the image's."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.training_architecture)
    error_message = "training_architecture must be x86_64 or arm64."
  }
}

variable "max_training_vcpus" {
  description = "vCPUs that trainings may use at the same time, for Spot and on demand each; jobs beyond wait. Bounds what can be spent in an hour."
  type        = number
  default     = 16

  validation {
    condition     = var.max_training_vcpus >= 2 && var.max_training_vcpus <= 256 && floor(var.max_training_vcpus) == var.max_training_vcpus
    error_message = "max_training_vcpus must be a whole number from 2 (one training at a time) to 256."
  }
}

variable "job_timeout_s" {
  description = "Seconds after which AWS Batch stops an attempt that names no timeout of its own. Must exceed the largest time budget, since profiling, export and reports come on top: 1.5 x 3600 + 300."
  type        = number
  default     = 5700

  validation {
    condition     = var.job_timeout_s >= 5700 && var.job_timeout_s <= 86400
    error_message = "job_timeout_s must be between 5700 (the largest time budget of an hour, times 1.5, plus five minutes) and 86400 (one day)."
  }
}

variable "training_disk_gib" {
  description = "GiB of temporary disk of a training container; 20 are free, each further one costs $0.00011 an hour of training."
  type        = number
  default     = 30

  validation {
    condition     = var.training_disk_gib >= 21 && var.training_disk_gib <= 200 && floor(var.training_disk_gib) == var.training_disk_gib
    error_message = "training_disk_gib must be a whole number from 21 to 200: Fargate offers no other."
  }
}

variable "vpc_cidr" {
  description = "Private addresses of the trainers' network, at least a /24; matters only if the network is ever joined with another."
  type        = string
  default     = "10.79.0.0/22"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && can(regex("/(1[6-9]|2[0-4])$", var.vpc_cidr))
    error_message = "vpc_cidr must be an IPv4 block from /16 to /24, such as 10.79.0.0/22."
  }
}

# -- The site -------------------------------------------------------------------------

variable "site_domain" {
  description = "Host name of your own under which the web app is reached; its DNS record is yours to make. null: CloudFront's name."
  type        = string
  default     = null

  validation {
    condition     = var.site_domain == null || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.site_domain))
    error_message = "site_domain must be null or a host name in lower case, such as automl.example.org."
  }

  validation {
    condition     = (var.site_domain == null) == (var.site_certificate_arn == null)
    error_message = "site_domain and site_certificate_arn belong together: set both or neither."
  }
}

variable "site_certificate_arn" {
  description = "ARN of an ACM certificate in us-east-1 (where CloudFront looks for it) for site_domain. null: CloudFront's own."
  type        = string
  default     = null

  validation {
    condition     = var.site_certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/.+$", var.site_certificate_arn))
    error_message = "site_certificate_arn must be null or the ARN of an ACM certificate in us-east-1."
  }
}

variable "site_price_class" {
  description = "Which edge locations CloudFront serves the web app from: PriceClass_100 is North America, Europe and Israel."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.site_price_class)
    error_message = "site_price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

# -- Keeping, watching, spending ------------------------------------------------------

variable "noncurrent_version_days" {
  description = "Days for which an overwritten or deleted object can still be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_version_days >= 1 && var.noncurrent_version_days <= 365 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days must be a whole number from 1 to 365."
  }
}

variable "log_retention_days" {
  description = "Days for which log lines are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "alarm_email" {
  description = "Address that alarms and the budget write to; it must confirm the subscription. null: alarms show on the dashboard and in the topic only."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email must be null or an e-mail address."
  }
}

variable "monthly_budget_usd" {
  description = "US dollars a month that the account is meant to stay below; 80 % spent and 100 % forecast are notified. Counts the whole account, since costs by tag need a switch that only the payer has."
  type        = number
  default     = 25

  validation {
    condition     = var.monthly_budget_usd >= 1 && var.monthly_budget_usd <= 1000000
    error_message = "monthly_budget_usd must be between 1 and 1000000 US dollars."
  }
}
