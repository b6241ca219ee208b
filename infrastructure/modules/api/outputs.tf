output "api_id" {
  description = "Identifier of the HTTP API."
  value       = aws_apigatewayv2_api.this.id
}

output "url" {
  description = "Address of the API."
  value       = aws_apigatewayv2_api.this.api_endpoint
}

output "stage_name" {
  description = "Name of the API's stage."
  value       = aws_apigatewayv2_stage.this.name
}

output "function_names" {
  description = "Names of the functions: api, authorizer."
  value       = { api = module.api.name, authorizer = module.authorizer.name }
}

output "role_names" {
  description = "Names of the functions' roles: api, authorizer."
  value       = { api = module.api.role_name, authorizer = module.authorizer.role_name }
}

output "policies_json" {
  description = "The roles' whole policies: api, authorizer."
  value       = { api = module.api.policy_json, authorizer = module.authorizer.policy_json }
}

output "access_log_group_name" {
  description = "Log group of one line a request."
  value       = aws_cloudwatch_log_group.access.name
}
