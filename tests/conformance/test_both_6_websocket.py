"""6 MQTT over WebSocket, in both versions: frames by hand, cut where a client library would not cut them."""

import base64
import os
import socket

import pytest

from harness import testbed
from harness.mqtt_packets import V5, V311, connect, pingreq, publish, subscribe
from harness.testbed import Broker

VERSIONS = pytest.mark.parametrize("version", [V311, V5], ids=["v311", "v5"])
CONNACK = {V311: b"\x20\x02\x00\x00", V5: b"\x20"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("web"), websocket=True) as running:
        assert running.ws_port, "the server says no wsPort"
        yield running
        running.check()


class Web:
    """One WebSocket; MQTT bytes in and out."""

    def __init__(self, broker, protocol="mqtt"):
        self._socket = socket.create_connection(("127.0.0.1", broker.ws_port), timeout=testbed.hang)
        offer = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall((
            f"GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1:{broker.ws_port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n"
        ).encode())  # fmt: skip
        self.answer = b""
        while b"\r\n\r\n" not in self.answer:
            more = self._socket.recv(1)
            if not more:
                return
            self.answer += more

    def frame(self, data, opcode=2, final=True):
        mask = os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self._socket.sendall(bytes([(0x80 if final else 0) | opcode]) + size + mask + body)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self._socket.recv(count - len(data))
            except ConnectionError:
                more = b""
            if not more:
                return None
            data += more
        return data

    def receive(self):
        """(opcode, data) of the next frame, or None when the connection ends."""
        head = self._exactly(2)
        if head is None:
            return None
        size = head[1] & 0x7F
        assert not head[1] & 0x80, "a server does not mask"
        if size == 126:
            size = int.from_bytes(self._exactly(2), "big")
        return head[0] & 15, self._exactly(size)

    def mqtt(self, count):
        """So many bytes of MQTT, however they are framed."""
        data = b""
        while len(data) < count:
            got = self.receive()
            assert got is not None, f"the connection ended after {data!r}"
            opcode, part = got
            assert opcode in (0, 2), "[MQTT-6.0.0-1] MQTT is in binary frames"
            data += part
        return data

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._socket.close()


def connack_bytes(web):
    """A whole CONNACK, of unknown length."""
    data = web.mqtt(2)
    if len(data) < data[1] + 2:
        data += web.mqtt(data[1] + 2 - len(data))
    return data


def test_the_subprotocol_is_mqtt(broker):
    """[MQTT-6.0.0-3] [MQTT-6.0.0-4]"""
    with Web(broker) as web:
        assert web.answer.startswith(b"HTTP/1.1 101")
        assert b"sec-websocket-protocol: mqtt\r\n" in web.answer.lower()


@VERSIONS
def test_one_packet_a_frame(broker, version):
    """[MQTT-6.0.0-1]"""
    with Web(broker) as web:
        web.frame(connect(version, "web"))
        assert connack_bytes(web).startswith(CONNACK[version])
        web.frame(pingreq())
        assert web.mqtt(2) == b"\xd0\x00"


@VERSIONS
def test_packets_and_frames_have_nothing_to_do_with_each_other(broker, version):
    """[MQTT-6.0.0-2]: several packets in a frame, a packet over several frames, an empty frame."""
    stream = connect(version, "webcut") + pingreq()
    for cut in (1, 3, len(stream)):
        with Web(broker) as web:
            for at in range(0, len(stream), cut):
                web.frame(stream[at : at + cut])
            web.frame(b"")
            first = connack_bytes(web)
            assert (first + (web.mqtt(2) if first[1] + 2 == len(first) else b"")).endswith(b"\xd0\x00")


@VERSIONS
def test_fragments_of_a_message_are_put_together(broker, version):
    """[MQTT-6.0.0-2], RFC 6455 5.4: with a ping in between."""
    packet = connect(version, "webfragment")
    with Web(broker) as web:
        web.frame(packet[:5], final=False)
        web.frame(b"are you there", opcode=9)
        web.frame(packet[5:], opcode=0)
        got = [web.receive(), web.receive()]
        assert {opcode for opcode, _ in got} == {10, 2}
        assert dict(got)[10] == b"are you there"


@pytest.mark.mosquitto_deviates("takes them")
@VERSIONS
def test_text_frames_end_the_connection(broker, version):
    """[MQTT-6.0.0-1]"""
    with Web(broker) as web:
        web.frame(connect(version, "webtext"), opcode=1)
        got = web.receive()
        assert got is None or got[0] == 8, got


@VERSIONS
def test_messages_cross_from_tcp(broker, clients_of, version, topic):
    """6: another door to the same server"""
    with Web(broker) as web:
        web.frame(connect(version, f"web{topic}"))
        connack_bytes(web)
        web.frame(subscribe(version, 1, [(topic, 0)]))
        web.mqtt(len(subscribe(version, 1, [])) + 1)
        clients_of(broker, version)().publish(topic, "x")
        assert web.mqtt(len(publish(version, topic, "x"))) == publish(version, topic, "x")


@pytest.mark.parametrize(
    "request_",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x10\x00\x00\x00\r\n\r\n",
     b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000],
    ids=["no-upgrade", "mqtt", "headers"],
)  # fmt: skip
def test_what_is_no_websocket_is_turned_away(broker, request_):
    """RFC 6455 4.2"""
    with socket.create_connection(("127.0.0.1", broker.ws_port), timeout=testbed.hang) as plain:
        try:
            plain.sendall(request_)
            plain.shutdown(socket.SHUT_WR)
            answer = b""
            while more := plain.recv(65_536):
                answer += more
        except ConnectionError:
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 101")
