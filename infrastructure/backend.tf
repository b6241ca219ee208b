# Partial: bucket and region are an account's own (outputs of the bootstrap root) and come
# with `terraform init -backend-config="bucket=…" -backend-config="region=…"
# -backend-config="key=automl-lite/dev.tfstate"`. Without a backend (tests, validation):
# `terraform init -backend=false`.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
