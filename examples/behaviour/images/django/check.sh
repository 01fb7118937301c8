container
wait_port 18092
page() { curl --silent --show-error --write-out ' %{http_code} %{redirect_url}\n' "$@" | sed -E 's/[A-Za-z0-9]{64}/TOKEN/g'; }
page http://127.0.0.1:18092/
page --header 'Accept-Language: de' http://127.0.0.1:18092/
page http://127.0.0.1:18092/user/
page http://127.0.0.1:18092/data/
page http://127.0.0.1:18092/admin/
page --header 'Accept-Language: fr' http://127.0.0.1:18092/admin/login/?next=/admin/
page http://127.0.0.1:18092/nothing
run python3 -B manage.py check
run python3 -B manage.py showmigrations pages
