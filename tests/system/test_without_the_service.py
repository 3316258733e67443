"""The service's plug is pulled: the core goes on, starts without it, and takes the link up again."""

import json

import pytest

from harness import mqtt, processes, waiting
from harness.cloud import Cloud
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions
from harness.system import connect_iot

ECHO = """
import json
import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    client.publish(topic="echo/out", payload=json.dumps({"echo": event["n"]}))
"""


class Site:
    """A core whose group has two devices and an echoing function."""

    def __init__(self, cloud, folder):
        endpoints = cloud.endpoints
        self.core_thing = new_thing(endpoints, folder / "keys", "core")
        self.sensor = new_thing(endpoints, folder / "keys", "sensor")
        self.display = new_thing(endpoints, folder / "keys", "display")
        self.watcher = new_thing(endpoints, folder / "keys", "watcher")
        echo = publish_function(endpoints, "echo", ECHO)
        self.group = Group(endpoints).give(
            cores=[entry(self.core_thing)],
            devices=[entry(self.sensor), entry(self.display)],
            functions=[function_entry(echo, pinned=True)],
            subscriptions=subscriptions(
                (self.sensor.arn, self.display.arn, "direct"),
                (self.sensor.arn, echo, "echo/in"),
                (echo, self.display.arn, "echo/out"),
                (self.sensor.arn, "cloud", "up"),
                ("cloud", self.display.arn, "down"),
            ),
        )
        self.core = Core(folder / "greengrass", endpoints, self.core_thing)
        self.core.start()
        self.group.deploy()
        self.ca = self.group.write_ca(folder / "group-ca.pem")

    def connect(self, thing):
        device = self.core.connect(thing, self.ca)
        if thing is self.display:
            for topic in ("direct", "echo/out", "down"):
                device.subscribe(topic)
        return device


@pytest.fixture
def cloud(tmp_path):
    with Cloud(tmp_path / "cloud") as running:
        yield running


@pytest.fixture
def site(cloud, tmp_path):
    made = Site(cloud, tmp_path / "site")
    with made.core:
        yield made
        made.core.stop()


def check_local_traffic(sensor, display, number):
    """device -> device and device -> function -> device."""
    sensor.publish("direct", json.dumps({"n": number}))
    assert json.loads(display.receive().payload) == {"n": number}
    sensor.publish("echo/in", json.dumps({"n": number}))
    assert json.loads(display.receive().payload) == {"echo": number}


def check_cloud_traffic(site, sensor, display, endpoints):
    """Both directions over the link; only what is sent after it is up again must arrive."""
    with connect_iot(endpoints, site.watcher) as watcher:
        watcher.subscribe("up", qos=1)
        sensor.publish("up", "hello")
        assert watcher.receive().payload == b"hello"

        # The core's subscriptions at the service are in place a moment after its connection.
        def comes_down():
            watcher.publish("down", "hi")
            return not display.messages.empty()

        waiting.until("a message comes down from the cloud", comes_down)
        assert display.receive().payload == b"hi"


def test_devices_and_functions_go_on_and_the_link_is_taken_up_again(cloud, site):
    with site.connect(site.sensor) as sensor, site.connect(site.display) as display:
        check_local_traffic(sensor, display, 1)
        cloud.kill()
        check_local_traffic(sensor, display, 2)
        cloud.start()
        check_cloud_traffic(site, sensor, display, cloud.endpoints)


def test_a_core_that_starts_without_the_service_runs_its_last_deployment(cloud, site):
    cloud.kill()
    site.core.stop()
    site.core.start()
    with site.connect(site.sensor) as sensor, site.connect(site.display) as display:
        check_local_traffic(sensor, display, 1)
        cloud.start()
        check_cloud_traffic(site, sensor, display, cloud.endpoints)
    assert site.group.deploy()  # and it hears of the next deployment


def test_what_a_device_sends_to_the_cloud_waits_in_the_core_until_the_link_is_back(cloud, site):
    with site.connect(site.sensor) as sensor:
        cloud.kill()
        for number in range(20):
            sensor.publish("up", str(number))
        cloud.start()
        # A watcher can only subscribe once the service is back, when the first may have gone
        # through already; what follows them proves that the queue drains in order.
        with connect_iot(cloud.endpoints, site.watcher) as watcher:
            watcher.subscribe("up", qos=1)
            sensor.publish("up", "last")
            seen = []
            while "last" not in seen:
                seen.append(watcher.receive().payload.decode())
        numbers = [str(n) for n in range(20)]
        assert seen[:-1] == numbers[len(numbers) - len(seen) + 1 :]


def test_a_device_of_no_group_stays_out_with_and_without_the_service(cloud, site, tmp_path):
    stranger = new_thing(cloud.endpoints, tmp_path / "keys", "stranger")
    for _ in range(2):
        with pytest.raises((mqtt.Refused, OSError)):
            site.connect(stranger).close()
        if cloud.running():
            cloud.kill()
