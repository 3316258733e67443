"""./dev bench hardware: full TLS handshakes a second at a core's local MQTT server, its key in a file and in a token
(SoftHSM2), RSA-2048 and P-256, one after the other in one run. `--json` prints one object. For an idle machine.

SoftHSM2 computes on the same processor: what it costs is the way to the token, and the one signature at a time. A token
of silicon takes as long as it takes for each.
"""

import argparse
import json
import os
import socket
import ssl
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVERGRASS_BIN", str(ROOT / "build/bench/bin"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))

from harness import processes  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from harness.core import Core  # noqa: E402
from harness.group import Group, entry, new_thing  # noqa: E402
from harness.soft_token import SoftToken  # noqa: E402

KINDS = {"RSA-2048": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "P-256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256")}
CLIENTS = 8


def handshakes(core, device, ca, seconds):
    """Full ones a second, by clients that do nothing else, in TLS 1.2: it ends with the server's word."""
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(device.cert, device.key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    host, _, port = core.mqtt.rpartition(":")
    ends = time.monotonic() + seconds
    counts = [0] * CLIENTS

    def shake(number):
        while time.monotonic() < ends:
            with socket.create_connection((host, int(port))) as plain:
                with context.wrap_socket(plain, server_hostname=host):
                    counts[number] += 1

    began = time.monotonic()
    threads = [threading.Thread(target=shake, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def measure(folder, endpoints, token, name, key, seconds):
    thing = new_thing(endpoints, folder / "keys", f"core-{name}")
    device = new_thing(endpoints, folder / "keys", f"device-{name}")
    core = Core(folder / name, endpoints, thing)
    core.config["crypto"]["PKCS11"] = token.section()
    core.config["crypto"]["principals"]["MQTTServerCertificate"] = {"privateKeyPath": key}
    core.write_config()
    with core:
        core.start(env=token.env)
        group = Group(endpoints, name).give(cores=[entry(thing)], devices=[entry(device)])
        group.deploy()
        rate = handshakes(core, device, group.write_ca(folder / f"{name}.ca"), seconds)
        core.stop()
    return rate


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--seconds", type=float, default=10, help="of each row (10)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    processes.adopt_orphans()
    rates = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = SoftToken(folder / "token")
        with Cloud(folder / "cloud") as cloud:
            for kind, how in KINDS.items():
                uri = token.make(kind, *how)
                for place, key in (("file", f"file://{token.folder / kind}.pem"), ("token", uri)):
                    row = f"{kind}-{place}"
                    print(f"{row} ...", file=sys.stderr)
                    rates[row] = measure(folder, cloud.endpoints, token, row, key, options.seconds)
    if options.json:
        print(json.dumps({"handshakesPerSecond": rates}))
        return
    print("Full handshakes a second (TLS 1.2, with the client's certificate)")
    for row, rate in rates.items():
        print(f"  {row:<16} {rate:8.0f}")


if __name__ == "__main__":
    main()
