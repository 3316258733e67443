"""./dev bench link: messages a second from a core to the service, over round trips of 0 to 200 ms that a proxy on
this machine makes, from memory and from files, beside mosquitto's bridge over the same proxy in the same run.

What is measured is a queue that drains: messages are published while the way is cut; then it is mended, and a
subscriber at the far end (mosquitto_sub) takes the time from the first that comes to the last. A line a measurement:
what, our number, the peer's, the goal, and whether it is met. `--json` prints one object.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import paho.mqtt.client as paho

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVERGRASS_BIN", str(ROOT / "build/bench/bin"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))

from harness import core_socket, waiting  # noqa: E402
from harness.cable import Cable  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from harness.core import Core, port_of  # noqa: E402
from harness.group import Group, entry, new_thing, subscriptions  # noqa: E402
from harness.hub import HubClient  # noqa: E402
from harness.ports import free_port  # noqa: E402
from table import Table  # noqa: E402

TOPIC = "bench/link"
READY = "bench/ready"
PAYLOAD = b"x" * 256
QUEUE = 256 * 1024 * 1024  # bytes: nothing gives way
# Milliseconds of a round trip, and how many messages drain over it.
WAYS = [(0, 10_000), (10, 5_000), (50, 4_000), (200, 1_000)]
WINDOW = 100


class Subscriber:
    """mosquitto_sub at a far end: paho is slower than both ends. It writes a line a message. QoS 0, for what waits for
    it there has no limit but bytes then."""

    def __init__(self, file, port, publish_ready, *connect):
        self._written = open(file, "wb")
        self._lines = open(file)
        self._program = subprocess.Popen(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-q", "0", "-t", TOPIC, "-t", READY,
             "-F", "%U %t", *connect],
            stdout=self._written,
        )  # fmt: skip

        def answers():
            publish_ready()
            return READY in self._read()

        self._line = ""
        waiting.until("mosquitto_sub has subscribed", answers)

    def _read(self):
        """{topic: [seconds of each message]} since the last time."""
        came = {}
        while piece := self._lines.readline():
            self._line += piece
            if self._line.endswith("\n"):
                seconds, topic = self._line.split()
                came.setdefault(topic, []).append(float(seconds))
                self._line = ""
        return came

    def rate(self, count):
        """Messages a second, from the first that comes on."""
        seconds = []

        def all_came():
            seconds.extend(self._read().get(TOPIC, []))
            return len(seconds) >= count

        waiting.until(lambda: f"{count} messages come, of which {len(seconds)} did", all_came, limit=600)
        return (count - 1) / (seconds[-1] - seconds[0])

    def end(self):
        self._program.terminate()
        self._program.wait()
        self._written.close()
        self._lines.close()


class Publisher:
    """As fast as QoS 1 lets it, to a port with or without TLS."""

    def __init__(self, client):
        self._client = client

    def publish(self, count):
        for number in range(1, count + 1):
            last = self._client.publish(TOPIC, PAYLOAD, 1)
            if number % 10_000 == 0 or number == count:  # paho queues 65,535 at most
                last.wait_for_publish()


class OurLink:
    """A core, its device, and a subscriber at the service."""

    def __init__(self, folder, cloud, cable):
        endpoints = cloud.endpoints
        self.cable = cable
        core_thing, self.device, far = (
            new_thing(endpoints, folder / "keys", n) for n in ("core", "device", "far")
        )
        self.members = {
            "cores": [entry(core_thing)],
            "devices": [entry(self.device)],
            "subscriptions": subscriptions((self.device.arn, "cloud", TOPIC)),
        }
        self.group = Group(endpoints, "bench")
        self.core = Core(folder / "greengrass", endpoints, core_thing)
        self.core.config["coreThing"]["iotMqttPort"] = cable.port
        self.core.write_config()
        self.ca = self.group.write_ca(folder / "ca.pem")
        probe = HubClient(endpoints, "probe", far)
        port = endpoints.iot_mqtt.rpartition(":")[2]
        self.far_end = Subscriber(
            folder / "far.out", port, lambda: probe.publish(READY, b""),
            "-i", "far", "--cafile", str(endpoints.ca_file), "--cert", str(far.cert), "--key", str(far.key),
        )  # fmt: skip
        probe.close()

    def use(self, storage):
        variables = {"GG_CONFIG_STORAGE_TYPE": storage, "GG_CONFIG_MAX_SIZE_BYTES": str(QUEUE)}
        spooler = {
            "Id": "spooler",
            "FunctionArn": "arn:aws:lambda:::function:GGCloudSpooler:1",
            "FunctionConfiguration": {
                "Executable": "spooler", "MemorySize": 32768, "Pinned": True, "Timeout": 3,
                "Environment": {"Variables": variables},
            },
        }  # fmt: skip
        self.group.give(functions=[spooler], **self.members)
        self.group.deploy()

    def link(self):
        return json.loads(core_socket.ask(self.core, "/link")[1])

    def drain(self, count, round_trip):
        self.cable.cut()
        waiting.until("the core notices", lambda: not self.link()["connected"])
        with self.core.connect(self.device, self.ca) as device:
            Publisher(device._client).publish(count)
            waiting.until("all is queued", lambda: self.link()["queue"]["messages"] == count, limit=600)
        self.cable.delay = round_trip / 2000
        self.cable.mend()
        rate = self.far_end.rate(count)
        waiting.until("all is acknowledged", lambda: not self.link()["queue"]["messages"])
        self.cable.delay = 0
        return rate


class MosquittoBridge:
    """Two brokers of Debian's, one of which carries to the other what it gets. Without TLS. Its max_inflight_messages
    is WINDOW, but it does not keep to that: over 50 ms it carries more than WINDOW messages a round trip, which a far
    end that has a limit, as AWS IoT Core does, would not take."""

    def __init__(self, folder, delay_cable):
        self.folder = folder
        self._new_cable = delay_cable
        self._programs = []

    def start(self, name, lines):
        port = free_port()
        file = self.folder / f"{name}.conf"
        common = [f"listener {port} 127.0.0.1", "allow_anonymous true", "max_queued_messages 0",
                  f"max_inflight_messages {WINDOW}", "log_dest none"]  # fmt: skip
        common += ["user root"] if os.geteuid() == 0 else []
        file.write_text("\n".join([*common, *lines]) + "\n")
        self._programs.append(subprocess.Popen(["mosquitto", "-c", file]))

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        waiting.until(f"mosquitto {name} listens", listens)
        return port

    @staticmethod
    def connect(port):
        client = paho.Client(f"bench{port}", protocol=paho.MQTTv311)
        client.connect("127.0.0.1", port)
        client.loop_start()
        waiting.until("paho is connected", client.is_connected)
        return client

    def __enter__(self):
        self.far = self.start("far", ["persistence false"])
        self.cable = self._new_cable(self.far)
        self.near = self.start("near", [
            "persistence false", "connection far", f"address 127.0.0.1:{self.cable.port}",
            f"topic {TOPIC} out 1", "cleansession false", "restart_timeout 1", "notifications false",
            "try_private false",
        ])  # fmt: skip
        probe = self.connect(self.far)
        self.far_end = Subscriber(self.folder / "peer.out", self.far, lambda: probe.publish(READY, b"", 1))
        probe.disconnect()
        probe.loop_stop()
        return self

    def drain(self, count, round_trip):
        self.cable.cut()
        publisher = self.connect(self.near)
        Publisher(publisher).publish(count)
        self.cable.delay = round_trip / 2000
        self.cable.mend()
        rate = self.far_end.rate(count)
        publisher.disconnect()
        publisher.loop_stop()
        self.cable.delay = 0
        return rate

    def __exit__(self, *unused):
        self.far_end.end()
        self.cable.__exit__()
        for program in self._programs:
            program.terminate()
            program.wait()


def measure(folder, options):
    table = Table()
    folder = Path(folder)
    many = 10_000 if options.quick else 100_000
    peer = {}
    with MosquittoBridge(folder, Cable) as bridge:
        for round_trip, count in WAYS:
            peer[round_trip] = bridge.drain(count, round_trip)
        peer["many"] = many / bridge.drain(many, 0)
    with Cloud(folder / "cloud", "--mqtt-queue-bytes", str(QUEUE)) as cloud, Cable(port_of(cloud.endpoints.iot_mqtt)) as cable:
        ours = OurLink(folder, cloud, cable)
        with ours.core:
            ours.core.start()
            for storage in ("Memory", "FileSystem"):
                ours.use(storage)
                waiting.until("the core is connected", lambda: ours.link()["connected"])
                for round_trip, count in WAYS:
                    # What a window of WINDOW allows, but for a fifth.
                    goal = {"at_least": 0.8 * WINDOW * 1000 / round_trip} if round_trip >= 50 else {}
                    table.add(
                        f"{storage}, {round_trip} ms round trip", ours.drain(count, round_trip), "/s",
                        peer=(peer[round_trip], "mosquitto's bridge"), **goal,
                    )  # fmt: skip
                table.add(f"{storage}, {many} queued drain in", many / ours.drain(many, 0), "s",
                          peer=(peer["many"], "mosquitto's bridge"))  # fmt: skip
            ours.far_end.end()
            ours.core.stop()
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="a queue of 10,000 instead of 100,000")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evergrass-link-") as folder:
        table = measure(folder, options)
    table.show(options.json)


if __name__ == "__main__":
    main()
