"""Devices whose service's address is compiled in: the network's names point to our service, and the
device is given our root. Two network namespaces; the device is the SDK's own sample, unchanged."""

import json
import os
import shutil
from pathlib import Path

import pytest

from harness import old_core, processes, waiting
from harness.old_core import OldCore
from harness.processes import BIN, ROOT, Process
from harness.system import Endpoints

SAMPLE = ROOT / "tests/interop/node_modules/aws-iot-device-sdk/examples/device-example.js"
HOST = f"x-ats.iot.{old_core.REGION}.amazonaws.com"
SERVICE, DEVICE = "10.201.77.1", "10.201.77.2"


def ip(*words, check=True):
    return processes.run("ip", *words, check=check)


@pytest.fixture
def two_networks():
    """Names of two namespaces with a wire between them; in the second HOST is the service's address."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("making network namespaces takes root and iproute2")
    here, there = (f"eg{os.getpid()}{end}" for end in "sd")
    if ip("netns", "add", here, check=False).returncode != 0:
        pytest.skip("this kernel or container makes no network namespaces")
    hosts = Path("/etc/netns", there, "hosts")
    try:
        ip("netns", "add", there)
        ip("link", "add", "eg0", "netns", here, "type", "veth", "peer", "name", "eg1", "netns", there)
        for space, wire, address in ((here, "eg0", SERVICE), (there, "eg1", DEVICE)):
            ip("-n", space, "address", "add", f"{address}/24", "dev", wire)
            ip("-n", space, "link", "set", wire, "up")
            ip("-n", space, "link", "set", "lo", "up")
        hosts.parent.mkdir(parents=True)
        hosts.write_text(f"127.0.0.1 localhost\n{SERVICE} {HOST}\n")
        yield here, there
    finally:
        shutil.rmtree(hosts.parent, ignore_errors=True)
        for space in (here, there):
            ip("netns", "delete", space, check=False)


def test_the_sdks_sample_finds_our_service_by_awss_name(two_networks, tmp_path):
    if shutil.which("node") is None or not SAMPLE.exists():
        pytest.skip("node or the SDK is not installed")
    here, there = two_networks
    old = OldCore(tmp_path / "old")
    data, ready = tmp_path / "data", tmp_path / "ready.json"
    keys = processes.run(BIN / "evergrass-cloud", "keys", "create", "--data", data, "--json").stdout
    with Process(
        "ip", "netns", "exec", here, BIN / "evergrass-cloud", "--data", data, "--ready-file", ready,
        "--listen", "0.0.0.0", "--account", old_core.ACCOUNT, "--region", old_core.REGION,
        "--api-port", "443", "--http-port", "8080", "--mqtt-port", "8883", "--iot-https-port", "8443",
        "--host", HOST, "--host", SERVICE,
    ) as service:  # fmt: skip
        waiting.until(lambda: f"{service} is ready", lambda: ready.exists() or not service.running())
        file = tmp_path / "endpoints.json"
        file.write_text(ready.read_text().rstrip().rstrip("}") + "," + keys.strip().lstrip("{"))
        ca = Endpoints(file).ca_file
        members = Endpoints(file).members | {"api": f"https://{SERVICE}:443"}
        file.write_text(json.dumps(members))
        processes.run(
            "ip", "netns", "exec", here, BIN / "evergrass", "adopt", "--endpoints", file,
            "--root", old.root,
        )  # fmt: skip
        device = old.devices["Valve1"]

        def sample(mode):
            return Process(
                "ip", "netns", "exec", there, "node", SAMPLE, "-H", HOST, "-p", "8883",
                "-k", device.key, "-c", device.cert, "-a", ca, "-i", f"Valve1-{mode}", "-t", mode,
                "-d", "250",
            )  # fmt: skip

        with sample("1") as first, sample("2") as second:
            first.wait_for_line("^connect$")
            second.wait_for_line("^connect$")
            first.wait_for_line("^message topic_1 .*mode2Process")
            second.wait_for_line("^message topic_2 .*mode1Process")
        service.stop()
