# The home that people rely on: tables and buckets refuse to be deleted.
# training_image and api_token_hashes come from whoever deploys (TF_VAR_…).
environment             = "prod"
log_level               = "info"
log_retention_days      = 90
noncurrent_version_days = 30
max_training_vcpus      = 32
monthly_budget_usd      = 50
