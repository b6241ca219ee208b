variable "name" {
  description = "Name of the function."
  type        = string
}

variable "place" {
  description = "Where this is: partition, account and region."
  type        = object({ partition = string, account_id = string, region = string })
}

variable "function" {
  description = "What all functions have alike: folder of packages, processor, levels and days of the log, whether traced, boundary of the role."
  type = object({
    packages_dir             = string
    architecture             = string
    log_level                = string
    log_retention_days       = number
    traced                   = set(string)
    permissions_boundary_arn = string
  })
}

variable "environment" {
  description = "Environment variables."
  type        = map(string)
}

variable "bucket_arns" {
  description = "ARNs of the buckets."
  type        = object({ datasets = string, models = string, reports = string })
}

variable "table_arns" {
  description = "ARNs of the tables."
  type        = object({ datasets = string, jobs = string })
}
