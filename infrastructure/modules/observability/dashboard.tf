locals {
  # Rows of three graphs: what users see, what the functions do, what the stores do.
  graphs = [
    {
      title = "API: requests and errors"
      stat  = "Sum"
      metrics = [
        ["AWS/ApiGateway", "Count", "ApiId", var.api.id],
        ["AWS/ApiGateway", "4xx", "ApiId", var.api.id],
        ["AWS/ApiGateway", "5xx", "ApiId", var.api.id],
      ]
    },
    {
      title = "API: milliseconds to the answer (p95)"
      stat  = "p95"
      metrics = [
        ["AWS/ApiGateway", "Latency", "ApiId", var.api.id],
        ["AWS/ApiGateway", "IntegrationLatency", "ApiId", var.api.id],
      ]
    },
    {
      title = "Jobs: stuck and lost"
      stat  = "Maximum"
      metrics = [
        [var.metric_namespace, "StuckJobs"],
        [var.metric_namespace, "LostJobs"],
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.failure_queue_name],
      ]
    },
    {
      title   = "Functions: calls"
      stat    = "Sum"
      metrics = [for name in values(var.function_names) : ["AWS/Lambda", "Invocations", "FunctionName", name]]
    },
    {
      title   = "Functions: milliseconds (p95)"
      stat    = "p95"
      metrics = [for name in values(var.function_names) : ["AWS/Lambda", "Duration", "FunctionName", name]]
    },
    {
      title = "Functions: errors and throttles"
      stat  = "Sum"
      metrics = concat(
        [for name in values(var.function_names) : ["AWS/Lambda", "Errors", "FunctionName", name]],
        [for name in values(var.function_names) : ["AWS/Lambda", "Throttles", "FunctionName", name]],
      )
    },
    {
      title   = "Tables: read units"
      stat    = "Sum"
      metrics = [for name in values(var.table_names) : ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", name]]
    },
    {
      title   = "Tables: write units"
      stat    = "Sum"
      metrics = [for name in values(var.table_names) : ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", name]]
    },
    {
      title   = "Tables: throttled requests"
      stat    = "Sum"
      metrics = [for name in values(var.table_names) : ["AWS/DynamoDB", "ThrottledRequests", "TableName", name]]
    },
  ]
  widgets = [
    for number, graph in local.graphs : {
      type   = "metric"
      x      = 8 * (number % 3)
      y      = 6 * floor(number / 3)
      width  = 8
      height = 6
      properties = {
        title   = graph.title
        region  = var.place.region
        stat    = graph.stat
        period  = 300
        metrics = graph.metrics
      }
    }
  ]
}
