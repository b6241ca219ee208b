locals {
  # Made from names, which a plan knows: so a plan shows every policy in full.
  bucket_arns = { for kind, bucket in aws_s3_bucket.this : kind => "arn:${var.place.partition}:s3:::${bucket.bucket}" }
}

output "bucket_names" {
  description = "Name of each bucket: datasets, models, reports."
  value       = { for kind, bucket in aws_s3_bucket.this : kind => bucket.bucket }
}

output "bucket_arns" {
  description = "ARN of each bucket: datasets, models, reports."
  value       = local.bucket_arns
}
