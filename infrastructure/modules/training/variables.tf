variable "prefix" {
  description = "Beginning of every name: platform and environment."
  type        = string
}

variable "place" {
  description = "Where this is: partition, account and region."
  type        = object({ partition = string, account_id = string, region = string })
}

variable "image" {
  description = "Container image of the trainer by digest: REGISTRY/REPOSITORY@sha256:DIGEST."
  type        = string
}

variable "architecture" {
  description = "Processor of the containers: x86_64 or arm64."
  type        = string
}

variable "environment" {
  description = "Environment variables of the containers, besides those that a job brings."
  type        = map(string)
}

variable "bucket_arns" {
  description = "ARNs of the buckets datasets, models and reports."
  type        = object({ datasets = string, models = string, reports = string })
}

variable "table_arns" {
  description = "ARNs of the tables datasets and jobs."
  type        = object({ datasets = string, jobs = string })
}

variable "max_vcpus" {
  description = "vCPUs that trainings may use at the same time, for Spot and on demand each."
  type        = number
}

variable "job_timeout_s" {
  description = "Seconds after which Batch stops an attempt that names no timeout of its own."
  type        = number
}

variable "disk_gib" {
  description = "GiB of temporary disk of a container."
  type        = number
}

variable "vpc_cidr" {
  description = "Private addresses of the network."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which log lines are kept."
  type        = number
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the roles. null: no boundary."
  type        = string
}
