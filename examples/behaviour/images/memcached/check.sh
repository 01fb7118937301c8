container
wait_port 18140
python3 -I - <<'P'
import socket, struct
HEADER = '>BBHBBHIIQ'


def talk(connection, opcode, key=b'', value=b'', extras=b''):
    connection.sendall(struct.pack(HEADER, 0x80, opcode, len(key), len(extras), 0, 0, len(extras) + len(key) + len(value), 0, 0) + extras + key + value)
    head = connection.recv(24, socket.MSG_WAITALL)
    if len(head) < 24:
        return 'closed'
    fields = struct.unpack(HEADER, head)
    body = connection.recv(fields[6], socket.MSG_WAITALL) if fields[6] else b''
    return fields[5], body[fields[3]:]


print(talk(socket.create_connection(('127.0.0.1', 18140)), 0x00, b'k'))
for password in (b'secret', b'wrong'):
    connection = socket.create_connection(('127.0.0.1', 18140))
    print(talk(connection, 0x20))
    print(talk(connection, 0x21, b'PLAIN', b'\0guest\0' + password))
    if password == b'wrong':
        break
    print(talk(connection, 0x01, b'k', b'value', struct.pack('>II', 1, 0)), talk(connection, 0x00, b'k'))
    print(talk(connection, 0x05, b'n', b'', struct.pack('>QQI', 1, 5, 0)))
    print(talk(connection, 0x00, b'missing'))
P
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
once memcached -V
once memcached -u nosuchuser 2>&1 || echo "ended $?"
