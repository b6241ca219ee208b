variable "name" {
  description = "Name of the function, its role and its log group."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 64 lower-case letters, digits and hyphens."
  }
}

variable "description" {
  description = "What the function does, for whoever finds it in the console."
  type        = string
}

variable "handler" {
  description = "Python path of the handler: MODULE.FUNCTION."
  type        = string

  validation {
    condition     = can(regex("^[a-z_]+(\\.[a-z_]+)+$", var.handler))
    error_message = "handler must be a dotted Python path such as automl_backend.lambdas.api.handler."
  }
}

variable "package" {
  description = "Path of the zip; at most 50 MB, the limit of a direct upload."
  type        = string
}

variable "architecture" {
  description = "Processor: x86_64 or arm64; must be the package's."
  type        = string

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "memory_mib" {
  description = "MiB of memory; processor time grows with it, a whole vCPU at 1769."
  type        = number

  validation {
    condition     = var.memory_mib >= 128 && var.memory_mib <= 10240
    error_message = "memory_mib must be between 128 and 10240."
  }
}

variable "timeout_s" {
  description = "Seconds after which Lambda ends an invocation."
  type        = number

  validation {
    condition     = var.timeout_s >= 1 && var.timeout_s <= 900
    error_message = "timeout_s must be between 1 and 900."
  }
}

variable "environment" {
  description = "Environment variables."
  type        = map(string)
}

variable "log_level" {
  description = "Least level of the function's own log lines: debug, info, warning or error."
  type        = string
}

variable "policy_json" {
  description = "What the function may do beyond writing its log, as a policy document. null: nothing."
  type        = string
  default     = null
}

variable "failure_queue_arn" {
  description = "Queue for events that an asynchronous function failed on for good. null: the function is called synchronously, and its caller learns of failures."
  type        = string
  default     = null
}

variable "has_failure_queue" {
  description = "Whether failure_queue_arn is given; apart from it, since Terraform must know this before the queue is there."
  type        = bool
  default     = false
}

variable "is_traced" {
  description = "Whether X-Ray traces requests."
  type        = bool
}

variable "log_retention_days" {
  description = "Days for which log lines are kept."
  type        = number
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the role. null: no boundary."
  type        = string
}

variable "place" {
  description = "Where this is: partition, account and region."
  type        = object({ partition = string, account_id = string, region = string })
}
