# Buckets and tables: closed, encrypted, versioned, forgetful, billed by use.

provider "aws" {
  # Nobody: planning what is not there yet asks AWS nothing, so the real provider writes
  # every policy, to the letter.
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  prefix                  = "automl-lite-dev"
  suffix                  = "123456789012-us-east-1"
  place                   = { partition = "aws", account_id = "123456789012", region = "us-east-1" }
  is_protected            = true
  noncurrent_version_days = 30
  browser_origins         = ["https://automl.example.org"]
}

run "buckets_are_closed_and_forgetful" {
  command = plan

  module {
    source = "./modules/storage"
  }

  assert {
    condition     = toset(keys(aws_s3_bucket.this)) == toset(["datasets", "models", "reports"])
    error_message = "There are three buckets: datasets, models, reports."
  }

  assert {
    condition = alltrue([
      for block in aws_s3_bucket_public_access_block.this :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ]) && length(aws_s3_bucket_public_access_block.this) == 3
    error_message = "Nothing in a bucket may ever be public."
  }

  assert {
    condition = alltrue(flatten([
      for kind, policy in aws_s3_bucket_policy.this : [
        for condition in [{ Bool = { "aws:SecureTransport" = "false" } }, { NumericLessThan = { "s3:TlsVersion" = "1.2" } }] :
        contains([
          for statement in jsondecode(policy.policy).Statement : statement.Condition
          if statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*" && toset(statement.Resource) == toset([
            "arn:aws:s3:::automl-lite-dev-${kind}-123456789012-us-east-1",
            "arn:aws:s3:::automl-lite-dev-${kind}-123456789012-us-east-1/*",
          ])
        ], condition)
      ]
    ])) && length(aws_s3_bucket_policy.this) == 3
    error_message = "Every bucket must refuse plain HTTP and TLS before 1.2, for itself and its objects."
  }

  assert {
    condition     = alltrue([for versioning in aws_s3_bucket_versioning.this : versioning.versioning_configuration[0].status == "Enabled"]) && length(aws_s3_bucket_versioning.this) == 3
    error_message = "Every bucket must keep versions: a confirmed upload is pinned to one."
  }

  assert {
    condition = alltrue([
      for lifecycle in aws_s3_bucket_lifecycle_configuration.this :
      lifecycle.rule[0].status == "Enabled" && lifecycle.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 1 && lifecycle.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    ]) && length(aws_s3_bucket_lifecycle_configuration.this) == 3
    error_message = "Unfinished uploads must go after a day, old versions after noncurrent_version_days."
  }

  assert {
    condition = alltrue([
      for encryption in aws_s3_bucket_server_side_encryption_configuration.this :
      one(encryption.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    ]) && length(aws_s3_bucket_server_side_encryption_configuration.this) == 3
    error_message = "Every bucket must encrypt, with the keys that cost nothing."
  }

  assert {
    condition     = alltrue([for ownership in aws_s3_bucket_ownership_controls.this : ownership.rule[0].object_ownership == "BucketOwnerEnforced"]) && length(aws_s3_bucket_ownership_controls.this) == 3
    error_message = "No object may belong to somebody else."
  }

  assert {
    condition = alltrue([
      for cors in aws_s3_bucket_cors_configuration.this :
      one(cors.cors_rule).allowed_origins == toset(["https://automl.example.org"])
    ]) && length(aws_s3_bucket_cors_configuration.this) == 3
    error_message = "Only pages of the listed origins may use the buckets."
  }

  assert {
    condition = {
      for kind, cors in aws_s3_bucket_cors_configuration.this : kind => contains(one(cors.cors_rule).allowed_methods, "POST")
    } == { datasets = true, models = false, reports = false }
    error_message = "Browsers upload to the datasets bucket only."
  }

  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.this : !bucket.force_destroy])
    error_message = "A protected bucket that holds something must refuse to go."
  }
}

run "tables_are_billed_by_use_and_can_be_restored" {
  command = plan

  module {
    source = "./modules/tables"
  }

  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.datasets, aws_dynamodb_table.jobs] : table.billing_mode == "PAY_PER_REQUEST"])
    error_message = "A table with provisioned capacity costs by the hour."
  }

  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.datasets, aws_dynamodb_table.jobs] : table.point_in_time_recovery[0].enabled && table.deletion_protection_enabled])
    error_message = "Tables must be restorable to any second, and protected where is_protected says so."
  }

  assert {
    condition     = aws_dynamodb_table.jobs.ttl[0].enabled && aws_dynamodb_table.jobs.ttl[0].attribute_name == "ttl"
    error_message = "Expired idempotency keys must go by themselves."
  }

  assert {
    condition = {
      for index in aws_dynamodb_table.jobs.global_secondary_index : index.name => join(" ", concat([index.hash_key, index.range_key, index.projection_type], sort(tolist(index.non_key_attributes == null ? [] : index.non_key_attributes))))
      } == {
      by_owner    = "owner_key position ALL"
      by_status   = "status_key position ALL"
      by_dataset  = "dataset_key position ALL"
      by_deployed = "deployed_key position ALL"
      by_queue    = "queue_key position ALL"
      by_text     = "owner_key position INCLUDE dataset_id search_text status tags"
    }
    error_message = "The jobs table's indexes must be those that the metadata store asks."
  }

  assert {
    condition = {
      for index in aws_dynamodb_table.datasets.global_secondary_index : index.name => "${index.hash_key} ${index.range_key} ${index.projection_type}"
      } == {
      by_owner = "owner_key position ALL"
      by_text  = "owner_key position INCLUDE"
    }
    error_message = "The datasets table's indexes must be those that the metadata store asks."
  }

  assert {
    condition     = [aws_dynamodb_table.datasets.hash_key, aws_dynamodb_table.jobs.hash_key, aws_dynamodb_table.jobs.range_key] == ["dataset_id", "pk", "sk"]
    error_message = "Keys must be those of the metadata store."
  }

  assert {
    condition     = length(output.index_arns.jobs) == 6 && length(output.index_arns.datasets) == 2
    error_message = "Policies must name every index."
  }
}
