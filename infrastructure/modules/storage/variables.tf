variable "prefix" {
  description = "Beginning of every name: platform and environment."
  type        = string
}

variable "suffix" {
  description = "End of every bucket's name, which makes it unlike anybody else's: account and region."
  type        = string
}

variable "place" {
  description = "Where this is: partition, account and region."
  type        = object({ partition = string, account_id = string, region = string })
}

variable "is_protected" {
  description = "Whether a bucket that holds something refuses to be deleted."
  type        = bool
}

variable "noncurrent_version_days" {
  description = "Days for which an overwritten or deleted object can still be restored."
  type        = number
}

variable "browser_origins" {
  description = "Web origins whose pages may upload to and download from the buckets with a signed URL."
  type        = list(string)
}
