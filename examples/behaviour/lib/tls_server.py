"""tls_server.py PORT FOLDER CERTIFICATES: serves a folder's files by https."""
import functools
import http.server
import ssl
import sys

port, folder, certificates = sys.argv[1:4]
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificates + "/server.crt", certificates + "/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
