variable "prefix" {
  description = "Beginning of every name: platform and environment."
  type        = string
}

variable "place" {
  description = "Where this is: partition, account and region."
  type        = object({ partition = string, account_id = string, region = string })
}

variable "is_protected" {
  description = "Whether the tables refuse to be deleted."
  type        = bool
}
