#!/usr/bin/env bash
# Writes the variables that no file of the repository holds into the JSON file named by the
# first argument: region, token hashes of $ENVIRONMENT, and the trainer's image.
set -euo pipefail

file=$1
: "${ENVIRONMENT:?}" "${AWS_REGION:?}" "${GITHUB_REPOSITORY:?}"

fail() {
  echo "::error::$1" >&2
  exit 1
}

hashes=$(jq -ce --arg environment "$ENVIRONMENT" '.[$environment] | arrays | select(length > 0)' \
  <<<"${API_TOKEN_HASHES:-null}") ||
  fail "The variable API_TOKEN_HASHES must be a JSON object with a list of hashes for $ENVIRONMENT, such as {\"$ENVIRONMENT\": [\"…\"]}; docs/deploy.md shows how."

image=${TRAINING_IMAGE:-}
if [ -z "$image" ]; then
  # What runs now stays; Terraform itself knows it only by the job definition.
  definition=$(terraform -chdir=infrastructure output -raw batch_job_definition 2>/dev/null) || definition=
  if [[ "$definition" == arn:* ]]; then
    image=$(aws batch describe-job-definitions --job-definitions "$definition" \
      --query 'jobDefinitions[0].containerProperties.image' --output text)
  fi
fi
if [ -z "$image" ] || [ "$image" = None ]; then
  [ -n "${ECR_REPOSITORY:-}" ] || fail "The variable ECR_REPOSITORY is not set; docs/deploy.md lists the variables of the repository."
  digest=$(aws ecr describe-images --repository-name "${ECR_REPOSITORY#*/}" \
    --query 'sort_by(imageDetails, &imagePushedAt)[-1].imageDigest' --output text)
  [[ "$digest" == sha256:* ]] || fail "There is no image in $ECR_REPOSITORY yet; push one as docs/deploy.md shows."
  image="$ECR_REPOSITORY@$digest"
fi

jq -n --arg region "$AWS_REGION" --argjson hashes "$hashes" --arg image "$image" \
  --arg repository "$GITHUB_REPOSITORY" --arg boundary "${PERMISSIONS_BOUNDARY_ARN:-}" '{
    region: $region,
    api_token_hashes: $hashes,
    training_image: $image,
    github_repository: $repository
  } + if $boundary == "" then {} else {permissions_boundary_arn: $boundary} end' >"$file"
echo "The trainer's image is $image"
