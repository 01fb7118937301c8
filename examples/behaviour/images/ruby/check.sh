container
wait_port 18090
for page in '/?name=slim' /data /time /tools /nothing; do curl --silent --show-error --write-out ' %{http_code}\n' "http://127.0.0.1:18090$page"; done
