#!/bin/sh
set -e
defined_envs=$(printf '${%s} ' $(awk "END { for (name in ENVIRON) { print ( name ~ /${NGINX_ENVSUBST_FILTER}/ ) ? name : \"\" } }" < /dev/null))
find /etc/nginx/templates -follow -type f -name "*.template" -print | while read -r template; do
  relative_path="${template#/etc/nginx/templates/}"
  output_path="/etc/nginx/sites-enabled/${relative_path%.template}"
  mkdir -p "$(dirname "$output_path")"
  envsubst "$defined_envs" < "$template" > "$output_path"
done
