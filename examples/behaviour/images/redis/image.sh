# As the project's own image does it: started by root, changes to its user. gosu, a static program, is 2.3 MB of the bars.
packages="redis-server gosu"
bars="36.3 20.3"
config='{"Entrypoint":["gosu","redis","redis-server"],"Cmd":["--dir","/var/lib/redis","--loglevel","notice"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
