#!/bin/bash
. /opt/bridge/functions
touch /mosquitto/bridge
mosquitto_sub -p "$MQTT_PORT" -u alice -P wonder -t 'jobs/#' -F '%t %p' | while read -r topic payload; do
  name=${topic#jobs/}
  handler=on_${name}
  if declare -F "$handler" > /dev/null; then
    mosquitto_pub -p "$MQTT_PORT" -u alice -P wonder -r -t "results/$name" -m "$("$handler" "$payload")"
  else
    mosquitto_rr -p "$MQTT_PORT" -u alice -P wonder -t "ask/$name" -e "answer/$name" -m "$payload" -W 3 | mosquitto_pub -p "$MQTT_PORT" -u alice -P wonder -r -t "results/$name" -s
  fi
done
