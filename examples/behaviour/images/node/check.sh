container
wait_port 18085
page() { curl --silent --show-error --include "http://127.0.0.1:18085$@" | grep -v -i '^\(date\|last-modified\|etag\):'; }
page /
page /facts
page /file.txt
page /nothing
curl --silent --show-error --header 'content-type: application/json' --data '{"a":[1,"ü"]}' http://127.0.0.1:18085/echo
