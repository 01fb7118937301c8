folder=$space/site
mkdir -p "$folder"
printf 'over tls\n' > "$folder/hello.txt"
tls_server 18443 "$folder"
once --silent --show-error https://localhost:18443/hello.txt
once --silent --show-error --cacert /app/tls/ca.crt --capath /nowhere https://127.0.0.1:18443/hello.txt
once --silent --show-error --output /tmp/copy --write-out '%{http_code} %{ssl_verify_result}\n' https://localhost:18443/nothing
once --silent --show-error --cacert /app/tls/server.key https://localhost:18443/hello.txt 2>&1 || echo "refused $?"
once --silent file:///etc/debian_version
once --silent --show-error https://nowhere.example/ 2>&1 || echo "refused $?"
once --version | sed -n 's/^Features: //p'
