"""What is malformed is refused, logged, and hurts nobody else: HTTP, JSON, zip, TLS, MQTT."""

import io
import json
import socket
import ssl
import zipfile

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.httpsession
import pytest

from harness import waiting
from harness.core import Core
from harness.group import Group, entry, new_thing
from harness.system import connect_iot


def address(text):
    host, _, port = text.rpartition("//")[2].rpartition(":")
    return host, int(port)


def exchange(where, data, context=None):
    """What the server answers to these bytes until it closes; our side is closed for writing."""
    with socket.create_connection(where, timeout=waiting.HANG) as plain:
        stream = plain
        if context:
            stream = context.wrap_socket(plain, server_hostname=where[0])
        answer = b""
        try:
            stream.sendall(data)
            if not context:
                plain.shutdown(socket.SHUT_WR)
            while more := stream.recv(65536):
                answer += more
        except (ConnectionError, ssl.SSLError):
            pass  # closed on us: as good as an answer
        return answer


def still_serves(endpoints):
    return endpoints.boto("greengrass").list_groups() is not None


MALFORMED_HTTP = {
    "no request at all": b"\x00\x01\x02\x03\xff\xfe\r\n\r\n",
    "no version": b"GET /greengrass/groups\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "enormous length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "bad chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "endless header": b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "ten thousand headers": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000 + b"\r\n",
    "cut in the headers": b"GET / HTTP/1.1\r\nHost: ",
    "cut in the body": b"POST /things/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    "path out of the tree": b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "percent without digits": b"GET /things/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the path": b"GET /things/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "signature of nonsense": b"GET /things HTTP/1.1\r\nHost: x\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=//, SignedHeaders=;;, Signature=\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED_HTTP)
def test_malformed_http_is_refused(service, name):
    answer = exchange(address(service.endpoints.api_http), MALFORMED_HTTP[name])
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert still_serves(service.endpoints)


def signed(endpoints, method, path, body, service="greengrass"):
    """(status, JSON) of a request that is right in all but what the test made wrong."""
    request = botocore.awsrequest.AWSRequest(
        method, endpoints.api_http + path, data=body, headers={"Content-Type": "application/json"}
    )
    credentials = botocore.credentials.Credentials(
        endpoints.access_key_id, endpoints.secret_access_key
    )
    botocore.auth.SigV4Auth(credentials, service, endpoints.region).add_auth(request)
    answer = botocore.httpsession.URLLib3Session().send(request.prepare())
    return answer.status_code, json.loads(answer.content or b"{}")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"text"', b"null", b"{\"Name\": 1}", b"{\"Name\": \"\xff\xfe\"}", b"{\"Name\": }",
     b"[" * 100_000, b"{\"InitialVersion\": \"text\"}", b"{\"InitialVersion\": {\"Cores\": {}}}"],
    ids=["cut", "array", "text", "null", "number", "not-utf8", "no-value", "deep", "shape", "list"],
)  # fmt: skip
def test_malformed_json_is_a_bad_request(service, body):
    status, answer = signed(
        service.endpoints, "POST", "/greengrass/definition/cores", body
    )
    assert status == 400
    assert answer.get("Message") or answer.get("message")
    assert still_serves(service.endpoints)


def zip_with(**entries):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("DOTS", "../../..").replace("ROOT", "/"), content)
    return data.getvalue()


@pytest.mark.parametrize(
    "archive",
    [b"", b"not a zip", zip_with(main="x")[:-30], b"PK\x05\x06" + b"\xff" * 18],
    ids=["empty", "text", "cut", "lying-directory"],
)
def test_a_malformed_zip_is_refused(service, archive):
    client = service.endpoints.boto("lambda")
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.create_function(
            FunctionName="malformed", Runtime="python3.7", Handler="main.handler",
            Role="arn:aws:iam::123456789012:role/unused", Code={"ZipFile": archive},
        )  # fmt: skip
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert still_serves(service.endpoints)


@pytest.mark.parametrize("name", ["DOTS/evil.py", "ROOTevil.py"])
def test_a_zip_that_writes_outside_of_its_folder_never_does(service, tmp_path, name):
    client = service.endpoints.boto("lambda")
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.create_function(
            FunctionName="traversal", Runtime="python3.7", Handler="main.handler",
            Role="arn:aws:iam::123456789012:role/unused",
            Code={"ZipFile": zip_with(**{name: "x"})},
        )  # fmt: skip
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


# --- Devices' doors -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    """A core with one device, and the contexts of that device for both MQTT servers."""
    folder = tmp_path_factory.mktemp("site")
    core_thing = new_thing(service.endpoints, folder, "malformed_core")
    device = new_thing(service.endpoints, folder, "malformed_device")
    group = Group(service.endpoints).give(cores=[entry(core_thing)], devices=[entry(device)])
    with Core(folder / "greengrass", service.endpoints, core_thing) as core:
        core.start()
        group.deploy()
        yield core, device, group.write_ca(folder / "group-ca.pem")
        core.stop()


@pytest.fixture(params=["service", "core"])
def door(request, service, site):
    """(address, TLS context, function that connects a good client) of an MQTT server."""
    core, device, group_ca = site
    at_core = request.param == "core"
    where = core.mqtt if at_core else service.endpoints.iot_mqtt
    ca = group_ca if at_core else service.endpoints.ca_file
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(str(device.cert), str(device.key))

    def good():
        if at_core:
            return core.connect(device, group_ca)
        return connect_iot(service.endpoints, device)

    return address(where), context, good


def text(value):
    return len(value).to_bytes(2, "big") + value


CONNECT_BODY = text(b"MQTT") + b"\x04\x02\x00\x3c" + text(b"malformed_device")
CONNECT = bytes([0x10, len(CONNECT_BODY)]) + CONNECT_BODY

MALFORMED_MQTT = {
    "nonsense": b"GET / HTTP/1.1\r\n\r\n",
    "publish before connect": b"\x30\x05\x00\x01aaa",
    "length of five bytes": b"\x10\xff\xff\xff\xff\x7f",
    "enormous length before connect": b"\x10\xff\xff\xff\x7f",
    "cut connect": CONNECT[:9],
    "wrong protocol name": b"\x10\x0c\x00\x04MQTX\x04\x02\x00\x3c\x00\x00",
    "second connect": CONNECT + CONNECT,
    "a server's packet": CONNECT + b"\x20\x02\x00\x00",
    "wildcard in a publish": CONNECT + b"\x30\x05\x00\x03a/#",
    "empty topic": CONNECT + b"\x30\x02\x00\x00",
    "NUL in a topic": CONNECT + b"\x30\x05\x00\x03a\x00b",
    "bad UTF-8 in a topic": CONNECT + b"\x30\x04\x00\x02\xc3\x28",
    "QoS 3": CONNECT + b"\x36\x05\x00\x01a\x00\x01",
    "publish without packet id": CONNECT + b"\x32\x03\x00\x01a",
    "subscribe without options": CONNECT + b"\x82\x05\x00\x01\x00\x01a",
    "subscribe of nothing": CONNECT + b"\x82\x02\x00\x01",
    "filter a/#/b": CONNECT + b"\x82\x0a\x00\x01" + text(b"a/#/b") + b"\x00",
    "reserved type": CONNECT + b"\xf0\x00",
}


@pytest.mark.parametrize("name", MALFORMED_MQTT)
def test_malformed_mqtt_closes_that_connection_alone(door, name):
    where, context, good = door
    answer = exchange(where, MALFORMED_MQTT[name], context)
    # At most a CONNACK (and nothing like an answer to what was malformed) came back.
    assert answer[:1] in (b"", b"\x20")
    with good() as client:
        assert client.connected()


def test_plain_text_on_a_tls_port_is_closed(door):
    where, _, good = door
    exchange(where, CONNECT)
    with good() as client:
        assert client.connected()


def test_a_client_without_certificate_stays_out(door):
    where, context, _ = door
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    assert exchange(where, CONNECT, context) == b""
