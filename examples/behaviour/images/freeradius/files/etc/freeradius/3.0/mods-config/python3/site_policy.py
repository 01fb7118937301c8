import hashlib
import ipaddress
import json

import radiusd


def instantiate(p):
    return radiusd.RLM_MODULE_OK


def post_auth(p):
    attributes = dict(p['request'] if isinstance(p, dict) else p)
    name = attributes.get('User-Name', '').strip('"')
    if not name.startswith('python'):
        return radiusd.RLM_MODULE_NOOP
    answer = json.dumps([str(ipaddress.ip_address('10.0.0.1') + 1), hashlib.sha256(name.encode()).hexdigest()[:8]])
    return radiusd.RLM_MODULE_UPDATED, (('Reply-Message', answer),), ()
