packages="perl libdbi-perl libdbd-sqlite3-perl libjson-perl"
bars="90 70"
config='{"Entrypoint":["/app/report.pl"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() { as_root chmod 755 "$root/app/report.pl"; }
