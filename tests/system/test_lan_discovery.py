"""A device that has no route to the service finds its core on its own network, and is not deceived."""

import base64
import json
import subprocess
import urllib.request

import pytest

from harness import avahi, network, processes, waiting
from harness.cloud import Cloud
from harness.core import Core
from harness.group import Group, entry, new_thing, subscriptions
from harness.ports import free_port

NO_NETWORK = network.missing_right()
FIND = processes.ROOT / "examples/lan-discovery/find_core.py"


class Site:
    """A core that was deployed and announces itself; its service is gone."""

    def __init__(self, folder):
        self.avahi = folder / "avahi"
        self.avahi.mkdir()
        self.url = f"http://127.0.0.1:{free_port()}"
        with Cloud(folder / "cloud") as cloud:
            endpoints = cloud.endpoints
            core_thing = new_thing(endpoints, folder / "keys", "core")
            self.device = new_thing(endpoints, folder / "keys", "device")
            self.group = Group(endpoints).give(
                cores=[entry(core_thing)], devices=[entry(self.device)],
                subscriptions=subscriptions((self.device.arn, self.device.arn, "to/itself")),
            )  # fmt: skip
            self.core = Core(folder / "greengrass", endpoints, core_thing)
            self.core.config["coreThing"]["ggMqttAddress"] = "127.0.0.1"
            self.core.config["lanDiscovery"] = {
                "port": int(self.url.rpartition(":")[2]), "avahiServices": str(self.avahi)
            }  # fmt: skip
            self.core.write_config()
            self.core.start()
            self.group.deploy()
            self.ca = self.group.write_ca(folder / "group-ca.pem")
            self.core.stop()
        self.core.start()

    def listen(self, address):
        """From its next start on."""
        self.core.config["coreThing"]["ggMqttAddress"] = address
        self.core.write_config()

    def signed(self):
        with urllib.request.urlopen(self.url + "/greengrass/discovery", timeout=waiting.HANG) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("lan"))
    with made.core:
        yield made


def find(ca, url):
    return processes.run("/usr/bin/python3", FIND, ca, url, check=False)


def test_the_example_finds_the_core_and_a_stock_client_connects_there(site):
    found = find(site.ca, site.url)
    assert found.returncode == 0, found.stderr
    place = json.loads(found.stdout)["GGGroups"][0]["Cores"][0]["Connectivity"][0]
    assert f"{place['HostAddress']}:{place['PortNumber']}" == site.core.mqtt
    sent = processes.run(
        "mosquitto_pub", "-h", place["HostAddress"], "-p", str(place["PortNumber"]), "--cafile", site.ca,
        "--cert", site.device.cert, "--key", site.device.key, "-i", site.device.name, "-t", "to/itself", "-m", "hi",
        "-q", "1",
    )  # fmt: skip
    assert sent.returncode == 0


def test_a_core_of_another_group_is_refused(site):
    refused = find(site.core.endpoints.ca_file, site.url)
    assert refused.returncode == 1 and "has not signed for it" in refused.stderr
    assert refused.stdout == ""


def test_a_document_that_was_changed_on_the_way_is_refused_by_openssl(site, tmp_path):
    lines = site.signed().strip().splitlines()
    signed = base64.b64decode("".join(lines[1:-1]))
    assert signed.count(b'"PortNumber":') == 1
    forged = signed.replace(b'"PortNumber":', b'"PortNumbex":')

    def verified(document):
        return subprocess.run(
            ["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-purpose", "sslserver", "-CAfile", site.ca],
            input=document, capture_output=True, check=False, env=processes.clean_env(),
        ).returncode == 0  # fmt: skip

    assert verified(signed)
    assert not verified(forged)


def test_the_announcement_is_there_while_the_core_runs(site):
    (service,) = site.avahi.glob("*.service")
    text = service.read_text()
    assert f"<port>{site.url.rpartition(':')[2]}</port>" in text and f"group={site.group.id}" in text
    site.core.stop()
    assert not list(site.avahi.iterdir())
    site.core.start()
    waiting.until("it is announced again", lambda: list(site.avahi.glob("*.service")))


@pytest.mark.skipif(bool(avahi.missing()), reason=f"not installed: {', '.join(avahi.missing())}")
@pytest.mark.skipif(NO_NETWORK is not None, reason=str(NO_NETWORK))
def test_a_device_on_the_same_network_finds_the_core_by_avahi_and_connects_there(site, tmp_path):
    """Two machines, each with the avahi-daemon of Debian: the core's, and the device's, which knows the group's CA alone."""
    site.core.stop()
    with network.Network() as net:
        at_core, at_device = net.place(), net.place()
        nothing = tmp_path / "nothing"
        nothing.mkdir()
        with (
            avahi.Avahi(tmp_path / "core", at_core, site.avahi),
            avahi.Avahi(tmp_path / "device", at_device, nothing) as device,
        ):
            site.listen("0.0.0.0")
            with at_core.inside():
                site.core.start()
            try:
                found = waiting.until(
                    "a core of the group is found", lambda: look(device, site.ca), every=0.5
                )
                (core,) = json.loads(found.stdout)["GGGroups"][0]["Cores"]
                assert core["thingArn"].endswith(":thing/core")
                (place,) = [each for each in core["Connectivity"] if each["HostAddress"] == at_core.address]
                sent = device.run(
                    "mosquitto_pub", "-h", place["HostAddress"], "-p", str(place["PortNumber"]), "--cafile", site.ca,
                    "--cert", site.device.cert, "--key", site.device.key, "-i", site.device.name, "-t", "to/itself",
                    "-m", "hi", "-q", "1",
                )  # fmt: skip
                assert sent.returncode == 0
                refused = look(device, site.core.endpoints.ca_file, is_found=False)
                assert "has not signed for it" in refused.stderr
            finally:
                site.core.stop()
            waiting.until("the announcement is gone", lambda: not browse(device), every=0.5)
            site.listen("127.0.0.1")
            site.core.start()


def look(device, ca, is_found=True):
    """The example, as docs/lan-discovery.md tells a device; None until it says what is expected."""
    done = device.run("/usr/bin/python3", FIND, ca, check=False)
    return done if done.returncode == (0 if is_found else 1) else None


def browse(device):
    listed = device.run("avahi-browse", "--parsable", "--terminate", "_evergrass-core._tcp").stdout
    return [line for line in listed.splitlines() if line.startswith("+")]
