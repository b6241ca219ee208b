#!/usr/bin/env bash
# Has the registry look for known weaknesses in an image; a critical one ends the run.
# Usage: scan-image.sh REPOSITORY_URL@sha256:DIGEST
set -euo pipefail

image=$1
repository=${image%@*}
name=${repository#*/}
arguments=(--repository-name "$name" --image-id "imageDigest=${image#*@}")

# Where the repository scans on push this scan is under way already, which the API refuses.
aws ecr start-image-scan "${arguments[@]}" >/dev/null 2>&1 || true
aws ecr wait image-scan-complete "${arguments[@]}"
counts=$(aws ecr describe-image-scan-findings "${arguments[@]}" \
  --query 'imageScanFindings.findingSeverityCounts' --output json)
echo "Known weaknesses by severity: \`$(jq -c '. // {}' <<<"$counts")\`" >>"$GITHUB_STEP_SUMMARY"

critical=$(jq '.CRITICAL // 0' <<<"$counts")
if [ "$critical" -gt 0 ]; then
  echo "::error::The image holds $critical critical weakness(es); raise the base image or the package, see the registry's findings." >&2
  exit 1
fi
