# A broker whose start script makes passwords, the roles of the dynamic-security plug-in and certificates' folder; a bridge in shell.
packages="mosquitto mosquitto-clients openssl ca-certificates jq gettext-base moreutils python3-paho-mqtt python3-yaml"
bars="72 48"
config='{"Entrypoint":["/docker-entrypoint.sh"],"Cmd":["/usr/sbin/mosquitto","-c","/etc/mosquitto/mosquitto.conf"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","MQTT_PORT=18530","MQTT_ADMIN=admin","MQTT_ADMIN_PASSWORD=topsecret","MQTT_USERS=alice:wonder,bob:builder"],"Volumes":{"/mosquitto":{}}}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /docker-entrypoint.sh /usr/local/bin/* /opt/bridge/*; chown -R mosquitto /app/tls; cp /app/tls/ca.crt /usr/local/share/ca-certificates/test.crt; update-ca-certificates --fresh' >&2
}
