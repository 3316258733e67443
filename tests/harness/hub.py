"""Stock clients at the service's device MQTT: paho of either version, by certificate or by SigV4."""

import queue
import socket
import ssl

import paho.mqtt.client as paho
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from . import waiting
from .mqtt import Refused, _Client

V311, V5 = 4, 5


def port_of(endpoints, secure=True):
    return int((endpoints.api if secure else endpoints.api_http).rpartition(":")[2])


def presigned_path(endpoints, secure=True, service="iotdevicegateway", expires=60, host="127.0.0.1"):
    """/mqtt?X-Amz-…, as the AWS SDKs sign it."""
    scheme = "https" if secure else "http"
    request = AWSRequest("GET", f"{scheme}://{host}:{port_of(endpoints, secure)}/mqtt")
    keys = Credentials(endpoints.access_key_id, endpoints.secret_access_key)
    SigV4QueryAuth(keys, service, endpoints.region, expires=expires).add_auth(request)
    return "/mqtt?" + request.url.partition("?")[2]


def properties(packet, **values):
    made = Properties(getattr(PacketTypes, packet))
    for name, value in values.items():
        setattr(made, name, value)
    return made


class HubClient:
    """One connection. `thing`: by its certificate at MQTT's port, or without it by WebSocket and SigV4.
    `keep`: seconds that the session outlives the connection (3.1.1: clean session or not)."""

    def __init__(self, endpoints, client_id, thing=None, version=V311, keep=0, will=None,
                 secure=True, path=None, **connect):  # fmt: skip
        self.version, self.messages, self._answers = version, queue.Queue(), queue.Queue()
        extra = {} if version == V5 else {"clean_session": keep == 0}
        self._client = _Client(
            client_id, protocol=version, transport="tcp" if thing else "websockets", **extra
        )
        self._client.on_connect = lambda c, u, flags, code, *p: self._answers.put(
            ("connect", (flags, code, p[0] if p else None)))  # fmt: skip
        self._client.on_subscribe = lambda c, u, mid, codes, *p: self._answers.put(("subscribe", codes))
        self._client.on_unsubscribe = lambda c, u, mid, *p: self._answers.put(("unsubscribe", mid))
        self._client.on_publish = lambda c, u, mid: self._answers.put(("publish", mid))
        self._client.on_disconnect = lambda c, u, code, *p: self._answers.put(("disconnect", code))
        self._client.on_message = lambda c, u, message: self.messages.put(message)
        if will:
            topic, payload, retain, *delay = will  # 5.0: seconds
            extra = {"properties": properties("WILLMESSAGE", WillDelayInterval=delay[0])} if delay else {}
            self._client.will_set(topic, payload, 1, retain, **extra)
        host, port = "127.0.0.1", port_of(endpoints, secure)
        if thing or secure:
            context = ssl.create_default_context(cafile=str(endpoints.ca_file))
            if thing:
                context.load_cert_chain(str(thing.cert), str(thing.key))
            self._client.tls_set_context(context)
        if thing:
            host, _, port = endpoints.iot_mqtt.rpartition(":")
        else:
            self._client.ws_set_options(path or presigned_path(endpoints, secure))
        if version == V5:
            connect["clean_start"] = keep == 0
            connect["properties"] = properties("CONNECT", SessionExpiryInterval=keep)
        self._client.connect(host, int(port), **connect)
        self._client.loop_start()
        flags, code, self.connack = self._answer("connect")
        self.resumed = bool(flags["session present"])
        if code != 0:
            self.close()
            raise Refused(code)

    def send_at_once(self):
        """From now on: paho leaves small packets to the system, which waits up to 40 ms for the other side to
        acknowledge the one before. For who measures time."""
        connection = self._client.socket()
        connection = getattr(connection, "_socket", connection)  # in a WebSocket
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _answer(self, wanted):
        try:
            kind, value = self._answers.get(timeout=waiting.HANG)
        except queue.Empty:
            raise AssertionError(f"no answer to {wanted}") from None
        if kind == "disconnect" and wanted != "disconnect":
            self.close()
            raise Refused(value)
        assert kind == wanted, f"{kind} came in place of {wanted}"
        return value

    def subscribe(self, topic_filter, qos=1, **options):
        """The granted QoS, or the failure code."""
        if self.version == V5:
            self._client.subscribe(topic_filter, options=SubscribeOptions(qos, **options))
        else:
            self._client.subscribe(topic_filter, qos)
        granted = self._answer("subscribe")[0]
        return granted.value if self.version == V5 else granted

    def unsubscribe(self, topic_filter):
        self._client.unsubscribe(topic_filter)
        self._answer("unsubscribe")

    def publish(self, topic, payload, qos=1, retain=False, **values):
        extra = {"properties": properties("PUBLISH", **values)} if values else {}
        self._client.publish(topic, payload, qos, retain, **extra)
        self._answer("publish")

    def receive(self):
        try:
            return self.messages.get(timeout=waiting.HANG)
        except queue.Empty:
            raise AssertionError("no message came") from None

    def payloads(self, count):
        return [self.receive().payload.decode() for _ in range(count)]

    def wait_closed(self):
        """The code: 5.0's reason of DISCONNECT."""
        self.stay_away()
        return self._answer("disconnect")

    def stay_away(self):
        """From now on: doesn't come back by itself when its connection ends."""
        self._client.reconnect_delay_set(min_delay=100)

    def vanish(self):
        """Cuts the connection without DISCONNECT."""
        self._client.loop_stop()
        self._client.socket().close()

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
