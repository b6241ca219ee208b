#!/usr/bin/env bash
# Copies the built site to its bucket and has CloudFront fetch it anew.
# Usage: publish-site.sh FOLDER
set -euo pipefail

folder=$1
[ -f "$folder/index.html" ] || { echo "::error::There is no $folder/index.html; make site builds it." >&2; exit 1; }

output() {
  terraform -chdir=infrastructure output -raw "$1"
}
bucket=$(output site_bucket)
distribution=$(output site_distribution_id)
site=$(output site_url)

# Files under assets/ are named by their content: browsers keep them, and those of the build
# before stay, for pages that are open now ask for them. Of all others they ask each time whether
# they changed. Pages go last: none may name a file that is not there yet.
aws s3 sync "$folder/assets" "s3://$bucket/assets" --cache-control 'public, max-age=31536000, immutable'
aws s3 sync "$folder" "s3://$bucket" --exclude '*.html' --exclude 'assets/*' --exclude '.*' \
  --cache-control no-cache
aws s3 sync "$folder" "s3://$bucket" --exclude '*' --include '*.html' --cache-control no-cache \
  --content-type 'text/html; charset=utf-8'
aws s3 sync "$folder" "s3://$bucket" --delete --exclude 'assets/*' --exclude '.*' \
  --cache-control no-cache

invalidation=$(aws cloudfront create-invalidation --distribution-id "$distribution" --paths '/*' \
  --query 'Invalidation.Id' --output text)
aws cloudfront wait invalidation-completed --distribution-id "$distribution" --id "$invalidation"

curl --silent --show-error --fail --max-time 30 --retry 5 --output /dev/null "$site/"
curl --silent --show-error --fail --max-time 30 --retry 5 --output /dev/null "$site/api/health"
echo "Published $site" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
