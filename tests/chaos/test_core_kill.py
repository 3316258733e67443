"""kill -9 of core and service around deployments: the old one or the new one runs, never neither."""

import json
import os

import pytest

from harness import waiting
from harness.cloud import Cloud
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions

SAYS = """
import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    client.publish(topic="answer", payload={text!r})
"""


def files_with_times(tree):
    """Path and time of each file below `tree`, which a core may be changing meanwhile: what has
    gone between being listed and being looked at is left out."""
    seen = set()
    for folder, _, names in os.walk(tree):  # itself passes over a folder that has gone
        for name in names:
            path = os.path.join(folder, name)
            try:
                seen.add((path, os.stat(path).st_mtime_ns))
            except FileNotFoundError:
                pass
    return seen


class Site:
    """A core whose function answers with the name of the deployment that it belongs to."""

    def __init__(self, cloud, folder):
        endpoints = cloud.endpoints
        self.cloud = cloud
        self.thing = new_thing(endpoints, folder, "core")
        self.device = new_thing(endpoints, folder, "device")
        self.group = Group(endpoints)
        self.count = 0
        self.core = Core(folder / "greengrass", endpoints, self.thing)
        self.ca = self.group.write_ca(folder / "group-ca.pem")

    def next_version(self):
        """A group version whose function is another one; its name is what the function says."""
        self.count += 1
        name = f"says-{self.count}"
        function = publish_function(self.cloud.endpoints, name, SAYS.format(text=name))
        self.group.give(
            cores=[entry(self.thing)],
            devices=[entry(self.device)],
            functions=[function_entry(function, pinned=self.count % 2 == 0)],
            subscriptions=subscriptions(
                (self.device.arn, function, "ask"), (function, self.device.arn, "answer")
            ),
        )
        return name

    def ask(self):
        """Which deployment runs, by what its function says.

        Asks until there is an answer: local delivery is at most once, and a question may meet the
        switch from one function to the next.
        """
        with self.core.connect(self.device, self.ca) as device:
            device.subscribe("answer")

            def answer():
                device.publish("ask", json.dumps({}))
                return device.receive_within(1.0)

            return waiting.until("the function answers", answer).payload.decode()

    def moments(self, deployment):
        """Events in the course of a deployment, after any of which something may be killed."""
        tree = self.core.root / "ggc/deployment"

        def snapshot():
            return files_with_times(tree)

        before = snapshot()
        return [
            lambda: True,
            lambda: self.group.status(deployment)["DeploymentStatus"] != "Building",
            lambda: snapshot() != before,
            lambda: len(snapshot() - before) > 2,
            lambda: self.group.status(deployment)["DeploymentStatus"] == "Success",
        ]


@pytest.fixture
def site(tmp_path):
    with Cloud(tmp_path / "cloud") as cloud:
        made = Site(cloud, tmp_path / "site")
        with made.core:
            made.core.start()
            yield made
            made.core.stop()


@pytest.mark.parametrize("victims", [["core"], ["service"], ["core", "service"]])
def test_old_or_new_never_neither(site, chance, rounds, victims):
    old = site.next_version()
    site.group.deploy()
    assert site.ask() == old
    for _ in range(rounds(3, 40)):
        new = site.next_version()
        deployment = site.group.start_deployment()
        reached = chance.choice(site.moments(deployment))
        waiting.until("the moment for the kill comes", reached)
        if "core" in victims:
            site.core.kill()
        if "service" in victims:
            site.cloud.kill()
        if "core" in victims:
            site.core.start()  # without the service, where that was killed too
        assert site.ask() in (old, new)
        if "service" in victims:
            site.cloud.start()
        # Once all is back, the deployment is carried through.
        status = site.group.outcome(deployment)
        assert status["DeploymentStatus"] == "Success", status
        assert site.ask() == new
        old = new
