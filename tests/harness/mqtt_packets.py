"""MQTT 3.1.1 and 5.0 on the wire: builds any packet, wrong ones too; reads what a server may send, strictly."""

import select
import socket
import ssl
from collections import deque
from dataclasses import dataclass, field

from . import waiting

V311, V5 = 4, 5

(CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE,
 UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH) = range(1, 16)  # fmt: skip

NAMES = (
    "reserved CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE "
    "UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH"
).split()

# Name: (identifier, type, packets that may carry it) as in table 2-4 of the 5.0 standard.
WILL = 0  # in place of a packet type: the properties of a will
ACKS = {PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK}
PROPERTIES = {
    "payload_format": (0x01, "byte", {PUBLISH, WILL}),
    "message_expiry": (0x02, "u32", {PUBLISH, WILL}),
    "content_type": (0x03, "string", {PUBLISH, WILL}),
    "response_topic": (0x08, "string", {PUBLISH, WILL}),
    "correlation_data": (0x09, "binary", {PUBLISH, WILL}),
    "subscription_id": (0x0B, "varint", {PUBLISH, SUBSCRIBE}),
    "session_expiry": (0x11, "u32", {CONNECT, CONNACK, DISCONNECT}),
    "assigned_client_id": (0x12, "string", {CONNACK}),
    "server_keep_alive": (0x13, "u16", {CONNACK}),
    "auth_method": (0x15, "string", {CONNECT, CONNACK, AUTH}),
    "auth_data": (0x16, "binary", {CONNECT, CONNACK, AUTH}),
    "request_problem_info": (0x17, "byte", {CONNECT}),
    "will_delay": (0x18, "u32", {WILL}),
    "request_response_info": (0x19, "byte", {CONNECT}),
    "response_info": (0x1A, "string", {CONNACK}),
    "server_reference": (0x1C, "string", {CONNACK, DISCONNECT}),
    "reason_string": (0x1F, "string", {CONNACK, DISCONNECT, AUTH} | ACKS),
    "receive_maximum": (0x21, "u16", {CONNECT, CONNACK}),
    "topic_alias_maximum": (0x22, "u16", {CONNECT, CONNACK}),
    "topic_alias": (0x23, "u16", {PUBLISH}),
    "maximum_qos": (0x24, "byte", {CONNACK}),
    "retain_available": (0x25, "byte", {CONNACK}),
    "user_property": (0x26, "pair", set(range(16)) - {PINGREQ, PINGRESP}),
    "maximum_packet_size": (0x27, "u32", {CONNECT, CONNACK}),
    "wildcard_available": (0x28, "byte", {CONNACK}),
    "subscription_ids_available": (0x29, "byte", {CONNACK}),
    "shared_available": (0x2A, "byte", {CONNACK}),
}
BY_IDENTIFIER = {row[0]: (name, *row[1:]) for name, row in PROPERTIES.items()}
SIZES = {"byte": 1, "u16": 2, "u32": 4}


# --- Building -------------------------------------------------------------------------------------


def varint(value):
    """A variable byte integer in its shortest form."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def as_bytes(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def text(value):
    """A string or binary field: two bytes of length, then the bytes."""
    value = as_bytes(value)
    return len(value).to_bytes(2, "big") + value


def one_property(name, value):
    identifier, kind, _ = PROPERTIES[name]
    if kind in SIZES:
        return varint(identifier) + value.to_bytes(SIZES[kind], "big")
    if kind == "varint":
        return varint(identifier) + varint(value)
    if kind == "pair":
        return varint(identifier) + text(value[0]) + text(value[1])
    return varint(identifier) + text(value)


def pairs_of(properties):
    """{"name": value} or [("name", value), …] as the latter."""
    return list(properties.items()) if isinstance(properties, dict) else list(properties or ())


def property_block(properties):
    """Bytes are taken as they are, as the content of the block."""
    if not isinstance(properties, bytes):
        properties = b"".join(one_property(*pair) for pair in pairs_of(properties))
    return varint(len(properties)) + properties


def frame(kind, flags, body=b""):
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def _v5(version, properties):
    assert version == V5 or not properties, "properties are of 5.0"
    return property_block(properties) if version == V5 else b""


@dataclass
class Will:
    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    properties: object = None


def connect(version, client_id, clean=True, keep_alive=0, will=None, user=None, password=None,
            properties=None, name="MQTT", level=None, flags=None):  # fmt: skip
    """`flags` and `level` replace what the other arguments make of them."""
    if flags is None:
        flags = 0x02 if clean else 0
        flags |= 0x80 if user is not None else 0
        flags |= 0x40 if password is not None else 0
        flags |= (0x04 | will.qos << 3 | (0x20 if will.retain else 0)) if will else 0
    body = text(name) + bytes([version if level is None else level, flags])
    body += keep_alive.to_bytes(2, "big") + _v5(version, properties) + text(client_id)
    if will:
        body += _v5(version, will.properties) + text(will.topic) + text(will.payload)
    body += text(user) if user is not None else b""
    body += text(password) if password is not None else b""
    return frame(CONNECT, 0, body)


def publish(version, topic, payload=b"", qos=0, id=None, retain=False, dup=False, properties=None):
    body = text(topic)
    if id is not None:
        body += id.to_bytes(2, "big")
    body += _v5(version, properties) + as_bytes(payload)
    return frame(PUBLISH, (8 if dup else 0) | qos << 1 | (1 if retain else 0), body)


def ack(kind, id, reason=None, properties=None):
    """PUBACK, PUBREC, PUBREL or PUBCOMP; reason and properties are of 5.0."""
    body = id.to_bytes(2, "big")
    if reason is not None or properties is not None:
        body += bytes([reason or 0])
    if properties is not None:
        body += property_block(properties)
    return frame(kind, 2 if kind == PUBREL else 0, body)


def subscribe(version, id, filters, properties=None):
    """`filters`: (filter, options byte)…; options is the QoS for a start."""
    body = id.to_bytes(2, "big") + _v5(version, properties)
    return frame(SUBSCRIBE, 2, body + b"".join(text(f) + bytes([o]) for f, o in filters))


def unsubscribe(version, id, filters, properties=None):
    body = id.to_bytes(2, "big") + _v5(version, properties)
    return frame(UNSUBSCRIBE, 2, body + b"".join(map(text, filters)))


def pingreq():
    return frame(PINGREQ, 0)


def disconnect(reason=None, properties=None):
    """Reason and properties are of 5.0."""
    body = b"" if reason is None and properties is None else bytes([reason or 0])
    return frame(DISCONNECT, 0, body + (property_block(properties) if properties else b""))


def auth(reason, properties=None):
    return frame(AUTH, 0, bytes([reason]) + property_block(properties))


def options(qos=0, no_local=False, retain_as_published=False, retain_handling=0):
    return qos | no_local << 2 | retain_as_published << 3 | retain_handling << 4


# --- Reading --------------------------------------------------------------------------------------


class Malformed(AssertionError):
    """The server sent what the standard forbids."""


class _Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Malformed(f"the packet ends within a field: {self.data.hex()}")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                if shift > 7 and not byte:
                    raise Malformed("[MQTT-1.5.5-1] a variable byte integer is not minimal")
                return value
            if shift > 21:
                raise Malformed("a variable byte integer of more than four bytes")

    def binary(self):
        return self.take(self.number(2))

    def string(self):
        data = self.binary()
        try:
            value = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed(f"a string is not UTF-8: {data!r}") from None
        if "\0" in value:
            raise Malformed("a string has U+0000")
        return value

    def rest(self):
        return self.take(len(self.data) - self.at)

    def more(self):
        return self.at < len(self.data)


def read_properties(cursor, kind):
    inner = _Cursor(cursor.take(cursor.varint()))
    pairs = []
    while inner.more():
        identifier = inner.varint()
        if identifier not in BY_IDENTIFIER:
            raise Malformed(f"there is no property 0x{identifier:02x}")
        name, form, packets = BY_IDENTIFIER[identifier]
        if kind not in packets:
            raise Malformed(f"{NAMES[kind]} can't have {name}")
        if name not in ("user_property", "subscription_id") and name in dict(pairs):
            raise Malformed(f"{name} is there twice")
        if form in SIZES:
            value = inner.number(SIZES[form])
        elif form == "pair":
            value = (inner.string(), inner.string())
        else:
            value = getattr(inner, form)()
        pairs.append((name, value))
    return pairs


@dataclass
class Packet:
    """Only the members that the kind of packet has are set."""

    kind: int
    topic: str = None
    payload: bytes = None
    qos: int = None
    retain: bool = None
    dup: bool = None
    id: int = None
    reason: int = None  # CONNACK's code too
    reasons: list = None  # of SUBACK and UNSUBACK
    session_present: bool = None
    properties: list = field(default_factory=list)

    def get(self, name, default=None):
        """The first property of this name."""
        return next((value for key, value in self.properties if key == name), default)

    def all(self, name):
        return [value for key, value in self.properties if key == name]

    def __str__(self):
        members = {k: v for k, v in vars(self).items() if v not in (None, []) and k != "kind"}
        if len(members.get("payload", b"")) > 80:
            members["payload"] = members["payload"][:80] + b"..."
        return f"{NAMES[self.kind]}({', '.join(f'{k}={v!r}' for k, v in members.items())})"


FIXED_FLAGS = {PUBREL: 2}


def parse(version, first, body):
    """A packet that a server may send; anything else fails, by the rule."""
    kind, flags, c = first >> 4, first & 15, _Cursor(body)
    if kind in (0, CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ) or (kind == AUTH and version < V5):
        raise Malformed(f"a server sends no {NAMES[kind]}")
    if kind == DISCONNECT and version < V5:
        raise Malformed("[MQTT-3.14] a 3.1.1 server sends no DISCONNECT")
    if kind != PUBLISH and flags != FIXED_FLAGS.get(kind, 0):
        raise Malformed(f"[MQTT-2.2.2-1] {NAMES[kind]} has the flags {flags:04b}")
    p = Packet(kind)
    if kind == CONNACK:
        flags, p.reason = c.number(1), c.number(1)
        if flags > 1:
            raise Malformed("CONNACK has reserved flags")
        p.session_present = bool(flags)
        if version == V5:
            p.properties = read_properties(c, kind)
    elif kind == PUBLISH:
        p.dup, p.qos, p.retain = bool(flags & 8), flags >> 1 & 3, bool(flags & 1)
        if p.qos == 3 or (p.dup and not p.qos):
            raise Malformed("[MQTT-3.3.1-4], [MQTT-3.3.1-2] QoS and DUP of a PUBLISH")
        p.topic = c.string()
        if p.qos:
            p.id = c.number(2)
        if version == V5:
            p.properties = read_properties(c, kind)
        p.payload = c.rest()
        if "+" in p.topic or "#" in p.topic:
            raise Malformed("[MQTT-3.3.2-2] a wildcard in a PUBLISH")
    elif kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
        p.id, p.reason = c.number(2), 0
        if version == V5 and c.more():
            p.reason = c.number(1)
            if c.more():
                p.properties = read_properties(c, kind)
    elif kind in (SUBACK, UNSUBACK):
        p.id = c.number(2)
        if version == V5:
            p.properties = read_properties(c, kind)
        p.reasons = list(c.rest()) if kind == SUBACK or version == V5 else []
    elif kind in (DISCONNECT, AUTH):
        p.reason = c.number(1) if c.more() else 0
        if c.more():
            p.properties = read_properties(c, kind)
    if p.id == 0:
        raise Malformed("[MQTT-2.3.1-1] the packet id is 0")
    if c.more():
        raise Malformed(f"{NAMES[kind]} has bytes after its last field")
    return p


# --- A client -------------------------------------------------------------------------------------


class WireClient:
    """One connection. Sends what it is told and nothing by itself, not even acknowledgements.

    The limit on waiting only guards against a hang.
    """

    def __init__(self, address, version, tls=None, hang=waiting.HANG, server_name=None):
        self.version = version
        self.connack = None
        self._ids = 0
        self._early = deque()  # packets that came before an answer that was waited for
        self._socket = socket.create_connection(address, timeout=hang)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self._socket = tls.wrap_socket(self._socket, server_hostname=server_name or address[0])

    # Bytes

    def send(self, *packets):
        """False: the server has closed; what it said before can still be read."""
        try:
            self._socket.sendall(b"".join(packets))
            return True
        except (ConnectionError, ssl.SSLError):
            return False

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            try:
                more = self._socket.recv(count - len(data))
            except TimeoutError:
                raise AssertionError("the server says nothing and does not close") from None
            except (ConnectionError, ssl.SSLError):
                more = b""
            if not more:
                return None
            data += more
        return bytes(data)

    def _read(self):
        """The next packet, or None when the connection ends. A part of a packet at the end is none."""
        first = self._exactly(1)
        if first is None:
            return None
        length = shift = 0
        while True:
            byte = self._exactly(1)
            if byte is None:
                return None
            length |= (byte[0] & 0x7F) << shift
            shift += 7
            if not byte[0] & 0x80:
                break
            if shift > 21:
                raise Malformed("the remaining length has more than four bytes")
        body = self._exactly(length) if length else b""
        return None if body is None else parse(self.version, first[0], body)

    def receive(self):
        return self._early.popleft() if self._early else self._read()

    def everything(self):
        """All bytes until the connection ends."""
        data = b""
        while (more := self._exactly(1)) is not None:
            data += more
        return data

    def closed_by_now(self, seconds):
        """Has the server ended the connection, or sent anything? Waits no longer than this for it."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def next_id(self):
        self._ids = self._ids % 0xFFFF + 1
        return self._ids

    # What must come

    def expect(self, kind, **fields):
        """The next packet is of this kind and has these members; `properties` compares all of them."""
        got = self.receive()
        assert got is not None, f"the connection ended in place of {NAMES[kind]} {fields}"
        assert got.kind == kind, f"{got} came in place of {NAMES[kind]} {fields}"
        for name, value in fields.items():
            if name == "properties":
                value = pairs_of(value)
            elif name == "payload":
                value = as_bytes(value)
            assert getattr(got, name) == value, f"{got}: {name} is not {value!r}"
        return got

    def expect_closed(self, *reasons):
        """The connection ends; before, 5.0 may say why, with one of these reasons if any are given."""
        got = self.receive()
        if got is None:
            return None
        told = DISCONNECT if self.connack else CONNACK
        assert got.kind == told and self.version == V5, f"{got} came; the connection should end"
        assert got.reason >= 0x80, f"{got}; an error should be told"
        assert not reasons or got.reason in reasons, f"{got}; {[hex(r) for r in reasons]} fit"
        after = self.receive()
        assert after is None, f"{after} came after {got}"
        return got

    def expect_nothing(self):
        """Nothing has been sent to this client: PINGREQ's answer is what comes next."""
        self.send(pingreq())
        self.expect(PINGRESP)

    def answer(self, kind, id=None):
        """The next packet of this kind (and id); what comes before is left for expect()."""
        passed = deque()
        while True:
            got = self.receive()
            assert got is not None, f"the connection ended before {NAMES[kind]}; {passed} came"
            if got.kind == kind and id in (None, got.id):
                self._early.extendleft(reversed(passed))
                return got
            passed.append(got)

    # Whole exchanges

    def connect(self, client_id, reason=0, **arguments):
        """Sends CONNECT (arguments: connect()) and returns the CONNACK, which has this reason."""
        self.send(connect(self.version, client_id, **arguments))
        self.connack = self.expect(CONNACK, reason=reason)
        return self.connack

    def subscribe(self, *filters, qos=0, properties=None):
        """Filters are text, which is asked for with `qos`, or (text, options byte)."""
        id = self.next_id()
        wanted = [(f, qos) if isinstance(f, (str, bytes)) else f for f in filters]
        self.send(subscribe(self.version, id, wanted, properties))
        return self.answer(SUBACK, id)

    def unsubscribe(self, *filters, properties=None):
        id = self.next_id()
        self.send(unsubscribe(self.version, id, filters, properties))
        return self.answer(UNSUBACK, id)

    def publish(self, topic, payload=b"", qos=0, retain=False, properties=None, reason=None):
        """Publishes and waits until the server has it. The last acknowledgement, if there is one.

        A reason over 0x10 must be expected by `reason`."""
        id = self.next_id() if qos else None
        self.send(publish(self.version, topic, payload, qos, id, retain, False, properties))
        if not qos:
            return self.settle()
        got = self.answer(PUBACK if qos == 1 else PUBREC, id)
        assert got.reason == reason if reason is not None else got.reason in (0, 0x10), str(got)
        if qos == 2 and got.reason < 0x80:
            self.send(ack(PUBREL, id))
            done = self.answer(PUBCOMP, id)
            assert done.reason == 0, str(done)
        return got

    def settle(self):
        """The server has handled all that was sent."""
        self.send(pingreq())
        self.answer(PINGRESP)

    def acknowledge(self, packet):
        """Completes the delivery of a PUBLISH."""
        if packet.qos == 1:
            self.send(ack(PUBACK, packet.id))
        elif packet.qos == 2:
            self.send(ack(PUBREC, packet.id))
            assert self.answer(PUBREL, packet.id).reason == 0
            self.send(ack(PUBCOMP, packet.id))

    def message(self, topic=None, payload=None, **fields):
        """The next packet is this PUBLISH; it is acknowledged."""
        if topic is not None:
            fields["topic"] = topic
        if payload is not None:
            fields["payload"] = payload
        got = self.expect(PUBLISH, **fields)
        self.acknowledge(got)
        return got

    def disconnect(self, reason=None, properties=None):
        """Says goodbye and waits until the server has closed. Packets under way are lost."""
        self.send(disconnect(reason, properties))
        while self.receive() is not None:
            pass
        self.close()

    def vanish(self):
        """The connection ends without DISCONNECT; returns when the server has noticed."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
            while self._exactly(1) is not None:
                pass
        except OSError:
            pass
        self.close()

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
