"""`evergrass why` and `evergrass status` ask a running core; `why --file` asks its files."""

import json
import stat

import pytest

from harness import core_socket, mqtt, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions
from harness.processes import BIN

EVERGRASS = BIN / "evergrass"
QUIET = "def handler(event, context):\n    pass\n"


class Site:
    def __init__(self, endpoints, folder):
        self.core_thing = new_thing(endpoints, folder / "keys", "core")
        self.pump = new_thing(endpoints, folder / "keys", "pump")
        self.lamp = new_thing(endpoints, folder / "keys", "lamp")
        self.stranger = new_thing(endpoints, folder / "keys", "stranger")
        self.quiet = publish_function(endpoints, "quiet", QUIET)
        self.group = Group(endpoints).give(
            cores=[entry(self.core_thing)],
            devices=[entry(self.pump), entry(self.lamp)],
            functions=[function_entry(self.quiet, pinned=True)],
            subscriptions=subscriptions(
                (self.pump.arn, self.lamp.arn, "site/+/temperature"),
                (self.pump.arn, self.quiet, "site/#"),
                (self.pump.arn, "cloud", "up"),
                (self.lamp.arn, self.pump.arn, "back"),
            ),
        )
        self.core = Core(folder / "greengrass", endpoints, self.core_thing)
        self.core.start()
        self.group.deploy()
        self.ca = self.group.write_ca(folder / "group-ca.pem")

    def connect(self, thing):
        return self.core.connect(thing, self.ca)

    def why(self, source, topic, target=None, file=None):
        """(exit status, the JSON answer)."""
        where = ("--file", file) if file else ("--root", self.core.root)
        to = ("--to", target) if target else ()
        done = processes.run(
            EVERGRASS, "why", "--from", source, "--topic", topic, *to, *where, "--json", check=False
        )
        assert done.returncode in (0, 1), done.stderr
        return done.returncode, json.loads(done.stdout)

    def drop_of(self, source, topic, target=None, file=None):
        """The name of why one target does not get it."""
        code, answer = self.why(source, topic, target, file)
        assert code == 1 and not answer["delivered"], answer
        if answer["drop"]:
            return answer["drop"]["name"]
        return next(t["drop"]["name"] for t in answer["targets"] if t["drop"])


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("why"))
    with made.core:
        yield made
        made.core.stop()


def text_of(site, *arguments, check=False):
    return processes.run(EVERGRASS, *arguments, "--root", site.core.root, check=check)


def test_it_follows_a_device_as_it_connects_and_subscribes(site):
    question = ("thing:pump", "site/1/temperature", "thing:lamp")
    assert site.drop_of(*question) == "device_not_connected"
    with site.connect(site.lamp) as lamp:
        assert site.drop_of(*question) == "device_not_subscribed"
        lamp.subscribe("site/#")
        code, answer = site.why(*question)
        assert (code, answer["delivered"]) == (0, True)
        assert answer["targets"][0]["subscriptions"] == ["s0"]
        # And that is what happens.
        with site.connect(site.pump) as pump:
            pump.publish("site/1/temperature", "21")
        assert lamp.receive().payload == b"21"
    waiting.until(
        "the core sees that the lamp is gone",
        lambda: not core_socket.status(site.core)["devices"][1]["connected"],
    )
    assert site.drop_of(*question) == "device_not_connected"


def test_a_device_that_does_not_read_has_a_full_queue_until_it_does(site):
    question = ("thing:pump", "site/1/temperature", "thing:lamp")
    counter = 'evergrass_drops_total{reason="queue_full"}'
    with site.connect(site.lamp) as lamp, site.connect(site.pump) as pump:
        lamp.subscribe("site/+/temperature")
        lamp.stop_reading()

        def fills_up():
            pump.publish("site/1/temperature", bytes(100_000))
            return core_socket.metrics(site.core)[counter] > 0

        waiting.until("the queue for the lamp is full", fills_up, every=0.001)
        assert site.drop_of(*question) == "queue_full"
        shown = text_of(site, "why", "--from", "thing:pump", "--topic", "site/1/temperature")
        assert "+--> thing:lamp   NOT delivered: the device's queue is full" in shown.stdout
        assert "Lost lately:" in shown.stdout
        lamp.go_on_reading()

        def gets_through():
            pump.publish("site/1/temperature", "last")
            return site.why(*question)[0] == 0

        waiting.until("the lamp's queue has room again", gets_through)
        while lamp.receive().payload != b"last":
            pass


def test_what_it_says_of_a_message_is_what_is_counted_for_it(site):
    for topic in ("site/2/temperature", "site2/temperature"):
        reason = site.drop_of("thing:pump", topic)
        name = f'evergrass_drops_total{{reason="{reason}"}}'
        before = core_socket.metrics(site.core)[name]
        with site.connect(site.pump) as pump:
            pump.publish(topic, "21")
        assert core_socket.metrics(site.core)[name] == before + 1
        last = core_socket.status(site.core)["lastDrops"][0]
        assert (last["drop"]["name"], last["source"], last["topic"]) == (reason, "thing:pump", topic)


def test_a_subject_that_differs_is_shown_with_the_level(site):
    done = text_of(site, "why", "--from", "thing:lamp", "--topic", "back/door")
    assert done.returncode == 1
    assert "'s3'  thing:lamp --[back><]--> thing:pump" in done.stdout
    assert "level 2 differs: the subject has nothing, the topic has 'door'" in done.stdout
    assert "[subject_differs]" in done.stdout and "next: " in done.stdout


def test_a_function_and_the_cloud_get_it(site):
    assert site.why("thing:pump", "site/1", "function:quiet")[0] == 0
    assert site.why("thing:pump", "up", "cloud")[0] == 0
    assert site.drop_of("cloud", "up") == "no_subscription"


def test_a_device_of_no_group_is_told_from_one_without_a_route(site):
    assert site.drop_of("thing:stranger", "site/1") == "certificate_not_in_group"
    name = 'evergrass_drops_total{reason="certificate_not_in_group"}'
    before = core_socket.metrics(site.core)[name]
    with pytest.raises((mqtt.Refused, OSError)):
        site.connect(site.stranger).close()
    assert core_socket.metrics(site.core)[name] > before


def test_a_deployment_changes_the_answer(site):
    assert site.drop_of("thing:pump", "new") == "subject_differs"
    before = core_socket.metrics(site.core)
    site.group.give(
        subscriptions=subscriptions(
            (site.pump.arn, site.lamp.arn, "site/+/temperature"),
            (site.pump.arn, site.quiet, "site/#"),
            (site.pump.arn, "cloud", "up"),
            (site.lamp.arn, site.pump.arn, "back"),
            (site.pump.arn, "cloud", "new"),
        )
    )
    deployment = site.group.deploy()
    assert site.why("thing:pump", "new")[0] == 0
    after = core_socket.metrics(site.core)
    assert after["evergrass_subscriptions"] == before["evergrass_subscriptions"] + 1
    done = 'evergrass_deployments_total{outcome="success"}'
    assert after[done] == before[done] + 1
    assert core_socket.status(site.core)["deploymentId"] == deployment
    shown = text_of(site, "status", check=True).stdout
    assert f"Deployment {deployment}" in shown and "thing:lamp  not connected" in shown


@pytest.mark.parametrize(
    "file", ["ggc/deployment/group/group.json", "ggc/var/state/deployment/current.json"]
)
def test_the_files_of_a_core_answer_without_it(site, file):
    path = site.core.root / file
    code, answer = site.why("thing:pump", "site/1/temperature", "thing:lamp", file=path)
    assert code == 0
    assert answer["live"] is False
    assert answer["targets"][0]["result"] == "unknown"
    assert site.drop_of("thing:lamp", "site/1", file=path) == "subject_differs"
    assert site.drop_of("thing:stranger", "site/1", file=path) == "certificate_not_in_group"


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--from", "pump", "--topic", "t"), "thing:NAME"),
        (("--from", "thing:pump", "--topic", "t/#"), "t/#"),
        (("--from", "thing:pump", "--topic", "t", "--to", "function:nothing"), "function:quiet:"),
        (("--from", "thing:pump"), "--topic is required"),
    ],
)
def test_a_wrong_question_is_explained_and_ends_with_2(site, arguments, words):
    done = text_of(site, "why", *arguments)
    assert done.returncode == 2
    assert words in done.stderr + done.stdout


def test_a_core_that_does_not_run_is_said_to(tmp_path):
    done = processes.run(
        EVERGRASS, "why", "--from", "thing:a", "--topic", "t", "--root", tmp_path, check=False
    )
    assert done.returncode == 2
    assert "no core answers at" in done.stderr and "greengrassd start" in done.stderr


def test_the_socket_is_the_owner_s_alone_and_a_killed_core_s_is_replaced(site):
    socket = core_socket.path_of(site.core)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    site.core.kill()
    assert socket.exists()
    done = text_of(site, "status")
    assert done.returncode == 2 and "no core answers" in done.stderr
    site.core.start()
    assert core_socket.status(site.core)["pid"] == site.core.pid
