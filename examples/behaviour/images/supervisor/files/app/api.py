import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        import decimal
        body = json.dumps({'path': self.path, 'sum': str(decimal.Decimal('0.1') + decimal.Decimal('0.2'))}).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
