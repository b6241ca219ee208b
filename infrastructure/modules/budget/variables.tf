variable "name" {
  description = "Name of the budget."
  type        = string
}

variable "monthly_usd" {
  description = "US dollars a month that the account is meant to stay below."
  type        = number
}

variable "topic_arn" {
  description = "Topic that is told."
  type        = string
}
