# The repository is made by the original's git.
client sh -c 'export GIT_AUTHOR_DATE=2025-01-01T00:00:00Z GIT_COMMITTER_DATE=2025-01-01T00:00:00Z; cd /tmp && git init -q -b main work && cd work &&
  git config user.name tester && git config user.email tester@example.org && seq 100 > numbers && git add . && git commit -q -m first && git tag v1 &&
  echo more >> numbers && git commit -q -a -m second && git clone -q --bare . ../repository.git && git -C ../repository.git update-server-info'
tls_server 18443 "$client_root/tmp"
once
once https://localhost:18443/none.git 2>&1 || echo "refused $?"
