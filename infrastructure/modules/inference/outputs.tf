output "function_name" {
  description = "Name of the function."
  value       = module.function.name
}

output "invoke_arn" {
  description = "ARN by which API Gateway calls the function."
  value       = module.function.invoke_arn
}

output "role_name" {
  description = "Name of the function's role."
  value       = module.function.role_name
}

output "policy_json" {
  description = "The role's whole policy."
  value       = module.function.policy_json
}
