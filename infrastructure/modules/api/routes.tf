# Which function answers what, and who needs a token: everybody but health checks, and the
# browser's question before a request (preflight), which never carries one.

locals {
  open_routes = merge(
    {
      "GET /health"               = "api"
      "GET /health/{part}"        = "api"
      "GET /health/model-runtime" = "inference"
    },
    # API Gateway answers a preflight itself, but only where a route without a token
    # catches it: the route for everything else would ask for one.
    length(var.cors_origins) > 0 ? { "OPTIONS /{proxy+}" = "api" } : {},
  )
  guarded_routes = {
    "POST /predict/{job_id}"     = "inference"
    "GET /predict/{job_id}/info" = "inference"
  }

  # The web app's origin has every path under /api.
  open    = merge(local.open_routes, { for key, function in local.open_routes : replace(key, " /", " /api/") => function if !strcontains(key, "+") })
  guarded = merge(local.guarded_routes, { for key, function in local.guarded_routes : replace(key, " /", " /api/") => function }, { "$default" = "api" })
  routes = merge(
    { for key, function in local.open : key => { function = function, is_open = true } },
    { for key, function in local.guarded : key => { function = function, is_open = false } },
  )
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:Every route has the authorizer but health checks and preflights; tests/routes.tftest.hcl names them.
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.this[each.value.function].id}"
  authorization_type = each.value.is_open ? "NONE" : "CUSTOM"
  authorizer_id      = each.value.is_open ? null : aws_apigatewayv2_authorizer.token.id
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts by itself; a key of our own costs $1 a month while idle, and lines hold no cell of a table.
  #checkov:skip=CKV_AWS_338:A year of lines is not needed to run the platform; log_retention_days says how many days are kept.
  name              = "/aws/apigateway/${var.prefix}"
  retention_in_days = var.function.log_retention_days
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.api_throttle.rate_per_s
    throttling_burst_limit = var.api_throttle.burst
  }

  dynamic "route_settings" {
    for_each = toset(["POST /predict/{job_id}", "POST /api/predict/{job_id}"])

    content {
      route_key              = route_settings.value
      throttling_rate_limit  = var.predict_throttle.rate_per_s
      throttling_burst_limit = var.predict_throttle.burst
    }
  }

  # One short line a request: at half a dollar a gigabyte, a million lines of 500 bytes
  # would cost as much as the compute of a million predictions.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      id     = "$context.requestId"
      ip     = "$context.identity.sourceIp"
      route  = "$context.routeKey"
      status = "$context.status"
      ms     = "$context.responseLatency"
      error  = "$context.error.responseType"
    })
  }

  # Settings of a route are refused before the route is there.
  depends_on = [aws_apigatewayv2_route.this]
}
