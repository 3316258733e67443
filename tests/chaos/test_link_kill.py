"""kill -9 of core and service, and the way between them cut and slowed, while a device publishes to the cloud:
published = delivered + queued + counted drops, in order."""

import queue
import threading

import pytest

from harness import core_socket, processes, waiting
from harness.cable import Cable
from harness.cloud import Cloud
from harness.core import port_of
from harness.group import entry, subscriptions
from harness.link_site import SIZE, Site, spooler
from harness.processes import BIN

PAYLOAD = 2000  # bytes of a message that is to fill a queue


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
    for _ in range(kills(6, 200)):
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
