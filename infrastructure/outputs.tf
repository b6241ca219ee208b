# The first nine are variables of .env.example in lower case: they fill an .env file that
# makes a laptop's command line or container work in this home.

output "s3_bucket_datasets" {
  description = "Bucket of uploaded tables and what was read from them."
  value       = module.storage.bucket_names["datasets"]
}

output "s3_bucket_models" {
  description = "Bucket of models and bundles."
  value       = module.storage.bucket_names["models"]
}

output "s3_bucket_reports" {
  description = "Bucket of every other artifact of a job."
  value       = module.storage.bucket_names["reports"]
}

output "dynamodb_datasets_table" {
  description = "Table of data set records."
  value       = module.tables.table_names["datasets"]
}

output "dynamodb_jobs_table" {
  description = "Table of job records and all that belongs to a job."
  value       = module.tables.table_names["jobs"]
}

output "batch_job_queue" {
  description = "ARN of the queue on Fargate Spot."
  value       = module.training.spot_queue_arn
}

output "automl_batch_on_demand_queue" {
  description = "ARN of the queue on Fargate on demand."
  value       = module.training.on_demand_queue_arn
}

output "batch_job_definition" {
  description = "ARN of the trainer's job definition, revision included."
  value       = module.training.job_definition_arn
}

output "aws_region" {
  description = "Region of everything above."
  value       = var.region
}

output "api_id" {
  description = "Identifier of the HTTP API."
  value       = module.api.api_id
}

output "api_url" {
  description = "Address of the API for scripts; browsers use site_url/api."
  value       = module.api.url
}

output "site_bucket" {
  description = "Bucket that the web app's files are copied to."
  value       = module.site.bucket_name
}

output "site_url" {
  description = "Address of the web app."
  value       = module.site.url
}

output "site_distribution_id" {
  description = "CloudFront distribution to invalidate after the web app's files changed."
  value       = module.site.distribution_id
}

output "function_names" {
  description = "Names of the Lambda functions: api, events, inference, authorizer."
  value       = local.function_names
}

output "role_names" {
  description = "Names of the roles: one per function, the trainer's and the one that starts it."
  value = {
    api                = module.api.role_names["api"]
    authorizer         = module.api.role_names["authorizer"]
    events             = module.events.role_name
    inference          = module.inference.role_name
    training           = module.training.job_role_name
    training_execution = module.training.execution_role_name
  }
}

output "dashboard_url" {
  description = "Address of the CloudWatch dashboard."
  value       = module.observability.dashboard_url
}
