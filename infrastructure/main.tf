data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  prefix       = "${var.name}-${var.environment}"
  is_protected = coalesce(var.protect_data, var.environment == "prod")

  place = {
    partition  = data.aws_partition.current.partition
    account_id = data.aws_caller_identity.current.account_id
    region     = var.region
  }
  # A bucket's name is nobody else's in the world.
  bucket_suffix = "${local.place.account_id}-${var.region}"

  tags = merge(
    { Project = var.name, Environment = var.environment, ManagedBy = "terraform" },
    var.github_repository == null ? {} : { Repository = var.github_repository },
  )

  # -- What functions and containers are told; names as in .env.example ----------------

  stores = {
    S3_BUCKET_DATASETS      = module.storage.bucket_names["datasets"]
    S3_BUCKET_MODELS        = module.storage.bucket_names["models"]
    S3_BUCKET_REPORTS       = module.storage.bucket_names["reports"]
    DYNAMODB_DATASETS_TABLE = module.tables.table_names["datasets"]
    DYNAMODB_JOBS_TABLE     = module.tables.table_names["jobs"]
    AUTOML_LOG_LEVEL        = var.log_level
  }
  queues = {
    BATCH_JOB_QUEUE              = module.training.spot_queue_arn
    AUTOML_BATCH_ON_DEMAND_QUEUE = module.training.on_demand_queue_arn
    BATCH_JOB_DEFINITION         = module.training.job_definition_arn
  }
  tokens = { AUTOML_API_TOKEN_HASHES = join(",", var.api_token_hashes) }
  # Without a trace its recorder would only cost time.
  tracing = {
    for function in ["api", "events"] :
    function => { POWERTOOLS_TRACE_DISABLED = tostring(!contains(var.traced_functions, function)) }
  }

  # As automl_backend.lambdas writes them.
  metric_namespace = "AutoMLLite"

  function = {
    packages_dir             = var.packages_dir
    architecture             = var.lambda_architecture
    log_level                = var.log_level
    log_retention_days       = var.log_retention_days
    traced                   = var.traced_functions
    permissions_boundary_arn = var.permissions_boundary_arn
  }
  function_names = merge(module.api.function_names, {
    events    = module.events.function_name
    inference = module.inference.function_name
  })
  batch = {
    queue_arns          = module.training.queue_arns
    job_definition_arns = module.training.job_definition_arns
    job_arns            = module.training.job_arns
  }
}

module "storage" {
  source = "./modules/storage"

  prefix                  = local.prefix
  suffix                  = local.bucket_suffix
  place                   = local.place
  is_protected            = local.is_protected
  noncurrent_version_days = var.noncurrent_version_days
  browser_origins         = distinct(concat([module.site.url], var.cors_origins))
}

module "tables" {
  source = "./modules/tables"

  prefix       = local.prefix
  place        = local.place
  is_protected = local.is_protected
}

module "training" {
  source = "./modules/training"

  prefix                   = local.prefix
  place                    = local.place
  image                    = var.training_image
  architecture             = var.training_architecture
  environment              = merge(local.stores, { AWS_REGION = var.region })
  bucket_arns              = module.storage.bucket_arns
  table_arns               = module.tables.table_arns
  max_vcpus                = var.max_training_vcpus
  job_timeout_s            = var.job_timeout_s
  disk_gib                 = var.training_disk_gib
  vpc_cidr                 = var.vpc_cidr
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "inference" {
  source = "./modules/inference"

  name        = "${local.prefix}-inference"
  place       = local.place
  function    = local.function
  environment = merge(local.stores, local.tokens, var.extra_lambda_environment)
  bucket_arns = module.storage.bucket_arns
  table_arns  = module.tables.table_arns
}

module "api" {
  source = "./modules/api"

  prefix   = local.prefix
  place    = local.place
  function = local.function
  api_environment = merge(
    local.stores,
    local.queues,
    local.tokens,
    local.tracing.api,
    { AUTOML_INLINE_READ_BYTES = tostring(var.inline_read_bytes) },
    var.extra_lambda_environment,
  )
  authorizer_environment = local.tokens
  bucket_arns            = module.storage.bucket_arns
  table_arns             = module.tables.table_arns
  index_arns             = module.tables.index_arns
  batch                  = local.batch
  inference              = { function_name = module.inference.function_name, invoke_arn = module.inference.invoke_arn }
  cors_origins           = var.cors_origins
  api_throttle           = var.api_throttle
  predict_throttle       = var.predict_throttle
}

module "events" {
  source = "./modules/events"

  name        = "${local.prefix}-events"
  place       = local.place
  function    = local.function
  environment = merge(local.stores, local.queues, local.tracing.events, var.extra_lambda_environment)
  table_arns  = module.tables.table_arns
  index_arns  = module.tables.index_arns
  batch       = local.batch
}

module "site" {
  source = "./modules/site"

  prefix           = local.prefix
  suffix           = local.bucket_suffix
  place            = local.place
  api_url          = module.api.url
  exchange_buckets = values(module.storage.bucket_names)
  domain           = var.site_domain
  certificate_arn  = var.site_certificate_arn
  price_class      = var.site_price_class
}

module "observability" {
  source = "./modules/observability"

  prefix             = local.prefix
  place              = local.place
  api                = { id = module.api.api_id, stage = module.api.stage_name }
  function_names     = local.function_names
  failure_queue_name = module.events.failure_queue_name
  table_names        = module.tables.table_names
  metric_namespace   = local.metric_namespace
  alarm_email        = var.alarm_email
}

module "budget" {
  source = "./modules/budget"

  name        = local.prefix
  monthly_usd = var.monthly_budget_usd
  topic_arn   = module.observability.topic_arn
}
