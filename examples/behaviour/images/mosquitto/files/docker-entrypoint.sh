#!/bin/sh
set -eu
user="$(id -u)"
if [ "$1" = /usr/sbin/mosquitto ]; then
  mkdir -p /mosquitto/data /mosquitto/log
  for file in /etc/mosquitto/templates/*.tmpl; do
    envsubst < "$file" > "/etc/mosquitto/conf.d/$(basename "$file" .tmpl)"
  done
  umask 077
  : > /mosquitto/passwd
  printf '%s\n' "$MQTT_USERS" | tr , '\n' | while IFS=: read -r name word; do
    mosquitto_passwd -b /mosquitto/passwd "$name" "$word"
  done
  if [ ! -s /mosquitto/data/dynsec.json ]; then
    plugin=$(find /usr/lib -name 'mosquitto_dynamic_security.so' | head -n 1)
    printf 'listener 18532 127.0.0.1\nallow_anonymous false\nplugin %s\nplugin_opt_config_file /mosquitto/data/dynsec.json\n' "$plugin" > /etc/mosquitto/conf.d/zz-dynsec.conf
    mosquitto_ctrl dynsec init /mosquitto/data/dynsec.json "$MQTT_ADMIN" "$MQTT_ADMIN_PASSWORD"
    jq '.defaultACLAccess.publishClientReceive = true' /mosquitto/data/dynsec.json | sponge /mosquitto/data/dynsec.json
  fi
  chmod 755 /mosquitto
  if [ "$user" = 0 ]; then chown -R mosquitto:mosquitto /mosquitto; chmod 644 /etc/mosquitto/conf.d/*; fi
  (
    until timeout 2 mosquitto_sub -p "$MQTT_PORT" -u alice -P wonder -t '$SYS/broker/version' -C 1 -W 1 > /dev/null 2>&1; do sleep 0.2; done
    exec /opt/bridge/bridge.sh
  ) &
  (until [ -e /mosquitto/bridge ]; do sleep 0.1; done; exec /opt/bridge/worker.py /opt/bridge/worker.yaml) &
fi
exec "$@"
