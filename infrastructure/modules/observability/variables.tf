variable "prefix" {
  description = "Beginning of every name: platform and environment."
  type        = string
}

variable "place" {
  description = "Where this is: partition, account and region."
  type        = object({ partition = string, account_id = string, region = string })
}

variable "api" {
  description = "Identifier of the HTTP API and name of its stage."
  type        = object({ id = string, stage = string })
}

variable "function_names" {
  description = "Names of the functions: api, events, inference, authorizer."
  type        = object({ api = string, events = string, inference = string, authorizer = string })
}

variable "failure_queue_name" {
  description = "Queue of events that could not be delivered or failed for good."
  type        = string
}

variable "table_names" {
  description = "Names of the tables: datasets, jobs."
  type        = object({ datasets = string, jobs = string })
}

variable "metric_namespace" {
  description = "Namespace of the platform's own metrics."
  type        = string
}

variable "alarm_email" {
  description = "Address that alarms write to. null: none."
  type        = string
}
