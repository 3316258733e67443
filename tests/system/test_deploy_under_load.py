"""Deployments while devices exchange messages: no session of a device that stays is closed, and no
message is lost. Both devices use stock paho; every message is accounted for."""

import queue
import ssl
import threading

import paho.mqtt.client as paho
import pytest

from harness import core_socket, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions

DEPLOYMENTS = 6
MESSAGES_BETWEEN = 50  # at least so many from each device while a deployment is under way
QUIET = "def handler(event, context):\n    pass\n"


class Talker:
    """A device that sends numbers to its peer at QoS 1, always with some unacknowledged."""

    WINDOW = 10

    def __init__(self, core, thing, ca, sends, hears):
        self.sent, self.acknowledged, self.received, self.disconnects = 0, 0, [], 0
        self._sends, self._go = sends, threading.Event()
        self._stop = threading.Event()
        self._slots = threading.Semaphore(self.WINDOW)
        ready = queue.Queue()
        self._client = paho.Client(client_id=thing.name, protocol=paho.MQTTv311)
        context = ssl.create_default_context(cafile=str(ca))
        context.load_cert_chain(str(thing.cert), str(thing.key))
        self._client.tls_set_context(context)
        self._client.on_connect = lambda c, u, f, code: c.subscribe(hears, 1)
        self._client.on_subscribe = lambda c, u, mid, codes: ready.put(codes)
        self._client.on_message = lambda c, u, m: self.received.append(int(m.payload))
        self._client.on_publish = self._on_publish
        self._client.on_disconnect = self._on_disconnect
        host, _, port = core.mqtt.rpartition(":")
        self._client.connect(host, int(port), keepalive=60)
        self._client.loop_start()
        assert ready.get(timeout=waiting.HANG) != (128,)
        self._thread = threading.Thread(target=self._talk)

    def _on_publish(self, *unused):
        self.acknowledged += 1
        self._slots.release()

    def _on_disconnect(self, *unused):
        if not self._stop.is_set():
            self.disconnects += 1

    def _talk(self):
        while not self._stop.is_set():
            if self._slots.acquire(timeout=0.1):
                self._client.publish(self._sends, str(self.sent), 1)
                self.sent += 1

    def start(self):
        self._thread.start()

    def finish(self):
        """Stops sending; returns when everything that was sent is acknowledged."""
        self._stop.set()
        self._thread.join()
        waiting.until(
            lambda: f"all are acknowledged: {self.acknowledged} of {self.sent}",
            lambda: self.acknowledged == self.sent,
        )

    def close(self):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def site(service, tmp_path):
    endpoints = service.endpoints
    core_thing = new_thing(endpoints, tmp_path / "keys", "load_core")
    ping = new_thing(endpoints, tmp_path / "keys", "load_ping")
    pong = new_thing(endpoints, tmp_path / "keys", "load_pong")
    other = new_thing(endpoints, tmp_path / "keys", "load_other")
    quiet = publish_function(endpoints, "load_quiet", QUIET)

    def version(number):
        """The talkers' routes stay; everything around them changes."""
        comes = number % 2 == 1
        return {
            "devices": [entry(ping), entry(pong)] + ([entry(other)] if comes else []),
            "functions": [function_entry(quiet, pinned=True, MemorySize=16384 + number)],
            "subscriptions": subscriptions(
                *[(ping.arn, "cloud", f"n/{i}") for i in range(number * 20)],
                *([(other.arn, pong.arn, "#")] if comes else []),
                (ping.arn, pong.arn, "to/pong"),
                (ping.arn, quiet, "to/+" if comes else "no/+"),
                (pong.arn, ping.arn, "to/#"),
            ),
        }

    group = Group(endpoints, "load").give(cores=[entry(core_thing)], **version(1))
    with Core(tmp_path / "greengrass", endpoints, core_thing) as core:
        core.start()
        group.deploy()
        ca = group.write_ca(tmp_path / "group-ca.pem")
        yield core, group, version, ping, pong, ca
        core.stop()


def test_no_session_ends_and_no_message_is_lost(site):
    core, group, version, ping, pong, ca = site
    talkers = [
        Talker(core, ping, ca, "to/pong", "to/ping"),
        Talker(core, pong, ca, "to/ping", "to/pong"),
    ]
    try:
        for talker in talkers:
            talker.start()
        for number in range(2, 2 + DEPLOYMENTS):
            before = [len(t.received) for t in talkers]
            group.give(**version(number))
            group.deploy()
            waiting.until(
                lambda: f"messages flow on: {before} -> {[len(t.received) for t in talkers]}",
                lambda: all(
                    len(t.received) >= had + MESSAGES_BETWEEN for t, had in zip(talkers, before)
                ),
            )
        for talker in talkers:
            talker.finish()
        for sender, receiver in (talkers, talkers[::-1]):
            waiting.until(
                lambda: f"{len(receiver.received)} of {sender.sent} arrived",
                lambda: len(receiver.received) >= sender.sent,
            )
            assert receiver.received == list(range(sender.sent)), "lost, repeated or out of order"
            assert sender.disconnects == 0
        counted = core_socket.metrics(core)
        assert counted["evergrass_routing_tables_total"] >= 1 + DEPLOYMENTS
        routed = 'evergrass_messages_routed_total{source="device",target="device"}'
        assert counted[routed] == sum(t.sent for t in talkers)
        # Functions are replaced by some of the deployments; devices lose nothing.
        for reason in ("device_not_connected", "device_not_subscribed", "queue_full",
                       "no_subscription", "subject_differs"):  # fmt: skip
            assert counted[f'evergrass_drops_total{{reason="{reason}"}}'] == 0
    finally:
        for talker in talkers:
            talker.close()
