"""fastcgi.py PORT SCRIPT: asks a FastCGI server for a script and prints what it answers."""
import socket
import struct
import sys

BEGIN, END, PARAMETERS, INPUT, OUTPUT, ERRORS = 1, 3, 4, 5, 6, 7


def record(kind, body):
    return struct.pack("!BBHHBB", 1, kind, 1, len(body), 0, 0) + body


def pair(name, value):
    return struct.pack("!BB", len(name), len(value)) + name.encode() + value.encode()


port, script = int(sys.argv[1]), sys.argv[2]
parameters = {"SCRIPT_FILENAME": script, "REQUEST_METHOD": "GET", "SCRIPT_NAME": script, "REQUEST_URI": script,
              "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1", "QUERY_STRING": ""}
with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
    peer.sendall(record(BEGIN, struct.pack("!HB5x", 1, 0)) + record(PARAMETERS, b"".join(pair(*item) for item in parameters.items()))
                 + record(PARAMETERS, b"") + record(INPUT, b""))
    stream = peer.makefile("rb")
    kind = 0
    while kind != END:
        _, kind, _, length, padding, _ = struct.unpack("!BBHHBB", stream.read(8))
        body = stream.read(length)
        stream.read(padding)
        if kind in (OUTPUT, ERRORS):
            # A session's cookie is different every time.
            lines = [line for line in body.split(b"\n") if not line.startswith(b"Set-Cookie:")]
            sys.stdout.buffer.write(b"\n".join(lines))
