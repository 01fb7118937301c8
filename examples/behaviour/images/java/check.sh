folder=$space/site
mkdir -p "$folder"
printf 'over tls\n' > "$folder/hello.txt"
tls_server 18443 "$folder"
once
once https://127.0.0.1:18444/ 2>&1 | head -n 1 || true
