"""A stock mosquitto as AWS IoT Core is to a client: behind a proxy that speaks TLS and ends the connection
of whoever breaks AWS IoT's limits."""

import contextlib
import hashlib
import socket
import ssl
import threading
from pathlib import Path

from . import waiting
from .mqtt_packets import (
    CONNECT, DISCONNECT, PINGREQ, PUBACK, PUBLISH, SUBACK, SUBSCRIBE, UNSUBSCRIBE, V311, WireClient,
    _Cursor, frame,
)  # fmt: skip
from .ports import free_port
from .processes import Process
from .relay import end, relay

MOSQUITTO = Path("/usr/sbin/mosquitto")

SUBSCRIPTIONS, FILTERS_OF_A_PACKET, PAYLOAD, TOPIC, SLASHES = 50, 8, 128 * 1024, 256, 7


class Misuse(Exception):
    pass


def demand(kept, rule):
    if not kept:
        raise Misuse(rule)


def whole_packet(data):
    """(first byte, body, size) of the first packet, or None as long as it is not whole."""
    length = 0
    for at, byte in enumerate(data[1:5]):
        length |= (byte & 0x7F) << 7 * at
        if not byte & 0x80:
            size = at + 2 + length
            return (data[0], data[at + 2 : size], size) if len(data) >= size else None
    demand(len(data) < 5, "the remaining length has more than four bytes")
    return None


class Client:
    """A connection as it was seen: what it subscribed to, under which certificate."""

    def __init__(self, near, far, certificate):
        self.near, self.far = near, far
        self.certificate = certificate  # SHA-256, hex
        self.id = None
        self.clean = True
        self.received = b""  # the beginning of a packet

    def close(self):
        end(self.near, self.far)


class AwsIot:
    """Listens on `port` with `tls`. `with` starts the broker, and stops both."""

    def __init__(self, folder, tls):
        self._folder, self._tls = Path(folder), tls
        self._lock = threading.RLock()
        self.clients = {}  # those that are connected, by id
        self.filters = {}  # id: {filter: QoS}; of a session that is kept also without connection
        self.asked = []  # ("subscribe" or "unsubscribe", id, filter), in order
        self.misuse = []
        self.denied = set()  # filters
        self.accepting = True
        self._inner = free_port()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        file = self._folder / "mosquitto.conf"
        file.write_text(f"listener {self._inner} 127.0.0.1\nallow_anonymous true\n"
                        "max_queued_messages 10000\nset_tcp_nodelay true\n")  # fmt: skip
        self._broker = Process(MOSQUITTO, "-c", file).__enter__()
        self._broker.wait_for_line("running")
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self._listener.close()
        self.cut()
        self._broker.__exit__()

    def application(self, client_id):
        """A client of the cloud's own, without limits."""
        client = WireClient(("127.0.0.1", self._inner), V311)
        client.connect(client_id)
        return client

    def cut(self, accept=True):
        """Ends every connection; new ones come about only if `accept`."""
        with self._lock:
            self.accepting = accept
            clients, self.clients = self.clients, {}
            for client in clients.values():
                if client.clean:
                    self.filters.pop(client.id, None)
        for client in clients.values():
            client.close()

    def subscribed(self):
        """All filters, each with the ids of the clients that have it."""
        with self._lock:
            found = {}
            for client_id, filters in self.filters.items():
                for one in filters:
                    found.setdefault(one, []).append(client_id)
            return found

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.accepting:
                near.close()
                continue
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        client = None
        with contextlib.suppress(OSError):
            near = self._tls.wrap_socket(near, server_side=True)
            far = socket.create_connection(("127.0.0.1", self._inner))
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            certificate = hashlib.sha256(near.getpeercert(binary_form=True)).hexdigest()
            client = Client(near, far, certificate)
            relay(near, far, lambda data: self._take(client, data))
        if client:
            client.close()
            with self._lock:
                if self.clients.get(client.id) is client:
                    del self.clients[client.id]
                    if client.clean:
                        self.filters.pop(client.id, None)

    def _take(self, client, data):
        """What the broker is to see of it."""
        client.received += data
        on = b""
        try:
            while packet := whole_packet(client.received):
                first, body, size = packet
                with self._lock:
                    if self._look_at(client, first, body):
                        on += client.received[:size]
                client.received = client.received[size:]
        except Misuse as broken:
            self.misuse.append(f"{client.id}: {broken}")
            client.close()
        return on

    def _look_at(self, client, first, body):
        """Whether the broker is to see it."""
        kind, cursor = first >> 4, _Cursor(body)
        demand((kind == CONNECT) == (client.id is None), "CONNECT comes first, and once")
        if kind == CONNECT:
            demand(cursor.string() == "MQTT" and cursor.number(1) == V311, "MQTT 3.1.1")
            client.clean = bool(cursor.number(1) & 2)
            demand(30 <= cursor.number(2) <= 1200, "a keep-alive of 30 to 1200 s")
            client.id = cursor.string()
            if before := self.clients.pop(client.id, None):
                before.close()
            self.clients[client.id] = client
            if client.clean:
                self.filters.pop(client.id, None)
            self.filters.setdefault(client.id, {})
        elif self.clients.get(client.id) is not client:
            return False  # another one has its id, or it was cut off
        elif kind == PUBLISH:
            topic = cursor.string()
            demand(first >> 1 & 3 < 2, "QoS 0 or 1")
            demand(not set("+#") & set(topic), "no wildcard in a topic")
            demand(len(topic.encode()) <= TOPIC and topic.count("/") <= SLASHES, "a topic's length")
            if first >> 1 & 3:
                cursor.number(2)
            demand(len(cursor.rest()) <= PAYLOAD, "128 KB a message")
        elif kind == SUBSCRIBE:
            number, filters, denied = cursor.number(2), self.filters[client.id], False
            asked = []
            while cursor.more():
                asked.append((cursor.string(), cursor.number(1)))
            demand(0 < len(asked) <= FILTERS_OF_A_PACKET, "8 filters a SUBSCRIBE")
            for one, qos in asked:
                demand(qos < 2, "QoS 0 or 1")
                self.asked.append(("subscribe", client.id, one))
                denied = denied or one in self.denied
                if not denied:
                    filters[one] = qos
            demand(len(filters) <= SUBSCRIPTIONS, "50 subscriptions a connection")
            if denied:
                client.near.sendall(frame(SUBACK, 0, number.to_bytes(2, "big") + b"\x80" * len(asked)))
                return False
        elif kind == UNSUBSCRIBE:
            cursor.number(2)
            while cursor.more():
                one = cursor.string()
                self.asked.append(("unsubscribe", client.id, one))
                self.filters[client.id].pop(one, None)
        else:
            demand(kind in (PUBACK, PINGREQ, DISCONNECT), f"no packet of kind {kind}")
        return True


def server_tls(certificate, key, *trusted):
    """Mutual TLS: clients must show one of the certificates in the files `trusted`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for file in trusted:
        context.load_verify_locations(file)
    return context


def fingerprint(file):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(Path(file).read_text())).hexdigest()


def settled(aws, filters):
    """Waits until exactly these are subscribed to, each once."""
    wanted = sorted(filters)

    def there():
        found = aws.subscribed()
        return sorted(found) == wanted and all(len(ids) == 1 for ids in found.values())

    waiting.until(
        lambda: f"the subscriptions are {wanted}; they are {aws.subscribed()}, {aws.misuse}", there
    )
