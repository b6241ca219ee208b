# Who answers what, who needs a token, and how much is let through.

provider "aws" {
  # Nobody: planning what is not there yet asks AWS nothing, so the real provider writes
  # every policy, to the letter.
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  prefix = "automl-lite-dev"
  place  = { partition = "aws", account_id = "123456789012", region = "us-east-1" }
  function = {
    packages_dir             = "tests/packages"
    architecture             = "x86_64"
    log_level                = "info"
    log_retention_days       = 14
    traced                   = ["events"]
    permissions_boundary_arn = null
  }
  api_environment        = { AUTOML_LOG_LEVEL = "info" }
  authorizer_environment = { AUTOML_API_TOKEN_HASHES = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  bucket_arns = {
    datasets = "arn:aws:s3:::datasets"
    models   = "arn:aws:s3:::models"
    reports  = "arn:aws:s3:::reports"
  }
  table_arns = {
    datasets = "arn:aws:dynamodb:us-east-1:123456789012:table/datasets"
    jobs     = "arn:aws:dynamodb:us-east-1:123456789012:table/jobs"
  }
  index_arns = {
    datasets = { by_owner = "arn:aws:dynamodb:us-east-1:123456789012:table/datasets/index/by_owner" }
    jobs     = { by_queue = "arn:aws:dynamodb:us-east-1:123456789012:table/jobs/index/by_queue" }
  }
  batch = {
    queue_arns          = ["arn:aws:batch:us-east-1:123456789012:job-queue/spot", "arn:aws:batch:us-east-1:123456789012:job-queue/on-demand"]
    job_definition_arns = "arn:aws:batch:us-east-1:123456789012:job-definition/training:*"
    job_arns            = "arn:aws:batch:us-east-1:123456789012:job/*"
  }
  inference = {
    function_name = "automl-lite-dev-inference"
    invoke_arn    = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:automl-lite-dev-inference/invocations"
  }
  cors_origins     = []
  api_throttle     = { rate_per_s = 50, burst = 100 }
  predict_throttle = { rate_per_s = 200, burst = 400 }
}

run "every_route_but_health_needs_a_token" {
  command = plan

  module {
    source = "./modules/api"
  }

  assert {
    condition = {
      for key, route in aws_apigatewayv2_route.this : key => "${local.routes[key].function}, ${route.authorization_type}"
      } == {
      "$default"                       = "api, CUSTOM"
      "GET /health"                    = "api, NONE"
      "GET /api/health"                = "api, NONE"
      "GET /health/{part}"             = "api, NONE"
      "GET /api/health/{part}"         = "api, NONE"
      "GET /health/model-runtime"      = "inference, NONE"
      "GET /api/health/model-runtime"  = "inference, NONE"
      "POST /predict/{job_id}"         = "inference, CUSTOM"
      "POST /api/predict/{job_id}"     = "inference, CUSTOM"
      "GET /predict/{job_id}/info"     = "inference, CUSTOM"
      "GET /api/predict/{job_id}/info" = "inference, CUSTOM"
    }
    error_message = "Routes must be these, and all but health must ask the authorizer."
  }

  assert {
    condition     = length(aws_apigatewayv2_api.this.cors_configuration) == 0
    error_message = "Without further origins nobody of another origin may call."
  }

  assert {
    condition = alltrue([
      aws_apigatewayv2_authorizer.token.authorizer_type == "REQUEST",
      aws_apigatewayv2_authorizer.token.authorizer_payload_format_version == "2.0",
      aws_apigatewayv2_authorizer.token.enable_simple_responses,
      aws_apigatewayv2_authorizer.token.authorizer_result_ttl_in_seconds == 300,
      aws_apigatewayv2_authorizer.token.identity_sources == toset(["$request.header.Authorization"]),
    ])
    error_message = "The authorizer must look at the Authorization header, answer simply, and be asked again after five minutes."
  }

  assert {
    condition     = alltrue([for integration in aws_apigatewayv2_integration.this : integration.payload_format_version == "2.0"]) && length(aws_apigatewayv2_integration.this) == 2
    error_message = "Functions understand payload format 2.0."
  }

  assert {
    condition     = [aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit, aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit] == [50, 100]
    error_message = "Every route must have a throttle."
  }

  assert {
    condition     = { for route in aws_apigatewayv2_stage.this.route_settings : route.route_key => route.throttling_rate_limit } == { "POST /predict/{job_id}" = 200, "POST /api/predict/{job_id}" = 200 }
    error_message = "Predictions must have a throttle of their own, under both paths."
  }

  # 26 bytes come on top of each line; see the cost model for what a million cost.
  assert {
    condition     = length(aws_apigatewayv2_stage.this.access_log_settings[0].format) <= 200 && can(jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format).status)
    error_message = "The access log must be one short JSON line a request."
  }
}

run "a_further_origin_may_ask_before_it_calls" {
  command = plan

  module {
    source = "./modules/api"
  }

  variables {
    cors_origins = ["https://app.example.org"]
  }

  assert {
    condition     = aws_apigatewayv2_api.this.cors_configuration[0].allow_origins == toset(["https://app.example.org"]) && !aws_apigatewayv2_api.this.cors_configuration[0].allow_credentials
    error_message = "Only the listed origin may call, and without cookies."
  }

  assert {
    condition     = aws_apigatewayv2_route.this["OPTIONS /{proxy+}"].authorization_type == "NONE" && length(aws_apigatewayv2_route.this) == 12
    error_message = "A preflight carries no token, so its route must not ask for one; no other route changes."
  }
}
