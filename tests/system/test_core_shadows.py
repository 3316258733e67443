"""Shadows at the core: devices, functions and the command line; synced with the service's."""

import contextlib
import json

import pytest

from harness import core_socket, processes, waiting
from harness.cable import Cable
from harness.core import Core, port_of
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions
from harness.hub import HubClient
from harness.processes import BIN, ROOT, Process
from harness.shadows import state

EVERGRASS = BIN / "evergrass"

# What one is asked for is what the SDK's client gives, or how it failed.
ASKER = """
import greengrasssdk, json

data = greengrasssdk.client('iot-data')


def handler(event, context):
    told = []
    for operation, arguments in event:
        try:
            answer = getattr(data, operation + '_thing_shadow')(**arguments)
            told.append(json.loads(answer['payload']))
        except Exception as failed:
            told.append([type(failed).__name__, str(failed)])
    return told
"""


def topic(thing, what):
    return f"$aws/things/{thing}/shadow/{what}"


class Site:
    def __init__(self, endpoints, folder, cable):
        self.endpoints = endpoints
        self.cable = cable
        self.data = endpoints.boto("iot-data")
        self.core_thing = new_thing(endpoints, folder / "keys", "s_core")
        self.lamp = new_thing(endpoints, folder / "keys", "lamp")
        self.switch = new_thing(endpoints, folder / "keys", "switch")
        self.stock = new_thing(endpoints, folder / "keys", "stock")
        asker = publish_function(endpoints, "asker", ASKER)
        synced = {"SyncShadow": True}
        both = [
            part
            for thing in (self.lamp, self.stock)
            for part in (
                (thing.arn, "GGShadowService", topic(thing.name, "#")),
                ("GGShadowService", thing.arn, topic(thing.name, "#")),
            )
        ]
        self.group = Group(endpoints, "shadows").give(
            cores=[entry(self.core_thing) | synced],
            devices=[entry(self.lamp) | synced, entry(self.switch), entry(self.stock)],
            functions=[function_entry(asker, pinned=True)],
            subscriptions=subscriptions(
                *both,
                (self.switch.arn, "GGShadowService", topic("lamp", "update")),
                ("GGShadowService", self.switch.arn, topic("lamp", "update/accepted")),
            ),
        )
        self.core = Core(folder / "greengrass", endpoints, self.core_thing)
        self.core.config["coreThing"]["iotMqttPort"] = cable.port
        self.core.write_config()
        self.core.start()
        self.group.deploy()
        self.ca = self.group.write_ca(folder / "group-ca.pem")

    def connect(self, thing):
        return self.core.connect(thing, self.ca)

    def run(self, verb, *arguments, check=True, **more):
        return processes.run(
            EVERGRASS, "shadow", verb, *arguments, "--root", self.core.root, check=check, **more
        )

    def local(self, thing):
        """The state of a classic shadow at the core, or None."""
        done = self.run("get", thing, "--json", check=False)
        assert done.returncode in (0, 1), done.stderr
        body = json.loads(done.stdout)
        return body["state"] if done.returncode == 0 else None

    def cloud(self, thing):
        with contextlib.suppress(self.data.exceptions.ResourceNotFoundException):
            return json.loads(self.data.get_thing_shadow(thingName=thing)["payload"].read())["state"]

    def write_cloud(self, thing, *sections, **named):
        self.data.update_thing_shadow(thingName=thing, payload=state(*sections, **named))

    def wait_for(self, thing, wanted):
        """Until both sides have these leaves, {section: {name: value}}, or none a shadow: None."""

        def has(found):
            return found is None if wanted is None else found is not None and all(
                found.get(section, {}).get(name) == value
                for section, leaves in wanted.items()
                for name, value in leaves.items()
            )

        waiting.until(
            lambda: f"both have {wanted}: {self.local(thing)}, {self.cloud(thing)};"
            f" {self.core.log()[-2000:]}",
            lambda: has(self.local(thing)) and has(self.cloud(thing)),
        )
        local, cloud = self.local(thing), self.cloud(thing)
        assert local == cloud

    def invoke(self, calls):
        done = processes.run(
            EVERGRASS, "invoke", "asker", "--payload", json.dumps(calls), "--root", self.core.root
        )
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    with Cable(port_of(service.endpoints.iot_mqtt)) as cable:
        made = Site(service.endpoints, tmp_path_factory.mktemp("shadows"), cable)
        with made.core:
            yield made
            made.core.stop()


@pytest.fixture
def lamp(site):
    """The lamp, without a shadow on either side."""
    with site.connect(site.lamp) as device:
        device.subscribe(topic("lamp", "+/+"))
        with contextlib.suppress(site.data.exceptions.ResourceNotFoundException):
            site.data.delete_thing_shadow(thingName="lamp")
        site.run("delete", "lamp", check=False)
        waiting.until(
            "the shadow is gone on both sides",
            lambda: site.local("lamp") is None and site.cloud("lamp") is None
            and core_socket.status(site.core)["shadows"]["settled"] == 2,
        )  # fmt: skip
        while device.receive_within(0):
            pass
        yield device


def said(device, count):
    """{what: body} of the next messages."""
    got = [device.receive() for _ in range(count)]
    return {m.topic.rpartition("/shadow/")[2]: json.loads(m.payload) for m in got}


# --- Devices -------------------------------------------------------------------------------------


def test_a_device_updates_gets_and_deletes(site, lamp):
    lamp.publish(topic("lamp", "get"), "")
    assert said(lamp, 1)["get/rejected"]["code"] == 404
    lamp.publish(topic("lamp", "update"), state({"on": True}, {"on": False}, clientToken="t"))
    told = said(lamp, 3)
    assert told["update/accepted"]["clientToken"] == told["update/delta"]["clientToken"] == "t"
    assert told["update/delta"]["state"] == {"on": True}
    documents = told["update/documents"]
    assert documents["current"]["state"] == {"desired": {"on": True}, "reported": {"on": False}}
    lamp.publish(topic("lamp", "update"), state({"x": 1}, version=99))
    assert said(lamp, 1)["update/rejected"]["code"] == 409
    lamp.publish(topic("lamp", "get"), '{"clientToken": "g"}')
    found = said(lamp, 1)["get/accepted"]
    assert (found["state"]["delta"], found["clientToken"]) == ({"on": True}, "g")
    lamp.publish(topic("lamp", "delete"), "")
    assert said(lamp, 1)["delete/accepted"]["version"] == found["version"]


def test_who_may_what_is_in_the_subscriptions(site, lamp):
    with site.connect(site.switch) as switch:
        switch.subscribe(topic("lamp", "#"))
        lost = 'evergrass_drops_total{reason="subject_differs"}'
        before = core_socket.metrics(site.core)[lost]
        switch.publish(topic("lamp", "get"), "")  # no subscription lets it
        switch.publish(topic("lamp", "update"), state({"on": True}))
        assert said(switch, 1)["update/accepted"]["state"] == {"desired": {"on": True}}
        assert core_socket.metrics(site.core)[lost] == before + 1
        assert set(said(lamp, 3)) == {"update/accepted", "update/delta", "update/documents"}


sdk = ROOT / "tests/interop/node_modules/aws-iot-device-sdk"


@pytest.mark.skipif(not sdk.exists(), reason="npm ci in tests/interop")
def test_thing_shadow_of_the_first_device_sdk(site):
    host, _, port = site.core.mqtt.rpartition(":")
    options = {"host": host, "port": int(port), "ca": site.ca, "cert": site.stock.cert,
               "key": site.stock.key, "clientId": "stock", "thing": "stock"}  # fmt: skip
    script = ROOT / "tests/interop/shadows.js"
    done = processes.run("node", script, "sdk-v1", json.dumps(options, default=str))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(e["event"] for e in events) == ["accepted"] * 4 + ["delta", "rejected"]
    assert events[-1]["body"]["code"] == 404


# --- Functions -----------------------------------------------------------------------------------


def test_a_function_asks_by_the_sdk(site):
    thing = {"thingName": "of_function"}
    missing, updated, found, conflict, invalid, deleted = site.invoke([
        ("get", thing),
        ("update", {**thing, "payload": state(reported={"n": 1})}),
        ("get", thing),
        ("update", {**thing, "payload": state(reported={"n": 2}, version=9)}),
        ("update", {**thing, "payload": '{"state": 7}'}),
        ("delete", thing),
    ])  # fmt: skip
    assert missing[0] == "ShadowError" and "No shadow exists with name: 'of_function'" in missing[1]
    assert updated["state"] == found["state"] == {"reported": {"n": 1}}
    assert conflict[0] == invalid[0] == "ShadowError" and "Version conflict" in conflict[1]
    assert deleted["version"] == found["version"]


# --- The command line ----------------------------------------------------------------------------


def test_people_ask_by_the_command_line(site):
    done = site.run("update", "shed", "--name", "config", "--desired", '{"a": {"b": 1}}', "--json")
    assert json.loads(done.stdout)["state"] == {"desired": {"a": {"b": 1}}}
    watch = Process(EVERGRASS, "shadow", "watch", "shed", "--name", "config", "--json",
                    "--root", site.core.root)  # fmt: skip
    with watch:
        watch.wait_for_line('"b":1')
        site.run("update", "shed", "--name", "config", "--payload", "-",
                 stdin=state(reported={"c": 2}))  # fmt: skip
        watch.wait_for_line('"c":2')
        assert json.loads(site.run("list", "--json").stdout).count(
            {"thing": "shed", "name": "config"}
        ) == 1  # fmt: skip
        assert "shed --name config" in site.run("list").stdout
        assert '"c": 2' in site.run("get", "shed", "--name", "config").stdout
        site.run("delete", "shed", "--name", "config")
        watch.wait_for_line("null")
    refused = site.run("get", "shed", check=False)
    assert refused.returncode == 1 and "No shadow exists with name: 'shed' (404)" in refused.stderr
    for wrong, says in (
        (("update", "shed"), "--desired"),
        (("update", "shed", "--desired", "7"), "--desired"),
        (("get", "no/thing"), "1 to 128"),
    ):
        done = site.run(*wrong, check=False)
        assert done.returncode == 2 and says in done.stderr


# --- With the cloud ------------------------------------------------------------------------------


def test_changed_leaves_go_both_ways(site, lamp):
    lamp.publish(topic("lamp", "update"), state(reported={"on": False, "t": 20}))
    said(lamp, 2)
    site.wait_for("lamp", {"reported": {"on": False, "t": 20}})
    with HubClient(site.endpoints, "application") as application:
        application.subscribe(topic("lamp", "update/accepted"))
        lamp.publish(topic("lamp", "update"), state(reported={"on": False, "t": 21}))
        said(lamp, 2)
        sent = json.loads(application.receive().payload)
        assert sent["state"] == {"reported": {"t": 21}}
    site.write_cloud("lamp", {"on": True})
    told = said(lamp, 3)
    assert told["update/accepted"]["state"] == {"desired": {"on": True}}
    assert told["update/delta"]["state"] == {"on": True}
    site.wait_for("lamp", {"desired": {"on": True}, "reported": {"t": 21}})
    # Not synced: stays where it is.
    site.run("update", "switch", "--reported", '{"n": 1}')
    assert site.cloud("switch") is None


def test_the_core_has_a_shadow_too(site):
    site.write_cloud("s_core", {"level": 3})
    site.wait_for("s_core", {"desired": {"level": 3}})
    site.run("update", "s_core", "--reported", '{"level": 3}')
    site.wait_for("s_core", {"reported": {"level": 3}})


def test_what_changes_while_the_link_is_cut_meets_afterwards(site, lamp):
    site.write_cloud("lamp", {"a": 0, "b": 0}, {"a": 0, "b": 0})
    site.wait_for("lamp", {"desired": {"a": 0}})
    site.cable.cut()
    waiting.until("the core sees it", lambda: not core_socket.status(site.core)["cloud"]["connected"])
    site.write_cloud("lamp", {"a": "cloud", "b": "cloud"}, {"a": "cloud", "c": "cloud"})
    site.run("update", "lamp", "--payload", state({"a": "core", "d": "core"}, {"a": "core", "b": None}))
    assert site.local("lamp")["desired"]["b"] == 0
    site.cable.mend()
    site.wait_for("lamp", {
        "desired": {"a": "cloud", "b": "cloud", "d": "core"},
        "reported": {"a": "core", "b": None, "c": "cloud"},
    })  # fmt: skip


@pytest.mark.parametrize("where", ["core", "cloud"])
def test_what_was_deleted_while_the_link_is_cut_stays_deleted(site, lamp, where):
    site.write_cloud("lamp", {"a": 0})
    site.wait_for("lamp", {"desired": {"a": 0}})
    site.cable.cut()
    waiting.until("the core sees it", lambda: not core_socket.status(site.core)["cloud"]["connected"])
    if where == "core":
        site.run("delete", "lamp")
        site.write_cloud("lamp", {"a": 1})
    else:
        site.data.delete_thing_shadow(thingName="lamp")
        site.run("update", "lamp", "--desired", '{"a": 1}')
    site.cable.mend()
    site.wait_for("lamp", None)


def test_what_was_answered_is_there_after_kill_minus_9(site, lamp):
    site.write_cloud("lamp", {"a": 0})
    site.wait_for("lamp", {"desired": {"a": 0}})
    site.cable.cut()
    while lamp.receive_within(0):
        pass
    for n in range(1, 6):
        lamp.publish(topic("lamp", "update"), state(reported={f"n{n}": n}))
        while "update/accepted" not in said(lamp, 1):
            pass
    site.core.kill()
    site.write_cloud("lamp", {"a": 1})
    site.core.start()
    assert site.local("lamp")["reported"] == {f"n{n}": n for n in range(1, 6)}
    site.cable.mend()
    site.wait_for("lamp", {"desired": {"a": 1}, "reported": {"n5": 5}})
