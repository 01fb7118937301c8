folder=$space/site
mkdir -p "$folder"
printf 'over tls\n' > "$folder/hello.txt"
tls_server 18443 "$folder"
container
wait_port 18086
for page in '/?zone=Asia/Tokyo' '/?zone=America/Port-au-Prince' '/?zone=Nowhere/Else' /fetch; do
  curl --silent --show-error --include "http://127.0.0.1:18086$page" | grep -v -i '^date:'
done
