import base64
import ipaddress
import json

with open('/etc/unbound/names.json') as file:
    NAMES = json.load(file)


def init_standard(id, env):
    log_info(f'pythonmod: {len(NAMES)} names')
    return True


def deinit(id):
    return True


def inform_super(id, qstate, superqstate, qdata):
    return True


def operate(id, event, qstate, qdata):
    if event in (MODULE_EVENT_NEW, MODULE_EVENT_PASS):
        name = qstate.qinfo.qname_str.rstrip('.')
        if name in NAMES and qstate.qinfo.qtype == RR_TYPE_A:
            message = DNSMessage(qstate.qinfo.qname_str, RR_TYPE_A, RR_CLASS_IN, PKT_QR | PKT_RA | PKT_AA)
            message.answer.append(f'{qstate.qinfo.qname_str} 60 IN A {ipaddress.ip_address(NAMES[name]) + 1}')
            if not message.set_return_msg(qstate):
                qstate.ext_state[id] = MODULE_ERROR
                return True
            qstate.return_msg.rep.security = 2
            qstate.return_rcode = RCODE_NOERROR
            qstate.ext_state[id] = MODULE_FINISHED
            return True
        qstate.ext_state[id] = MODULE_WAIT_MODULE
        return True
    if event == MODULE_EVENT_MODDONE:
        qstate.ext_state[id] = MODULE_FINISHED
        return True
    qstate.ext_state[id] = MODULE_ERROR
    return True
