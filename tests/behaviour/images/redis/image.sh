# As the project's own image does it: started by root, the server changes to its user by itself.
packages="redis-server gosu"
bars="34 18"
config='{"Entrypoint":["gosu","redis","redis-server"],"Cmd":["--dir","/var/lib/redis","--loglevel","notice"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
