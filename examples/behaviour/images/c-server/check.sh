container
wait_port 18081
for turn in 1 2; do cat < /dev/tcp/127.0.0.1/18081; done
