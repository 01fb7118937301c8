# A web application of Debian's own gems, whose parts come by require and autoload.
packages="ruby ruby-sinatra puma ruby-sqlite3 ruby-tzinfo"
bars="58 52"
config='{"Entrypoint":["puma"],"Cmd":["--bind","tcp://127.0.0.1:18090","--threads","1:1","config.ru"],"WorkingDir":"/app","Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","RACK_ENV=production"]}'
