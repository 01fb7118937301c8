container
wait_port 18083
page() { curl --silent --show-error --include "http://127.0.0.1:18083$1" | grep -v -i '^\(date\|last-modified\|etag\):'; }
page /plain.txt
page /page.php?word=direct
page /pretty/rewritten
page /nothing
run apache2ctl configtest 2>&1
run apache2ctl -M
run apache2ctl graceful
sleep 1
page /plain.txt | head -n 1
