# Predictions: numpy and onnxruntime, and nothing else to load at a cold start.

module "function" {
  source = "../function"

  name        = var.name
  description = "Predicts with deployed models."
  handler     = "automl_backend.lambdas.inference.handler"
  package     = "${var.function.packages_dir}/inference-${var.function.architecture}.zip"
  # Half a gigabyte holds the runtime and several models; more memory would only make the
  # few milliseconds of a prediction shorter than anyone notices.
  memory_mib = 512
  # An HTTP API gives up after 30 s.
  timeout_s                = 29
  environment              = var.environment
  log_level                = var.function.log_level
  log_retention_days       = var.function.log_retention_days
  is_traced                = contains(var.function.traced, "inference")
  policy_json              = data.aws_iam_policy_document.this.json
  permissions_boundary_arn = var.function.permissions_boundary_arn
  architecture             = var.function.architecture
  place                    = var.place
}
