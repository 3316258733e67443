"""What stands in for AWS in tests of credentials: STS, and AWS IoT's credentials provider. Both are
real HTTP servers on loopback, and check what they are asked as AWS does."""

import json
import re
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

EXPIRATION = "2099-01-01T00:00:00Z"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass  # a client that was refused in the handshake


class _Fake:
    """`with` stops it. `asked` has what came, `refuse` what is answered instead: (status, body)."""

    def __init__(self, context=None):
        fake = self
        self.asked = []
        self.refuse = None

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, text = fake.refuse or fake.answer_to(self, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = answer

            def log_message(self, *unused):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        if context:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._server.shutdown()
        self._server.server_close()


class Sts(_Fake):
    """AssumeRole for whoever signs with this key; botocore computes the signature that is wanted."""

    KEY, SECRET = "AKIAUPSTREAM00000000", "upstream/secret+key"

    def answer_to(self, request, body):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.asked.append(form)
        if request.headers["Authorization"].rpartition("=")[2] != self._signature(request, body):
            return 403, self.error("SignatureDoesNotMatch", "The signature does not match.")
        if form["Action"] != "AssumeRole" or form["Version"] != "2011-06-15":
            return 400, self.error("InvalidAction", "Could not find operation")
        return 200, (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
            f"<AssumedRoleUser><Arn>{escape(form['RoleArn'])}</Arn></AssumedRoleUser><Credentials>"
            "<AccessKeyId>ASIASTS</AccessKeyId><SecretAccessKey>sts-secret</SecretAccessKey>"
            f"<SessionToken>sts&amp;token</SessionToken><Expiration>{EXPIRATION}</Expiration>"
            "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )

    @staticmethod
    def error(code, message):
        return f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"

    def _signature(self, request, body):
        said = request.headers["Authorization"]
        region, service = re.search(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request", said).groups()
        assert service == "sts"
        names = re.search("SignedHeaders=([^,]+)", said).group(1).split(";")
        again = AWSRequest(
            request.command, f"http://{request.headers['Host']}{request.path}",
            headers={name: request.headers[name] for name in names}, data=body,
        )  # fmt: skip
        again.context["timestamp"] = request.headers["X-Amz-Date"]
        signer = SigV4Auth(Credentials(self.KEY, self.SECRET), service, region)
        return signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)


class CredentialsProvider(_Fake):
    """AWS IoT's: GET /role-aliases/ALIAS/credentials for who shows a certificate of the device CA."""

    def __init__(self, folder, device_ca):
        self.ca = folder / "provider.pem"
        key = folder / "provider.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key,
             "-out", self.ca, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, key)
        context.load_verify_locations(device_ca)
        context.verify_mode = ssl.CERT_REQUIRED
        super().__init__(context)

    def answer_to(self, request, body):
        self.asked.append((request.path, request.headers["x-amzn-iot-thingname"]))
        if request.path != "/role-aliases/GreengrassAlias/credentials":
            return 404, json.dumps({"message": "Invalid role alias"})
        credentials = {
            "accessKeyId": "ASIAALIAS",
            "secretAccessKey": "alias-secret",
            "sessionToken": "alias-token",
            "expiration": EXPIRATION,
        }
        return 200, json.dumps({"credentials": credentials})
