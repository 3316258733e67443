"""Devices connect to a core for as long as its group's CA lives, with nobody but the core to see to it."""

import json
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from harness import processes, waiting
from harness.cloud import Cloud
from harness.core import Core
from harness.group import Group, entry, new_thing, subscriptions

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
DAY = 86_400
ELEVEN_YEARS = 11 * 365 * DAY

IP_DETECTOR = {
    "Id": "detector",
    "FunctionArn": "arn:aws:lambda:::function:GGIPDetector:1",
    "FunctionConfiguration": {"MemorySize": 32768, "Pinned": True, "Timeout": 3},
}

pytestmark = pytest.mark.skipif(FAKETIME is None, reason="the package libfaketime is not installed")


def at(seconds):
    """The environment of a program whose clock is so far ahead; what has gone by is told rightly."""
    return processes.clean_env(
        LD_PRELOAD=str(FAKETIME),
        FAKETIME=f"{seconds:+d}s",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        NO_FAKE_STAT="1",
    )


def in_1970():
    return processes.clean_env(
        LD_PRELOAD=str(FAKETIME),
        FAKETIME="@1970-01-01 00:05:00",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        NO_FAKE_STAT="1",
    )


OWNERS = {"Id": "mine", "HostAddress": "gate.example", "PortNumber": 8883, "Metadata": ""}


class Site:
    """A core that was deployed once, and whose service is gone for good."""

    def __init__(self, folder):
        with Cloud(folder / "cloud") as cloud:
            endpoints = cloud.endpoints
            core_thing = new_thing(endpoints, folder / "keys", "core")
            self.device = new_thing(endpoints, folder / "keys", "device")
            group = Group(endpoints).give(
                cores=[entry(core_thing)],
                devices=[entry(self.device)],
                functions=[IP_DETECTOR],
                subscriptions=subscriptions((self.device.arn, self.device.arn, "to/#")),
            )
            self.core = Core(folder / "greengrass", endpoints, core_thing)
            self.core.start()
            group.deploy()
            self.ca = group.write_ca(folder / "group-ca.pem")
            self.connectivity = self.record(endpoints, core_thing)
            endpoints.boto("greengrass").update_connectivity_info(
                ThingName=core_thing.name, ConnectivityInfo=[*self.connectivity, OWNERS]
            )
            waiting.until(
                lambda: f"the certificate names what the owner gave: {self.names()}",
                lambda: OWNERS["HostAddress"] in self.names(),
            )
            self.core.stop()

    @property
    def state(self):
        return self.core.root / "ggc/var/state/server"

    def names(self):
        said = processes.run("openssl", "x509", "-in", self.state / "server.crt", "-noout", "-ext", "subjectAltName")
        return said.stdout

    @staticmethod
    def record(endpoints, core_thing):
        told = endpoints.boto("greengrass").get_connectivity_info(ThingName=core_thing.name)
        return told["ConnectivityInfo"]

    @property
    def port(self):
        return self.core.mqtt.rpartition(":")[2]

    def certificate_ends(self):
        """As openssl writes it, of the first in the chain that the core serves."""
        said = processes.run("openssl", "x509", "-in", self.state / "server.crt", "-noout", "-enddate")
        return said.stdout.strip()

    def publish(self, env, ca=None):
        """A stock client with that clock: its whole way from the handshake to the PUBACK."""
        return processes.run(
            "mosquitto_pub", "-h", "127.0.0.1", "-p", self.port, "--cafile", ca or self.ca,
            "--cert", self.device.cert, "--key", self.device.key, "-i", self.device.name,
            "-t", "to/itself", "-m", "hello", "-q", "1", env=env, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("local_tls"))
    with made.core:
        yield made


@pytest.fixture
def core_at(site):
    """core_at(env): the core runs with that clock; it has ended when the test has."""

    def start(env):
        site.core.start(env=env)
        return site

    yield start
    site.core.stop()


@pytest.fixture(scope="module")
def mbedtls_device(tmp_path_factory):
    program = tmp_path_factory.mktemp("mbedtls") / "device"
    source = Path(__file__).parent / "programs/mbedtls_device.c"
    processes.run("cc", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lmbedtls", "-lmbedx509", "-lmbedcrypto")
    return program


@pytest.mark.parametrize("ahead", [0, 8 * DAY, ELEVEN_YEARS], ids=["today", "in eight days", "in eleven years"])
def test_a_stock_device_connects_without_a_service(core_at, ahead):
    site = core_at(at(ahead))
    done = site.publish(at(ahead))
    assert done.returncode == 0, done.stderr


def test_openssl_and_mbedtls_verify_the_chain_with_the_groups_ca_alone(core_at, mbedtls_device):
    site = core_at(at(ELEVEN_YEARS))
    said = processes.run(
        mbedtls_device, site.port, site.ca, site.device.cert, site.device.key, env=at(ELEVEN_YEARS), check=False
    )
    assert said.stdout == "verified\n"
    said = processes.run(
        "openssl", "s_client", "-connect", f"127.0.0.1:{site.port}", "-CAfile", site.ca, "-verify_ip", "127.0.0.1",
        "-verify_return_error", "-cert", site.device.cert, "-key", site.device.key, env=at(ELEVEN_YEARS), stdin="",
    )  # fmt: skip
    assert "Verify return code: 0 (ok)" in said.stdout
    assert said.stdout.count("BEGIN CERTIFICATE") == 1 and " 1 s:" in said.stdout, "the chain has the authority"


def by_paho(site, ca):
    """Whether it got its message acknowledged."""
    client = paho.Client(site.device.name)
    client.tls_set(ca, site.device.cert, site.device.key)
    try:
        client.connect("127.0.0.1", int(site.port))
    except OSError as refused:
        return False, str(refused)
    client.loop_start()
    try:
        sent = client.publish("to/paho", "hello", qos=1)
        sent.wait_for_publish(waiting.HANG)
        return sent.is_published(), ""
    finally:
        client.disconnect()
        client.loop_stop()


def by_mosquitto(site, ca):
    done = site.publish(processes.clean_env(), ca=ca)
    return done.returncode == 0, done.stderr


def by_sdk(name):
    def run(site, ca):
        """Whether the SDK got back what it published."""
        options = {"host": "127.0.0.1", "port": int(site.port), "ca": str(ca), "cert": str(site.device.cert),
                   "key": str(site.device.key), "clientId": site.device.name, "topic": "to/sdk", "qos": [1, 1]}  # fmt: skip
        script = processes.ROOT / "tests/interop/clients.js"
        done = processes.run("node", script, name, json.dumps(options), check=False)
        return done.returncode == 0 and done.stdout.count("to/sdk/") == 2, done.stderr

    return run


def test_the_stock_clients_of_devices_verify_the_chain_with_the_groups_ca_alone(core_at, site):
    core_at(at(0))
    clients = {"mosquitto": by_mosquitto, "paho": by_paho, "aws-iot-device-sdk": by_sdk("sdk-v1"),
               "aws-iot-device-sdk-v2": by_sdk("sdk-v2"), "its MQTT 5": by_sdk("sdk-v2-mqtt5")}  # fmt: skip
    # After a server that it refuses, this SDK's TLS waits for 10 to 30 s before it says so.
    slow_to_refuse = ("aws-iot-device-sdk-v2", "its MQTT 5")
    for name, connects in clients.items():
        done, why = connects(site, site.ca)
        assert done, f"{name}: {why}"
        if name in slow_to_refuse:
            continue
        done, why = connects(site, site.core.endpoints.ca_file)
        assert not done and why, f"{name} goes on without having verified the chain"


def test_status_says_how_long_it_lasts_and_who_renews_it(core_at):
    site = core_at(at(0))
    said = processes.run(processes.BIN / "evergrass", "status", "--root", site.core.root).stdout
    assert "renewed by the core itself until 2049-12-31T23:59:59.000Z" in said


def test_a_device_that_trusts_another_ca_refuses(core_at, site):
    core_at(at(0))
    done = site.publish(at(0), ca=site.core.endpoints.ca_file)
    assert done.returncode != 0
    assert "TLS error" in done.stderr, "it would publish, had it gone on"


def test_a_core_that_starts_in_1970_is_reached_by_devices_that_know_the_time(core_at):
    site = core_at(in_1970())
    done = site.publish(at(ELEVEN_YEARS))
    assert done.returncode == 0, done.stderr
    site.core.wait_for_log("The clock is behind the latest time that this core has seen.")
    assert "2049" in site.certificate_ends()


def test_devices_are_told_where_the_core_is(site):
    expected = [a for a in processes.run("hostname", "-I").stdout.split() if "." in a]  # it listens at 0.0.0.0
    told = [(e["Id"], e["HostAddress"], e["PortNumber"]) for e in site.connectivity]
    assert {address for _, address, _ in told} == set(expected[:10])
    assert told == [(f"AUTOIP_{a}_{n}", a, int(site.port)) for n, (_, a, _) in enumerate(told)]


def test_an_address_that_the_owner_gave_after_the_deployment_is_in_the_certificate(site):
    names = site.names()
    assert "DNS:gate.example" in names and "DNS:localhost" in names


def test_what_is_kept_is_for_the_cores_user_alone(site):
    for name in ("server.key", "authority.key", "authority.json"):
        assert (site.state / name).stat().st_mode & 0o777 == 0o600, name


def test_a_damaged_authority_is_told_and_the_last_certificate_goes_on(site, core_at):
    whole = (site.state / "authority.json").read_text()
    (site.state / "authority.json").write_text(whole[: len(whole) // 2])
    try:
        core_at(at(0))
        site.core.wait_for_log("The core's own authority cannot be used.")
        done = site.publish(at(0))
        assert done.returncode == 0, done.stderr
    finally:
        (site.state / "authority.json").write_text(whole)
