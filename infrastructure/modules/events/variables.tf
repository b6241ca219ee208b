variable "name" {
  description = "Name of the function, and beginning of the names of what calls it."
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

variable "table_arns" {
  description = "ARNs of the tables."
  type        = object({ datasets = string, jobs = string })
}

variable "index_arns" {
  description = "ARNs of the tables' indexes, by name of the index."
  type        = object({ datasets = map(string), jobs = map(string) })
}

variable "batch" {
  description = "ARNs of the job queues, of all revisions of the job definition, and of jobs."
  type        = object({ queue_arns = list(string), job_definition_arns = string, job_arns = string })
}
