"""A file server that fails on demand: an archive of packages and a registry for examples/bad-input.sh.

    faulty.py FOLDER PORT

Serves FOLDER/www as it is, with GET and HEAD. A request whose path contains the first word of a line of FOLDER/faults fails in
the way that the second word says: a status (404, 503 ...), `cut` (the answer ends in the middle), `flip` (one byte is
another), `slow` (a second between pieces). Answers below /v2/ have the media type of a manifest where they are one.
"""

import hashlib
import http.server
import os
import sys
import time

FOLDER, PORT = sys.argv[1], int(sys.argv[2])


class Faulty(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def fault(self):
        try:
            with open(os.path.join(FOLDER, "faults")) as lines:
                for line in lines:
                    pattern, fault = line.split()
                    if pattern in self.path:
                        return fault
        except FileNotFoundError:
            pass
        return None

    def refuse(self, status):
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="faulty"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        fault = self.fault()
        if fault and fault.isdigit():
            return self.refuse(int(fault))
        path = os.path.join(FOLDER, "www", self.path.split("?")[0].lstrip("/"))
        if self.path == "/v2/":
            body = b"{}"
        elif os.path.isfile(path):
            with open(path, "rb") as file:
                body = file.read()
        else:
            return self.refuse(404)
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        if fault == "flip":
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        self.send_response(200)
        if "/manifests/" in self.path:
            self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            self.send_header("Docker-Content-Digest", digest)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "slow":
            for at in range(0, len(body), 16384):
                self.wfile.write(body[at : at + 16384])
                time.sleep(1)
        else:
            self.wfile.write(body)

    do_HEAD = do_GET

    def do_POST(self):
        fault = self.fault()
        self.refuse(int(fault) if fault and fault.isdigit() else 405)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Faulty).serve_forever()
