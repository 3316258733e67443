"""kill -9 of core and service, and the way between them cut and slowed, while a device publishes to the cloud:
published = delivered + queued + counted drops, in order."""

import json
import queue
import threading

import pytest

from harness import core_socket, processes, waiting
from harness.cable import Cable
from harness.cloud import Cloud
from harness.core import Core, port_of
from harness.group import Group, entry, new_thing, subscriptions
from harness.hub import HubClient
from harness.mqtt import Refused
from harness.processes import BIN

PAYLOAD = 2000  # bytes of a message that is to fill a queue
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
        assert self.delivered == sorted(self.delivered)


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
        self.core.config["coreThing"]["iotMqttPort"] = cable.port
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

    def publish_until_it_ends(self, answers):
        """Numbers on end, each waited for; tells of each that was acknowledged, and None at the end."""
        ledger = self.ledger
        try:
            with self.core.connect(self.device, self.ca) as device:
                while True:
                    ledger.sent += 1
                    device.publish("out/n", f"{ledger.sent}:")
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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("link")
    with Cloud(folder / "cloud") as cloud:
        with Cable(port_of(cloud.endpoints.iot_mqtt)) as cable:
            made = Site(cloud, cable, folder / "site")
            with made.core:
                made.core.start()
                yield made
                made.listener.close()
                made.core.stop()


def test_acknowledged_messages_arrive_in_order(site, chance, kills):
    site.deploy(spooler("FileSystem"))
    site.listen()
    victims = ["core"] * 3 + ["service"] + ["cable"] * 2 + ["core without cable"]
    for _ in range(kills(10, 200)):
        victim = chance.choice(victims)
        site.cable.delay = chance.choice([0, 0, 0.002, 0.02])
        if victim == "core without cable":
            site.cable.cut()
        answers = queue.Queue()
        publisher = threading.Thread(target=site.publish_until_it_ends, args=(answers,))
        publisher.start()
        # After so many acknowledgements, which is in the middle of what follows.
        for _ in range(chance.randint(1, 40)):
            assert answers.get() is not None, "the core ended by itself"
        if victim == "service":
            site.cloud.kill()
        elif victim == "cable":
            site.cable.cut()
        for _ in range(chance.randint(0, 20)):
            assert answers.get() is not None, "the core ended by itself"
        site.core.kill()  # which ends the publisher too
        publisher.join()
        if victim == "service":
            site.cloud.start()
            site.listen()
        site.cable.mend()
        site.core.start()
    site.cable.delay = 0
    site.wait_until_connected()
    site.wait_until_drained()
    site.wait_until_heard()
    site.ledger.check_order()
    queued = site.link()["queue"]
    assert (queued["overwritten"], queued["damaged"]) == (0, 0)
    assert set(site.ledger.delivered) <= set(range(1, site.ledger.sent + 1))
    print(f"{site.ledger.sent} sent, {len(site.ledger.acknowledged)} acknowledged, "
          f"{len(site.ledger.delivered)} delivered")  # fmt: skip


@pytest.mark.parametrize("storage", ["FileSystem", "Memory"])
def test_what_a_full_queue_loses_is_counted(site, storage):
    site.deploy(spooler(storage, SIZE))
    site.listen()
    site.wait_until_connected()
    site.wait_until_drained()
    before = site.link()["queue"]
    lost_before = core_socket.metrics(site.core)['evergrass_drops_total{reason="cloud_queue_overwritten"}']
    site.cable.cut()
    ledger = site.ledger
    first = ledger.sent + 1
    with site.core.connect(site.device, site.ca) as device:
        waiting.until("the core notices", lambda: not site.link()["connected"])
        for ledger.sent in range(first, first + 300):
            device.publish("out/n", f"{ledger.sent}:" + "x" * PAYLOAD)
    full = site.link()["queue"]
    assert full["storage"] == storage
    assert SIZE - PAYLOAD - 100 < full["bytes"] <= SIZE == full["maxBytes"]
    assert full["overwritten"] - before["overwritten"] == 300 - full["messages"]
    assert full["oldestSeconds"] is not None
    said = processes.run(BIN / "evergrass", "link", "--root", site.core.root, check=False)
    assert said.returncode == 1
    assert "NOT connected" in said.stdout and f"{full['overwritten']} overwritten" in said.stdout
    site.cable.mend()
    site.wait_until_drained()
    kept = set(range(first + 300 - full["messages"], first + 300))
    ledger.acknowledged = kept
    site.wait_until_heard()
    ledger.check_order()
    assert {n for n in ledger.delivered if n >= first} == kept
    after = core_socket.metrics(site.core)
    assert after['evergrass_drops_total{reason="cloud_queue_overwritten"}'] - lost_before == 300 - len(kept)
    assert after["evergrass_cloud_queue_messages"] == 0
    assert site.link()["queue"]["delivered"] - before["delivered"] == len(kept)


def test_memory_that_is_killed_says_that_it_does_not_know(site):
    site.deploy(spooler("Memory"))
    site.core.kill()
    site.core.start()
    assert site.link()["queue"]["unknownLoss"]
    site.core.stop()
    site.core.start()
    assert not site.link()["queue"]["unknownLoss"]
    site.wait_until_connected()


def test_a_wrong_size_fails_the_deployment_in_v1s_words(site):
    site.group.give(
        cores=[entry(site.thing)],
        devices=[entry(site.device)],
        functions=[spooler("FileSystem", SIZE - 1)],
        subscriptions=subscriptions((site.device.arn, "cloud", "out/#")),
    )
    status = site.group.outcome(site.group.start_deployment())
    assert status["DeploymentStatus"] == "Failure"
    assert "Spool size should be at least 262144 bytes" in status["ErrorMessage"]
