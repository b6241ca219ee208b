locals {
  # Made from names, which a plan knows: so a plan shows every policy in full.
  table_arns = {
    for kind, table in { datasets = aws_dynamodb_table.datasets, jobs = aws_dynamodb_table.jobs } :
    kind => "arn:${var.place.partition}:dynamodb:${var.place.region}:${var.place.account_id}:table/${table.name}"
  }
}

output "table_names" {
  description = "Name of each table: datasets, jobs."
  value = {
    datasets = aws_dynamodb_table.datasets.name
    jobs     = aws_dynamodb_table.jobs.name
  }
}

output "table_arns" {
  description = "ARN of each table: datasets, jobs."
  value       = local.table_arns
}

output "index_arns" {
  description = "ARNs of each table's indexes: datasets, jobs, by name of the index."
  value = {
    datasets = { for name in keys(local.datasets_indexes) : name => "${local.table_arns.datasets}/index/${name}" }
    jobs     = { for name in keys(local.jobs_indexes) : name => "${local.table_arns.jobs}/index/${name}" }
  }
}
