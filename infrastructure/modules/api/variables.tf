variable "prefix" {
  description = "Beginning of every name: platform and environment."
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

variable "api_environment" {
  description = "Environment variables of the API's function."
  type        = map(string)
}

variable "authorizer_environment" {
  description = "Environment variables of the authorizer's function."
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

variable "index_arns" {
  description = "ARNs of the tables' indexes, by name of the index."
  type        = object({ datasets = map(string), jobs = map(string) })
}

variable "batch" {
  description = "ARNs of the job queues, of all revisions of the job definition, and of jobs."
  type        = object({ queue_arns = list(string), job_definition_arns = string, job_arns = string })
}

variable "inference" {
  description = "Name of the inference function, and the ARN by which API Gateway calls it."
  type        = object({ function_name = string, invoke_arn = string })
}

variable "cors_origins" {
  description = "Web origins other than the site's whose pages may call the API."
  type        = list(string)
}

variable "api_throttle" {
  description = "Requests a second and burst of every route without a limit of its own."
  type        = object({ rate_per_s = number, burst = number })
}

variable "predict_throttle" {
  description = "Requests a second and burst of POST /predict/{job_id}."
  type        = object({ rate_per_s = number, burst = number })
}
