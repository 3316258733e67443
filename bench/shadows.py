"""./dev bench shadows: many shadows of a core synced with the service on this machine: how long the first sync
takes, and how long one changed leaf takes to the other side, beside a round trip to the service in the same run.

A line a measurement: what, our number, the peer's, the goal, and whether it is met. `--json` prints one object.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVERGRASS_BIN", str(ROOT / "build/bench/bin"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))

from harness import core_socket, processes, waiting  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from harness.core import Core  # noqa: E402
from harness.group import Group, entry, new_thing, subscriptions  # noqa: E402
from harness.hub import HubClient  # noqa: E402
from run import pss_kb  # noqa: E402
from table import Table, percentile  # noqa: E402


def topic(thing, what):
    return f"$aws/things/{thing}/shadow/{what}"


def update(section, value):
    return json.dumps({"state": {section: {"value": value}}})


def settled(core, count):
    now = core_socket.status(core)["shadows"]
    return now["synced"] == now["settled"] == count


def measure(folder, options):
    table = Table()
    folder = Path(folder)
    with Cloud(folder / "cloud") as cloud:
        endpoints = cloud.endpoints
        core_thing, device = (new_thing(endpoints, folder / "keys", n) for n in ("core", "device"))
        data, iot = endpoints.boto("iot-data"), endpoints.boto("iot")
        # One certificate for all: keys are not what is measured.
        things = [entry(device) | {"SyncShadow": True}]
        for n in range(1, options.shadows):
            name = f"thing{n}"
            things.append(
                {**things[0], "Id": name, "ThingArn": device.arn.replace("thing/device", f"thing/{name}")}
            )
            iot.create_thing(thingName=name)
            iot.attach_thing_principal(thingName=name, principal=device.certificate_arn)
            data.update_thing_shadow(thingName=name, payload=update("desired", n))
        data.update_thing_shadow(thingName="device", payload=update("desired", 0))
        group = Group(endpoints, "bench").give(
            cores=[entry(core_thing)],
            devices=things,
            subscriptions=subscriptions(
                (device.arn, "GGShadowService", topic("device", "#")),
                ("GGShadowService", device.arn, topic("device", "#")),
            ),
        )
        with Core(folder / "greengrass", endpoints, core_thing) as core:
            core.start()
            before = pss_kb(core.pid)
            first_sync(table, core, group, options.shadows)
            table.add("the core's own memory for a synced shadow", (pss_kb(core.pid) - before) / options.shadows, "KiB")
            again(table, core, options.shadows)
            leaves(table, endpoints, core, group.write_ca(folder / "ca.pem"), device, options.repeats)
            core.stop()
    return table


def first_sync(table, core, group, count):
    """From the deployment's end, or before it, until all are the same on both sides."""
    deployment = group.start_deployment()
    while not core_socket.status(core)["shadows"]["synced"]:
        status = group.status(deployment)
        assert status["DeploymentStatus"] != "Failure", status
        time.sleep(0.01)
    begun = time.perf_counter()
    waiting.until("all shadows are synced", lambda: settled(core, count), limit=600, every=0.01)
    table.add(f"first sync of {count} shadows", time.perf_counter() - begun, "s", goal=10)


def again(table, core, count):
    """The same after a restart, when nothing has changed."""
    core.stop()
    core.start()
    begun = time.perf_counter()
    waiting.until("all shadows are looked at", lambda: settled(core, count), limit=600, every=0.01)
    table.add(f"{count} shadows compared after a restart", time.perf_counter() - begun, "s", goal=10)


def timed(count, send, receive):
    took = []
    for n in range(count):
        begun = time.perf_counter()
        send(n)
        receive(n)
        took.append((time.perf_counter() - begun) * 1000)
    return took


def leaves(table, endpoints, core, ca, thing, repeats):
    application = HubClient(endpoints, "application")
    device = core.connect(thing, ca)
    with application, device:
        application.send_at_once()
        application.subscribe(topic("device", "update/accepted"))
        application.subscribe("bench/echo")
        device.subscribe(topic("device", "update/accepted"))

        def heard_of(client, section):
            def wait(n):
                while json.loads(client.receive().payload)["state"] != {section: {"value": n + 1}}:
                    pass
            return wait  # fmt: skip

        bare = timed(repeats, lambda n: application.publish("bench/echo", str(n)), lambda n: application.receive())
        trip = percentile(bare, 0.5)
        down = timed(
            repeats,
            lambda n: application.publish(topic("device", "update"), update("desired", n + 1)),
            heard_of(device, "desired"),
        )
        up = timed(
            repeats,
            lambda n: device.publish(topic("device", "update"), update("reported", n + 1)),
            heard_of(application, "reported"),
        )
        for name, took in (("cloud to core", down), ("core to cloud", up)):
            for share in (0.5, 0.99):
                table.add(
                    f"one leaf, {name}, p{share * 100:.0f}", percentile(took, share), "ms",
                    peer=(trip, "a round trip"), goal=trip + 50,
                )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shadows", type=int, default=2500)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="evergrass-bench-") as folder:
        table = measure(folder, options)
    table.show(options.json)


if __name__ == "__main__":
    main()
