variable "prefix" {
  description = "Beginning of every name: platform and environment."
  type        = string
}

variable "suffix" {
  description = "End of the bucket's name, which makes it unlike anybody else's: account and region."
  type        = string
}

variable "place" {
  description = "Where this is: partition, account and region."
  type        = object({ partition = string, account_id = string, region = string })
}

variable "api_url" {
  description = "Address of the HTTP API, which answers everything under /api."
  type        = string
}

variable "exchange_buckets" {
  description = "Names of the buckets that the web app's pages exchange files with by signed URLs."
  type        = list(string)
}

variable "domain" {
  description = "Host name of its own. null: CloudFront's."
  type        = string
}

variable "certificate_arn" {
  description = "ARN of an ACM certificate in us-east-1 for the host name. null: CloudFront's own."
  type        = string
}

variable "price_class" {
  description = "Which edge locations serve the site: PriceClass_100, PriceClass_200 or PriceClass_All."
  type        = string
}
