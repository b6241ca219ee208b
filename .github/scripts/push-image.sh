#!/usr/bin/env bash
# Pushes a local image under the names of its environment and commit, once, and tells its digest.
# Usage: push-image.sh LOCAL_IMAGE REPOSITORY_URL ENVIRONMENT COMMIT
set -euo pipefail

local_image=$1 repository=$2 environment=$3 commit=$4
registry=${repository%%/*}
name=${repository#*/}
# The registry keeps the last two images of each environment, by this beginning of the tag.
tag=$environment-${commit:0:12}

if [ -z "$repository" ]; then
  echo "::error::The variable ECR_REPOSITORY is not set; docs/deploy.md lists the variables of the repository." >&2
  exit 1
fi

digest=$(aws ecr describe-images --repository-name "$name" --image-ids "imageTag=$tag" \
  --query 'imageDetails[0].imageDigest' --output text 2>/dev/null) || digest=
# Tags are immutable: the image of a commit is pushed by the first run and taken by later ones.
if [[ "$digest" != sha256:* ]]; then
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
  docker tag "$local_image" "$repository:$tag"
  docker push "$repository:$tag"
  docker logout "$registry"
  digest=$(aws ecr describe-images --repository-name "$name" --image-ids "imageTag=$tag" \
    --query 'imageDetails[0].imageDigest' --output text)
fi

echo "image=$repository@$digest" >>"$GITHUB_OUTPUT"
echo "Pushed \`$repository@$digest\`" >>"$GITHUB_STEP_SUMMARY"
