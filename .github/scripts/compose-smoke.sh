#!/usr/bin/env bash
# The compose home from nothing: builds both images, starts the platform, and has the training
# container train an uploaded data set. Needs docker with compose, curl and jq.
set -euo pipefail
cd "$(dirname "$0")/../.."

token=$(openssl rand -hex 32)
AUTOML_API_TOKEN_HASHES=$(printf %s "$token" | sha256sum | cut -d' ' -f1)
export AUTOML_API_TOKEN_HASHES
export COMPOSE_PROJECT_NAME=automl-smoke AUTOML_PORT=8731
api=http://127.0.0.1:$AUTOML_PORT

finish() {
  code=$?
  if [ "$code" -ne 0 ]; then docker compose logs --no-color --tail 100; fi
  docker compose --profile training down --volumes --remove-orphans
  exit "$code"
}
trap finish EXIT

ask() {
  curl --silent --show-error --fail-with-body --max-time 60 \
    --header "Authorization: Bearer $token" "$@"
}

docker compose --profile training config --quiet
docker compose --profile training build
docker compose up --detach --wait --wait-timeout 120

test "$(curl --silent --output /dev/null --write-out '%{http_code}' "$api/jobs")" = 401
dataset=$(ask --request POST "$api/datasets/sample" | jq -er .dataset_id)

# The very container and command of AWS Batch; the job is recorded by the trainer.
JOB_ID=composesmoke DATASET_ID=$dataset TARGET_COLUMN=species TIME_BUDGET=60 \
  docker compose --profile training run --rm training

test "$(ask "$api/jobs/composesmoke" | jq -er .status)" = completed
ask --request POST --header 'content-type: application/json' --data '{"deploy": true}' \
  "$api/jobs/composesmoke/deploy" | jq -e .is_deployed
ask --header 'content-type: application/json' --data '{"features": {"island": "Biscoe"}}' \
  "$api/predict/composesmoke" | jq -er .prediction
