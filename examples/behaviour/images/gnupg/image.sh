# Keys and secrets: a program whose work is done by agents that it starts.
packages="gnupg gpgsm gpgv pinentry-curses"
bars="38 26"
config='{"Entrypoint":["/usr/local/bin/vault"],"Cmd":["all","/srv/in/text"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() { in_root "$root" sh -c 'chmod 755 /usr/local/bin/* && mkdir -p /run/secrets /srv/in && echo secret > /run/secrets/passphrase && echo "the text" > /srv/in/text && chmod 777 /srv/in'; }
