# Coders, delegates and fonts are files that no header names.
packages="imagemagick fonts-dejavu-core ghostscript"
bars="185 166"
config='{"Entrypoint":["/usr/local/bin/thumbnail"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() { as_root chmod 755 "$root/usr/local/bin/thumbnail"; }
