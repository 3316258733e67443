"""paho as a device: every step waits for the server's answer."""

import queue
import ssl

import paho.mqtt.client as paho

from . import waiting


class Refused(Exception):
    """The server refused or closed the connection; the argument is paho's code."""


class _Client(paho.Client):
    """paho whose loop survives a server that ends TLS with an alert, as one that refuses does, or without."""

    def loop_read(self, max_packets=1):
        try:
            return super().loop_read(max_packets)
        except ssl.SSLError as alert:
            self.on_disconnect(self, None, alert)
            return paho.MQTT_ERR_CONN_LOST

    def _sock_send(self, buf):
        try:
            return super()._sock_send(buf)
        except ssl.SSLEOFError as gone:  # the server was killed; paho knows of it without TLS alone
            raise ConnectionResetError(str(gone)) from gone


class Device:
    """One MQTT 3.1.1 connection over mutual TLS. Connected when constructed."""

    def __init__(self, address, client_id, ca_file, cert_file, key_file, check_name=True):
        host, _, port = address.rpartition(":")
        self.messages = queue.Queue()
        self._answers = queue.Queue()
        self._client = _Client(client_id=client_id, protocol=paho.MQTTv311)
        context = ssl.create_default_context(cafile=str(ca_file))
        context.check_hostname = check_name
        context.load_cert_chain(str(cert_file), str(key_file))
        self._client.tls_set_context(context)
        self._client.on_connect = lambda c, u, f, code: self._answers.put(("connect", code))
        self._client.on_subscribe = lambda c, u, mid, codes: self._answers.put(("subscribe", codes))
        self._client.on_publish = lambda c, u, mid: self._answers.put(("publish", mid))
        self._client.on_disconnect = lambda c, u, code: self._answers.put(("disconnect", code))
        self._client.on_message = lambda c, u, message: self.messages.put(message)
        self._client.connect(host.strip("[]"), int(port), keepalive=60)
        self._client.loop_start()
        if code := self._answer("connect"):
            self.close()
            raise Refused(code)

    def _answer(self, wanted, limit=waiting.HANG):
        try:
            kind, value = self._answers.get(timeout=limit)
        except queue.Empty:
            raise AssertionError(f"no answer to {wanted}") from None
        if kind == "disconnect" and wanted != "disconnect":
            self.close()
            raise Refused(value)
        assert kind == wanted, f"{kind} came in place of {wanted}"
        return value

    def subscribe(self, topic_filter, qos=0):
        """The granted QoS."""
        self._client.subscribe(topic_filter, qos)
        return self._answer("subscribe")[0]

    def publish(self, topic, payload, qos=1):
        self._client.publish(topic, payload, qos)
        self._answer("publish")

    def send(self, topic, payload, qos=1):
        """Without waiting for the acknowledgement."""
        self._client.publish(topic, payload, qos)

    def receive_within(self, seconds):
        """A message, or None when none came: for questions that are asked again."""
        try:
            return self.messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def receive(self):
        try:
            return self.messages.get(timeout=waiting.HANG)
        except queue.Empty:
            raise AssertionError("no message came") from None

    def stop_reading(self):
        """Stays connected, but takes nothing from the socket until go_on_reading()."""
        self._client.loop_stop()

    def go_on_reading(self):
        self._client.loop_start()

    def wait_closed(self, limit=waiting.HANG):
        self._answer("disconnect", limit)

    def connected(self):
        return self._client.is_connected()

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
