#!/usr/bin/env bash
# Asks a deployed platform what anybody may ask, and that it asks others for a token.
# Usage: smoke.sh API_URL
set -euo pipefail

api=${1%/}

# The first call of a new function starts cold, and a new route may take some seconds.
expect() {
  local status=$1 path=$2 got=
  for _ in $(seq 12); do
    got=$(curl --silent --show-error --max-time 30 --output /dev/null --write-out '%{http_code}' "$api$path") || got=000
    if [ "$got" = "$status" ]; then
      echo "$path answers $status"
      return
    fi
    sleep 5
  done
  echo "::error::$path answers $got instead of $status." >&2
  exit 1
}

expect 200 /health
expect 200 /health/ready
expect 200 /health/model-runtime
# HTTP APIs answer a missing token with 401 before any function runs.
expect 401 /jobs
