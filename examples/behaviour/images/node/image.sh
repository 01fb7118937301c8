packages="nodejs node-express"
bars="130 99"
config='{"Entrypoint":["node","/app/server.js"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","NODE_ENV=production"],"WorkingDir":"/app","User":"nobody"}'
