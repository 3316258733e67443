"""A core that sends a device's numbered messages to the cloud by a cable, and the account of each of them."""

import json
import queue

from . import core_socket, waiting
from .core import Core, port_of
from .group import Group, entry, new_thing, subscriptions
from .hub import HubClient
from .mqtt import Refused
from .ports import free_port

SIZE = 262144  # V1's smallest queue


def spooler(storage, size=2621440):
    """V1's function that configures the queue."""
    return {
        "Id": "spooler",
        "FunctionArn": "arn:aws:lambda:::function:GGCloudSpooler:1",
        "FunctionConfiguration": {
            "Executable": "spooler",
            "MemorySize": 32768,
            "Pinned": True,
            "Timeout": 3,
            "Environment": {
                "Variables": {"GG_CONFIG_STORAGE_TYPE": storage, "GG_CONFIG_MAX_SIZE_BYTES": str(size)}
            },
        },
    }


class Ledger:
    """Every message that the device sent, by its number, and what the far end saw of it."""

    def __init__(self):
        self.sent = 0
        self.acknowledged = set()
        self.delivered = []  # numbers, each at its first arrival
        self._seen = set()

    def deliver(self, number):
        if number not in self._seen:
            self._seen.add(number)
            self.delivered.append(number)

    def missing(self):
        return self.acknowledged - self._seen

    def check_order(self):
        late = [(a, b) for a, b in zip(self.delivered, self.delivered[1:]) if b < a]
        assert not late, f"first arrivals that came after later ones: {late[:20]}"


class Site:
    """A core whose device publishes to the cloud by a cable, and who hears it there."""

    def __init__(self, cloud, cable, folder):
        endpoints = cloud.endpoints
        self.cloud, self.cable, self.ledger = cloud, cable, Ledger()
        self.thing, self.device, self.far_end = (
            new_thing(endpoints, folder, name) for name in ("core", "device", "listener")
        )
        self.group = Group(endpoints)
        self.core = Core(folder / "greengrass", endpoints, self.thing)
        self.core.mqtt = f"127.0.0.1:{free_port()}"
        self.core.config["coreThing"].update(
            iotMqttPort=cable.port, ggMqttPort=port_of(self.core.mqtt), ggDaemonPort=free_port()
        )
        self.core.write_config()
        self.ca = self.group.write_ca(folder / "group-ca.pem")
        self.listener = None

    def deploy(self, *functions):
        self.group.give(
            cores=[entry(self.thing)],
            devices=[entry(self.device)],
            functions=list(functions),
            subscriptions=subscriptions((self.device.arn, "cloud", "out/#")),
        )
        self.group.deploy()

    def listen(self):
        """At the service, by a session that outlives it."""
        if self.listener:
            self.hear()
            self.listener.close()
            self.hear()
        self.listener = HubClient(self.cloud.endpoints, "listener", self.far_end, keep=3600)
        self.listener.subscribe("out/#", 1)

    def hear(self):
        """Takes what has come."""
        while True:
            try:
                message = self.listener.messages.get_nowait()
            except queue.Empty:
                return
            self.ledger.deliver(int(message.payload.split(b":")[0]))

    def publish_until_it_ends(self, answers, more=lambda: 0):
        """Numbers on end, each waited for, with more() bytes behind them; tells of each that was acknowledged,
        and None at the end."""
        ledger = self.ledger
        try:
            with self.core.connect(self.device, self.ca) as device:
                while True:
                    ledger.sent += 1
                    device.publish("out/n", f"{ledger.sent}:" + "x" * more())
                    ledger.acknowledged.add(ledger.sent)
                    answers.put(ledger.sent)
        except (Refused, OSError):
            answers.put(None)

    def link(self):
        code, text = core_socket.ask(self.core, "/link")
        assert code == 200, text
        return json.loads(text)

    def wait_until_connected(self):
        waiting.until("the core is connected", lambda: self.link()["connected"])

    def wait_until_drained(self):
        waiting.until(lambda: f"the queue is empty: {self.link()}", lambda: not self.link()["queue"]["messages"])

    def wait_until_heard(self):
        def all_there():
            self.hear()
            return not self.ledger.missing()

        waiting.until(lambda: f"these come: {sorted(self.ledger.missing())[:20]}", all_there)
