locals {
  # An HTTP API gives up after 30 s.
  answer_timeout_s = 29
}

module "api" {
  source = "../function"

  name        = "${var.prefix}-api"
  description = "The API but for predictions: FastAPI."
  handler     = "automl_backend.lambdas.api.handler"
  package     = "${var.function.packages_dir}/api-${var.function.architecture}.zip"
  # A whole vCPU: reading a table at confirm is what people wait for, and a cold start's
  # imports need processor time, not memory. Calls are few, so this costs cents.
  memory_mib               = 1769
  timeout_s                = local.answer_timeout_s
  environment              = var.api_environment
  log_level                = var.function.log_level
  log_retention_days       = var.function.log_retention_days
  is_traced                = contains(var.function.traced, "api")
  policy_json              = data.aws_iam_policy_document.api.json
  permissions_boundary_arn = var.function.permissions_boundary_arn
  architecture             = var.function.architecture
  place                    = var.place
}

module "authorizer" {
  source = "../function"

  name        = "${var.prefix}-authorizer"
  description = "Lets bearers of a known token pass."
  handler     = "automl_backend.lambdas.authorizer.handler"
  package     = "${var.function.packages_dir}/authorizer-${var.function.architecture}.zip"
  memory_mib  = 128
  # An HTTP API waits 10 s for its authorizer; hashing takes less than a millisecond.
  timeout_s                = 5
  environment              = var.authorizer_environment
  log_level                = var.function.log_level
  log_retention_days       = var.function.log_retention_days
  is_traced                = contains(var.function.traced, "authorizer")
  permissions_boundary_arn = var.function.permissions_boundary_arn
  architecture             = var.function.architecture
  place                    = var.place
}

resource "aws_apigatewayv2_api" "this" {
  name          = var.prefix
  description   = "AutoML Lite: REST API at / and under /api."
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [true] : []

    content {
      allow_origins  = var.cors_origins
      allow_methods  = ["DELETE", "GET", "PATCH", "POST", "PUT"]
      allow_headers  = ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"]
      expose_headers = ["etag", "location", "retry-after", "x-request-id"]
      max_age        = 3600
      # The token travels in a header that the page sets itself; there are no cookies.
      allow_credentials = false
    }
  }
}

resource "aws_apigatewayv2_authorizer" "token" {
  api_id                            = aws_apigatewayv2_api.this.id
  name                              = "token"
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = module.authorizer.invoke_arn
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
  identity_sources                  = ["$request.header.Authorization"]
  # A revoked token is refused by the functions at once: they look at it again.
  authorizer_result_ttl_in_seconds = 300
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = {
    api       = module.api.invoke_arn
    inference = var.inference.invoke_arn
  }

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = each.value
  integration_method     = "POST"
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_lambda_permission" "route" {
  for_each = {
    api       = module.api.name
    inference = var.inference.function_name
  }

  statement_id  = "RoutesOfTheAPI"
  action        = "lambda:InvokeFunction"
  function_name = each.value
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
}

resource "aws_lambda_permission" "authorizer" {
  statement_id  = "AuthorizerOfTheAPI"
  action        = "lambda:InvokeFunction"
  function_name = module.authorizer.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.token.id}"
}
