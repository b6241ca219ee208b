#!/usr/bin/env bash
# Initialises the root with the state of $ENVIRONMENT; arguments go to `terraform init`.
set -euo pipefail

for name in ENVIRONMENT STATE_BUCKET AWS_REGION; do
  if [ -z "${!name:-}" ]; then
    echo "::error::$name is not set; docs/deploy.md lists the variables of the repository." >&2
    exit 1
  fi
done

exec terraform -chdir=infrastructure init -input=false \
  -backend-config="bucket=$STATE_BUCKET" \
  -backend-config="key=automl-lite/$ENVIRONMENT.tfstate" \
  -backend-config="region=$AWS_REGION" \
  "$@"
