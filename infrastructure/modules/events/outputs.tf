output "function_name" {
  description = "Name of the function."
  value       = module.function.name
}

output "role_name" {
  description = "Name of the function's role."
  value       = module.function.role_name
}

output "policies_json" {
  description = "The whole policies of the function's role and of the schedule's: function, schedule."
  value = {
    function = module.function.policy_json
    schedule = data.aws_iam_policy_document.schedule.json
  }
}

output "failure_queue_name" {
  description = "Queue of events that could not be delivered or failed for good."
  value       = aws_sqs_queue.failures.name
}
