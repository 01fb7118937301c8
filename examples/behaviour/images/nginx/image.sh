packages=nginx
bars="23 11"
config='{"Entrypoint":["nginx","-g","daemon off;"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"ExposedPorts":{"18080/tcp":{}}}'
