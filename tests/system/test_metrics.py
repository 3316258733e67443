"""GET /metrics on the core's socket: every drop reason is there, and the counters count."""

import json
import re
import shutil

import pytest

from harness import core_socket, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions
from harness.processes import ROOT


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    folder = tmp_path_factory.mktemp("metrics")
    endpoints = service.endpoints
    things = {name: new_thing(endpoints, folder / "keys", f"m_{name}") for name in ("core", "a", "b")}
    a, b = things["a"], things["b"]
    group = Group(endpoints, "metrics").give(
        cores=[entry(things["core"])],
        devices=[entry(a), entry(b)],
        subscriptions=subscriptions((a.arn, b.arn, "t/#")),
    )
    with Core(folder / "greengrass", endpoints, things["core"]) as core:
        core.start()
        group.deploy()
        ca = group.write_ca(folder / "group-ca.pem")
        yield core, a, b, ca
        core.stop()


def test_every_documented_drop_reason_has_a_counter(site):
    page = (ROOT / "docs/drop-reasons.md").read_text()
    names = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert len(names) > 10
    counted = {
        found[1]
        for sample in core_socket.metrics(site[0])
        if (found := re.fullmatch(r'evergrass_drops_total\{reason="(\w+)"\}', sample))
    }
    assert counted == set(names)


def test_messages_and_connections_are_counted(site):
    core, a, b, ca = site
    routed = 'evergrass_messages_routed_total{source="device",target="device"}'
    published = 'evergrass_messages_published_total{source="device"}'
    before = core_socket.metrics(core)
    with core.connect(a, ca) as sender, core.connect(b, ca) as receiver:
        receiver.subscribe("t/#")
        for number in range(10):
            sender.publish("t/x", str(number))
        sender.publish("elsewhere", "x")
        assert [receiver.receive().payload for _ in range(10)] == [b"%d" % n for n in range(10)]
        during = core_socket.metrics(core)
    assert during["evergrass_devices_connected"] == 2
    assert during[routed] - before[routed] == 10
    assert during[published] - before[published] == 11
    lost = 'evergrass_drops_total{reason="subject_differs"}'
    assert during[lost] - before[lost] == 1


BLOCKED = "import signal\ndef handler(event, context):\n    signal.pause()\n"


def test_work_beyond_max_work_item_count_is_dropped_counted_and_explained(service, tmp_path):
    endpoints = service.endpoints
    names = ("w_core", "w_device")
    core_thing, device = (new_thing(endpoints, tmp_path / "keys", name) for name in names)
    blocked = publish_function(endpoints, "blocked", BLOCKED)
    group = Group(endpoints, "work").give(
        cores=[entry(core_thing)],
        devices=[entry(device)],
        functions=[function_entry(blocked, pinned=True)],
        subscriptions=subscriptions((device.arn, blocked, "t")),
    )
    with Core(tmp_path / "greengrass", endpoints, core_thing) as core:
        core.config["runtime"]["maxWorkItemCount"] = 2
        core.write_config()
        core.start()
        group.deploy()

        def counted(name):
            return core_socket.metrics(core)[name]

        # The worker takes the first once it waits for work; two wait; two are too many.
        with core.connect(device, group.write_ca(tmp_path / "ca.pem")) as sender:
            sender.publish("t", "{}")
            waiting.until(
                "the function works",
                lambda: core_socket.status(core)["functions"][0]["state"] == "Working",
            )
            for _ in range(4):
                sender.publish("t", "{}")
        assert counted('evergrass_drops_total{reason="work_queue_full"}') == 2
        assert counted(f'evergrass_function_queued{{function="function:{blocked.split(":", 6)[6]}"}}') == 2
        code, text = core_socket.ask(core, "/why?from=thing:w_device&topic=t")
        assert code == 200
        told = json.loads(text)
        assert told["targets"][0]["drop"]["name"] == "work_queue_full"
        assert told["recentDrops"][0]["count"] == 2
        core.stop()


def test_curl_reads_it(site):
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("there is no curl")
    core = site[0]
    done = processes.run(
        curl, "-fsS", "--unix-socket", "var/run/admin.sock", "http://core/metrics",
        cwd=core.root / "ggc",
    )  # fmt: skip
    assert "# TYPE evergrass_drops_total counter" in done.stdout


def test_other_requests_are_refused_in_words(site):
    assert core_socket.ask(site[0], "/nothing") == (
        404,
        '{"message":"there are /deploy, /invoke, /link, /metrics, /shadow, /status, /subscriptions and /why"}',
    )
    assert core_socket.ask(site[0], "/metrics", "POST", "x")[0] == 405
