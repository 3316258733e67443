"""./dev bench: every benchmark, one after the other, on a machine that does nothing else.

A speed is printed as a ratio to a peer in the same run where there is one. `--json` prints one object.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / "build/bench/bin"
os.environ["EVERGRASS_BIN"] = str(BIN)
sys.path.insert(0, str(ROOT / "tests"))

from harness import processes  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from harness.core import Core, port_of  # noqa: E402
from harness.group import (  # noqa: E402
    Group, entry, function_entry, new_thing, publish_function, subscriptions,
)

ECHO = """
import greengrasssdk
client = greengrasssdk.client("iot-data")

def handler(event, context):
    client.publish(topic="bench/echo", payload=b'{"n":1}')
"""


def pss_kb(pid):
    """Proportional set size: shared pages are shared out among those who map them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"no Pss of {pid}")


def milliseconds_since(begun):
    return round((time.monotonic() - begun) * 1000)


def timed(action):
    begun = time.monotonic()
    action()
    return milliseconds_since(begun)


def round_trip(core, device, ca_file, send, receive, *options):
    host, _, port = core.mqtt.rpartition(":")
    done = processes.run(
        BIN / "round_trip", "--host", host, "--port", port, "--ca-file", ca_file,
        "--cert-file", device.cert, "--key-file", device.key, "--client-id", device.name,
        "--send", send, "--receive", receive, *options,
    )  # fmt: skip
    return json.loads(done.stdout)


def bench_group(endpoints, directory):
    """A core's thing, a device's, and a deployable group: device to itself, and by an echo function."""
    core, device = (new_thing(endpoints, directory, name) for name in ("bench_core", "bench_device"))
    echo = publish_function(endpoints, "bench_echo", ECHO)
    group = Group(endpoints, "bench").give(
        cores=[entry(core)],
        devices=[entry(device)],
        functions=[function_entry(echo, pinned=True)],
        subscriptions=subscriptions(
            (device.arn, device.arn, "bench/direct"),
            (device.arn, echo, "bench/ask"),
            (echo, device.arn, "bench/echo"),
        ),
    )
    return core, device, group


def deploy(group):
    outcome = group.outcome(group.start_deployment())
    assert outcome["DeploymentStatus"] == "Success", outcome


def whole_system(directory):
    """Latency through a core, and what an idle core and service weigh."""
    directory = Path(directory)
    cloud = Cloud(directory / "cloud")
    measured = {}
    begun = time.monotonic()
    with cloud:
        measured["service_start_ms"] = milliseconds_since(begun)
        core_thing, device, group = bench_group(cloud.endpoints, directory / "things")
        with Core(directory / "greengrass", cloud.endpoints, core_thing) as core:
            core.start()
            measured["deployment_ms"] = timed(lambda: deploy(group))
            core.stop()
            measured["core_start_ms"] = timed(core.start)
            measured["core_idle_pss_kb"] = pss_kb(core.pid)
            measured["service_idle_pss_kb"] = pss_kb(cloud.process.pid)
            ca = directory / "group.pem"
            group.write_ca(ca)
            for name, send, receive in (
                ("device_to_device", "bench/direct", "bench/direct"),
                ("device_to_function_to_device", "bench/ask", "bench/echo"),
            ):
                measured[name] = round_trip(core, device, ca, send, receive)
            core.stop()
    return measured


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object of the whole system's numbers")
    parser.add_argument("--system-only", action="store_true", help="leave out the comparisons with peers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evergrass-bench-") as directory:
        measured = whole_system(directory)
    if options.json:
        print(json.dumps(measured))
    else:
        for name, value in measured.items():
            print(f"{name:32} {value}")
    if not options.system_only and not options.json:
        for program in ("device_to_device", "route_bench"):
            print(f"\n{program}", flush=True)
            subprocess.run([BIN / program], check=True, env=processes.clean_env())


if __name__ == "__main__":
    main()
