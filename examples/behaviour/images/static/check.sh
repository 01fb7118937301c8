container
wait_port 18082
cat < /dev/tcp/127.0.0.1/18082
