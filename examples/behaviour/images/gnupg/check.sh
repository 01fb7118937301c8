# Two gpg in a pipe may meet at their lock, which they tell and get over.
once 2>&1 | awk '/^-----BEGIN PGP MESSAGE/ { print "message"; skip = 1 } !skip { print } /^-----END PGP MESSAGE/ { skip = 0 }' | sed '/^gpg: .*lockfile/d; s/[0-9A-F]\{16,40\}/KEY/g; s/0x[0-9a-f]*/ADDRESS/g'
once encrypt /srv/in/text > "$container_root/tmp/secret.asc"
once decrypt /tmp/secret.asc 2>&1
sed -i 's/text/test/' "$container_root/srv/in/text"
once verify /srv/in/text || echo "refused $?"
