# Keys and indexes are the metadata store's: core/automl_core/adapters/dynamodb_tables.py
# says what lies under them. A page of any list is one Query of one index.

locals {
  # Index → hash key. Every range key is `position`: time and identifier, newest last.
  datasets_indexes = {
    by_owner = { hash_key = "owner_key", attributes = null }
    by_text  = { hash_key = "owner_key", attributes = ["search_text"] }
  }
  jobs_indexes = {
    by_owner    = { hash_key = "owner_key", attributes = null }
    by_status   = { hash_key = "status_key", attributes = null }
    by_dataset  = { hash_key = "dataset_key", attributes = null }
    by_deployed = { hash_key = "deployed_key", attributes = null }
    by_queue    = { hash_key = "queue_key", attributes = null }
    by_text     = { hash_key = "owner_key", attributes = ["search_text", "tags", "status", "dataset_id"] }
  }
}

resource "aws_dynamodb_table" "datasets" {
  #checkov:skip=CKV_AWS_119:DynamoDB encrypts with its own key for nothing; a key of our own costs $1 a month while idle.
  name                        = "${var.prefix}-datasets"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "dataset_id"
  deletion_protection_enabled = var.is_protected

  dynamic "attribute" {
    for_each = toset(concat(["dataset_id", "position"], [for index in local.datasets_indexes : index.hash_key]))

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = local.datasets_indexes

    content {
      name               = global_secondary_index.key
      hash_key           = global_secondary_index.value.hash_key
      range_key          = "position"
      projection_type    = global_secondary_index.value.attributes == null ? "ALL" : "INCLUDE"
      non_key_attributes = global_secondary_index.value.attributes
    }
  }

  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_dynamodb_table" "jobs" {
  #checkov:skip=CKV_AWS_119:DynamoDB encrypts with its own key for nothing; a key of our own costs $1 a month while idle.
  name                        = "${var.prefix}-jobs"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.is_protected

  dynamic "attribute" {
    for_each = toset(concat(["pk", "sk", "position"], [for index in local.jobs_indexes : index.hash_key]))

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = local.jobs_indexes

    content {
      name               = global_secondary_index.key
      hash_key           = global_secondary_index.value.hash_key
      range_key          = "position"
      projection_type    = global_secondary_index.value.attributes == null ? "ALL" : "INCLUDE"
      non_key_attributes = global_secondary_index.value.attributes
    }
  }

  # Deletes idempotency keys some time after their hour; the code checks the hour itself.
  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }
}
