output "bucket_name" {
  description = "Bucket that the web app's files are copied to."
  value       = aws_s3_bucket.site.bucket
}

output "url" {
  description = "Address of the web app."
  value       = "https://${var.domain == null ? aws_cloudfront_distribution.site.domain_name : var.domain}"
}

output "distribution_id" {
  description = "CloudFront distribution of the web app."
  value       = aws_cloudfront_distribution.site.id
}
