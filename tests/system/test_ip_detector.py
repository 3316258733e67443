"""V1's IP detector, where the test gives the addresses: what a core tells its service of where devices reach it."""

import socket

import pytest

from harness import network, waiting
from harness.cloud import Cloud
from harness.core import Core
from harness.group import Group, entry, new_thing
from harness.ports import free_port

NO_NETWORK = network.missing_right()

pytestmark = pytest.mark.skipif(NO_NETWORK is not None, reason=str(NO_NETWORK))

DETECTOR = {
    "Id": "detector",
    "FunctionArn": "arn:aws:lambda:::function:GGIPDetector:1",
    "FunctionConfiguration": {"Pinned": True, "MemorySize": 32768, "Timeout": 3},
}
OWNERS = {"Id": "mine", "HostAddress": "site.example", "PortNumber": 18883, "Metadata": "the gate"}


class Site:
    """A service and a core, alone in a network namespace."""

    def __init__(self, place, cloud, folder):
        self.place, self.first = place, place.address
        endpoints = cloud.endpoints
        self.api = endpoints.boto("greengrass")
        self.thing = new_thing(endpoints, folder / "keys", "detected")
        self.api.update_connectivity_info(ThingName="detected", ConnectivityInfo=[OWNERS])
        self.group = Group(endpoints).give(cores=[entry(self.thing)], functions=[DETECTOR])
        self.core = Core(folder / "greengrass", endpoints, self.thing)
        self.listen("::")

    def listen(self, address):
        self.core.config["coreThing"].update(ggMqttAddress=address, ggMqttPort=free_port())
        self.core.write_config()

    @property
    def port(self):
        return self.core.config["coreThing"]["ggMqttPort"]

    def told(self):
        return self.api.get_connectivity_info(ThingName="detected")["ConnectivityInfo"]

    def says(self, *addresses):
        """Waits until the service has these and the owner's, no others."""
        entries = [
            {"Id": f"AUTOIP_{one}_{n}", "HostAddress": one, "PortNumber": self.port, "Metadata": ""}
            for n, one in enumerate(addresses)
        ]
        wanted = sorted([*entries, OWNERS], key=lambda each: each["Id"])
        for each in addresses:
            socket.create_connection((each, self.port), timeout=waiting.HANG).close()
        waiting.until(
            lambda: f"the core has told {wanted}: {self.told()}",
            lambda: sorted(self.told(), key=lambda each: each["Id"]) == wanted,
        )


def test_the_core_tells_the_addresses_that_it_has_and_leaves_its_owners_alone(tmp_path):
    with network.Network() as net:
        place = net.place()
        place.ip("addr", "add", "192.0.2.7/24", "dev", "eth0")
        place.ip("addr", "add", "2001:db8::7/64", "dev", "eth0", "nodad")
        place.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth2")
        place.ip("addr", "add", "198.51.100.5/24", "dev", "eth1")
        place.ip("addr", "add", "203.0.113.9/24", "dev", "eth2")  # which stays down
        place.ip("link", "set", "eth1", "up")
        cloud = Cloud(tmp_path / "cloud")
        cloud.wrap = place.wrap
        with cloud, place.inside():
            site = Site(place, cloud, tmp_path)
            with site.core.start():
                site.group.deploy()
                site.says(site.first, "192.0.2.7", "198.51.100.5", "2001:db8::7")

                place.ip("addr", "del", "192.0.2.7/24", "dev", "eth0")
                place.ip("addr", "add", "2001:db8:1::8/64", "dev", "eth1", "nodad")
                site.group.deploy()  # so that it looks at once
                site.says(site.first, "198.51.100.5", "2001:db8::7", "2001:db8:1::8")

                many = [f"198.51.100.{number}" for number in range(10, 20)]
                for each in many:
                    place.ip("addr", "add", f"{each}/24", "dev", "eth1")
                site.group.deploy()
                site.says(site.first, "198.51.100.5", *many[:8])  # ten in all

                site.core.stop()
                for each in many:
                    place.ip("addr", "del", f"{each}/24", "dev", "eth1")
                site.listen("0.0.0.0")  # IPv4 alone, and at another port
                site.core.start()
                site.says(site.first, "198.51.100.5")
                site.core.stop()
