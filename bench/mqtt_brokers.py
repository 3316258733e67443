"""The brokers under measurement: how each is started, what it weighs, how it is ended."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ACCOUNT = "arn:aws:iot:us-east-1:123456789012"


class BrokerError(Exception):
    """A broker that did not start or did not live."""


def thing_arn(device):
    return f"{ACCOUNT}:thing/device-{device}"


def group_json(fingerprints, subscriptions):
    """A V1 group.json: device i has the i-th certificate; subscriptions are (device, subject, device)."""
    devices = [
        {"thingArn": thing_arn(i), "certArn": f"{ACCOUNT}:cert/{fingerprint}"}
        for i, fingerprint in enumerate(fingerprints)
    ]
    table = [
        {"Id": str(i), "Source": thing_arn(source), "Subject": subject, "Target": thing_arn(target)}
        for i, (source, subject, target) in enumerate(subscriptions)
    ]
    empty = {"ref": None, "Content": []}
    group = "0a1b2c3d-0000-4000-8000-000000000001"
    version = "0a1b2c3d-0000-4000-8000-000000000002"
    return {
        "$Schema": None,
        "Arn": f"arn:aws:greengrass:us-east-1:123456789012:/greengrass/groups/{group}/versions/{version}",
        "Version": None,
        "Region": "us-east-1",
        "Cores": [{"thingArn": f"{ACCOUNT}:thing/bench_core", "certArn": f"{ACCOUNT}:cert/{'c' * 64}"}],
        "Devices": devices,
        "GroupDefinitions": {
            "Resources": empty,
            "Lambdas": empty,
            "Subscriptions": {"ref": None, "Content": table},
            "Logging": {"Content": []},
            "ShadowSync": empty,
            "ClientCertFingerprints": {"Content": list(fingerprints)},
        },
    }


def pss_kib(pid):
    """Proportional set size: shared pages are shared out among those who map them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise BrokerError(f"/proc/{pid}/smaps_rollup has no Pss")


class Broker:
    """One running broker on 127.0.0.1; leaving the `with` ends it.

    `before` stands before the command: taskset, valgrind.
    """

    def __init__(self, kind, certificates, group, before=(), patience=20):
        self.kind = kind
        self.certificates = certificates  # None: plain TCP
        self.group = group
        self.before = list(before)
        self.patience = patience  # seconds until it must be ready
        self.directory = tempfile.TemporaryDirectory(prefix="mqtt-bench-")
        self.process = None
        self.port = None

    @property
    def pid(self):
        return self.process.pid  # taskset and valgrind become the broker's process

    def __enter__(self):
        try:
            self.log = open(Path(self.directory.name) / "log", "w+")
            self.port = self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            if self.process.stdout:
                self.process.stdout.close()
        self.log.close()
        self.directory.cleanup()

    def spawn(self, command, **more):
        self.process = subprocess.Popen(
            [*self.before, *map(str, command)], stderr=self.log, stdin=subprocess.DEVNULL, **more
        )

    def failed(self, what):
        self.log.flush()
        self.log.seek(0)
        said = self.log.read()[-2000:].strip()
        return BrokerError(f"{self.kind.name} {what}" + (f"; it said: {said}" if said else ""))

    def start(self):
        return self.kind.start(self)


class Mosquitto:
    """Debian's, as its package has it, but without a limit of its queues: it must not drop."""

    def __init__(self, name, program="mosquitto", nodelay=False):
        self.name = name
        self.program = program
        self.nodelay = nodelay

    def version(self):
        said = subprocess.run([self.program, "-h"], capture_output=True, text=True).stdout
        found = re.search(r"mosquitto version (\S+)", said)
        return found.group(1) if found else "unknown"

    def config(self, port, certificates):
        lines = [
            f"listener {port} 127.0.0.1",
            "allow_anonymous true",
            "max_queued_messages 0",
            "persistence false",
            "log_dest none",
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        if self.nodelay:
            lines.append("set_tcp_nodelay true")
        if certificates:
            lines += [
                f"cafile {certificates}/ca.pem",
                f"certfile {certificates}/server.pem",
                f"keyfile {certificates}/server.key",
                "require_certificate true",
            ]
        return "\n".join(lines) + "\n"

    def start(self, broker):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        file = Path(broker.directory.name) / "mosquitto.conf"
        file.write_text(self.config(port, broker.certificates))
        broker.spawn([self.program, "-c", file], stdout=broker.log)
        end = time.monotonic() + broker.patience
        while time.monotonic() < end:
            if broker.process.poll() is not None:
                raise broker.failed(f"ended with {broker.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return port
            except OSError:
                time.sleep(0.02)
        raise broker.failed("does not listen")


class Ours:
    """mqtt_testbed: our broker alone, with the subscription table of a group deciding each message."""

    name = "ours"

    def __init__(self, program):
        self.program = Path(program)

    def start(self, broker):
        command = [self.program, "--port", 0, "--group", broker.group]
        if broker.certificates:
            command += [
                "--cert", f"{broker.certificates}/server.pem",
                "--key", f"{broker.certificates}/server.key",
                "--ca", f"{broker.certificates}/ca.pem",
            ]  # fmt: skip
        broker.spawn(command, stdout=subprocess.PIPE, text=True)
        line = broker.process.stdout.readline()
        try:
            return int(json.loads(line)["port"])
        except (ValueError, KeyError, TypeError):
            raise broker.failed(f'did not print {{"port":N}} but {line!r}') from None
