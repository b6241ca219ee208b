# A home to try things in: `terraform destroy` removes it with everything in it.
# training_image and api_token_hashes come from whoever deploys (TF_VAR_…).
environment             = "dev"
cors_origins            = ["http://localhost:5173"]
log_level               = "debug"
log_retention_days      = 14
noncurrent_version_days = 7
max_training_vcpus      = 8
monthly_budget_usd      = 10
