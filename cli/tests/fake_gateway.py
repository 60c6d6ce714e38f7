"""python fake_gateway.py PORT: answers GET /api/health; GET /die ends it; SIGTERM ends it."""

import http.server
import os
import ssl
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            print("dying as asked", flush=True)
            os._exit(7)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


print("fake gateway is here", flush=True)
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if certificate := os.environ.get("GATEWAY_TLS_CERT_FILE"):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, os.environ["GATEWAY_TLS_KEY_FILE"])
    server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
