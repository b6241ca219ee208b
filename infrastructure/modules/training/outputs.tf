locals {
  batch_arn = "arn:${var.place.partition}:batch:${var.place.region}:${var.place.account_id}"
}

output "spot_queue_arn" {
  description = "ARN of the queue on Fargate Spot."
  value       = aws_batch_job_queue.this["spot"].arn
}

output "on_demand_queue_arn" {
  description = "ARN of the queue on Fargate on demand."
  value       = aws_batch_job_queue.this["on-demand"].arn
}

output "queue_arns" {
  description = "ARNs of both queues, made from their names, which a plan knows."
  value       = [for queue in aws_batch_job_queue.this : "${local.batch_arn}:job-queue/${queue.name}"]
}

output "job_definition_arn" {
  description = "ARN of the trainer's job definition, revision included."
  value       = aws_batch_job_definition.trainer.arn
}

output "job_definition_arns" {
  description = "ARN that stands for every revision of the trainer's job definition."
  value       = "${local.batch_arn}:job-definition/${aws_batch_job_definition.trainer.name}:*"
}

output "job_arns" {
  description = "ARN that stands for the account's Batch jobs; Batch gives a job's ARN nothing of its queue."
  value       = "${local.batch_arn}:job/*"
}

output "log_group_name" {
  description = "Log group of the trainers."
  value       = aws_cloudwatch_log_group.trainer.name
}

output "job_role_name" {
  description = "Name of the trainer's role."
  value       = aws_iam_role.job.name
}

output "execution_role_name" {
  description = "Name of the role that starts the trainer."
  value       = aws_iam_role.execution.name
}

output "policies_json" {
  description = "The roles' whole policies: job, execution."
  value = {
    job       = data.aws_iam_policy_document.job.json
    execution = data.aws_iam_policy_document.execution.json
  }
}
