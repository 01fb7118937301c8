# A static program of Go that has tools of packages do its work. Their names, and those of files, stand one in another in it.
packages="jq poppler-utils xz-utils bsdextrautils wamerican-small git file"
bars="92 62"
config='{"Entrypoint":["/app/worker"],"Cmd":["all"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"User":"nobody"}'
. "$here/lib/go.sh"
application() { go_program /app/worker.go /app/worker; }
