#!/usr/bin/python3
import importlib
import ssl
import sys

import paho.mqtt.client as mqtt
import yaml

with open(sys.argv[1]) as file:
    settings = yaml.safe_load(file)


def on_connect(client, userdata, flags, code, properties=None):
    for topic in settings['handlers']:
        client.subscribe(topic)


def on_message(client, userdata, message):
    module, _, function = settings['handlers'][message.topic].rpartition('.')
    answer = getattr(importlib.import_module(module), function)(message.payload.decode())
    client.publish(message.topic.replace('ask/', 'answer/'), str(answer))


client = mqtt.Client('worker', transport=settings.get('transport', 'tcp'))
if settings.get('tls'):
    client.tls_set(settings['tls']['ca'], cert_reqs=ssl.CERT_REQUIRED)
if settings.get('user'):
    client.username_pw_set(**settings['user'])
client.on_connect = on_connect
client.on_message = on_message
client.connect(settings['host'], settings['port'])
client.loop_forever()
