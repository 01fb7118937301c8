# The build's tools were left in the image, as happens without a second stage.
packages="gcc make libc6-dev zlib1g-dev"
bars="26 12"
config='{"Entrypoint":["/app/server"],"Cmd":["18081"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"User":"nobody"}'
application() { in_root "$root" make -C /app server; }
