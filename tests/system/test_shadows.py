"""Device shadows of the service with stock clients: boto3, the AWS CLI, paho, mosquitto and the device SDKs."""

import json

import pytest
from botocore.exceptions import ClientError

from harness import processes
from harness.cloud import Cloud
from harness.device_api import allow, arn, ask
from harness.group import new_thing
from harness.hub import V5, V311, HubClient
from harness.mqtt import Refused
from harness.processes import ROOT, Process
from harness.shadows import state
from harness.stock import needs_sdk
from harness.system import connect_iot

SCRIPT = ROOT / "tests/interop/shadows.js"


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running.endpoints


@pytest.fixture
def name(request):
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:100]


@pytest.fixture
def thing(endpoints, tmp_path, name):
    return new_thing(endpoints, tmp_path, name)


@pytest.fixture
def data(endpoints):
    return endpoints.boto("iot-data")


def body(answer):
    return json.loads(answer["payload"].read())


def topic(thing, what, shadow=None):
    named = f"/name/{shadow}" if shadow else ""
    return f"$aws/things/{thing}/shadow{named}/{what}"


class Listener(HubClient):
    """An application that hears all that is said of a thing's shadows."""

    def __init__(self, endpoints, thing, **options):
        super().__init__(endpoints, f"{thing}-listener", **options)
        for what in ("get", "update", "delete"):
            self.subscribe(topic(thing, f"{what}/+"))
            self.subscribe(topic(thing, f"{what}/+", "+"))

    def said(self, count):
        """[(what, body)] of the next messages."""
        got = [self.receive() for _ in range(count)]
        return [(m.topic.rpartition("/shadow/")[2], json.loads(m.payload)) for m in got]


# --- iot-data: boto3 and the CLI ------------------------------------------------------------------


def test_boto3_updates_gets_and_deletes(data, name):
    sent = state(desired={"a": 1, "b": {"c": [1, 2]}}, reported={"a": 1}, clientToken="t")
    accepted = body(data.update_thing_shadow(thingName=name, payload=sent))
    assert accepted["state"] == json.loads(sent)["state"]
    assert (accepted["version"], accepted["clientToken"]) == (1, "t")
    now = accepted["timestamp"]
    found = body(data.get_thing_shadow(thingName=name))
    leaf = {"timestamp": now}
    assert found == {
        "state": {
            "desired": {"a": 1, "b": {"c": [1, 2]}},
            "reported": {"a": 1},
            "delta": {"b": {"c": [1, 2]}},
        },
        "metadata": {"desired": {"a": leaf, "b": {"c": [leaf, leaf]}}, "reported": {"a": leaf}},
        "version": 1,
        "timestamp": found["timestamp"],
    }
    assert body(data.delete_thing_shadow(thingName=name))["version"] == 1
    with pytest.raises(data.exceptions.ResourceNotFoundException) as refused:
        data.get_thing_shadow(thingName=name)
    assert refused.value.response["Error"]["Message"] == f"No shadow exists with name: '{name}'"
    again = body(data.update_thing_shadow(thingName=name, payload=state(reported={"a": 2})))
    assert again["version"] == 2


def test_boto3_sees_each_refusal_as_its_exception(data, name):
    data.update_thing_shadow(thingName=name, payload=state(desired={"a": 1}))
    refusals = [
        (state(version=7), data.exceptions.ConflictException, "Version conflict"),
        (state(desired={"a": "x" * 8192}), data.exceptions.RequestEntityTooLargeException,
         "The payload exceeds the maximum size allowed"),
        (b"{", data.exceptions.InvalidRequestException, "Invalid JSON"),
        (b"{}", data.exceptions.InvalidRequestException, "Missing required node: state"),
        (b"\xff", data.exceptions.UnsupportedDocumentEncodingException,
         "Unsupported documented encoding; supported encoding is UTF-8"),
    ]  # fmt: skip
    for payload, exception, message in refusals:
        with pytest.raises(exception) as refused:
            data.update_thing_shadow(thingName=name, payload=payload)
        assert refused.value.response["Error"]["Message"] == message
    with pytest.raises(ClientError) as refused:
        data.get_thing_shadow(thingName=name, shadowName="a/b")
    assert "shadowName" in refused.value.response["Error"]["Message"]
    assert body(data.get_thing_shadow(thingName=name))["version"] == 1


def test_boto3_lists_named_shadows_in_pages(data, name):
    assert data.list_named_shadows_for_thing(thingName=name)["results"] == []
    for shadow in ("b", "c", "a"):
        data.update_thing_shadow(thingName=name, shadowName=shadow, payload=state())
    data.update_thing_shadow(thingName=name, payload=state())
    data.delete_thing_shadow(thingName=name, shadowName="b")
    first = data.list_named_shadows_for_thing(thingName=name, pageSize=1)
    assert first["results"] == ["a"]
    second = data.list_named_shadows_for_thing(
        thingName=name, pageSize=1, nextToken=first["nextToken"]
    )
    assert second["results"] == ["c"] and "nextToken" not in second
    assert first["timestamp"] > 1_500_000_000


def test_the_command_line(endpoints, tmp_path, name):
    out = tmp_path / "out.json"
    endpoints.aws(
        "iot-data", "update-thing-shadow", "--thing-name", name, "--shadow-name", "n",
        "--cli-binary-format", "raw-in-base64-out", "--payload", state(desired={"a": 25.5}), out,
        check=False,
    )  # fmt: skip
    assert '"a":25.5' in out.read_text()
    done = endpoints.aws(
        "iot-data", "get-thing-shadow", "--thing-name", name, "--shadow-name", "n", out, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["state"]["delta"] == {"a": 25.5}


# --- MQTT -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V311, V5], ids=["v311", "v5"])
@pytest.mark.parametrize("shadow", [None, "config"], ids=["classic", "named"])
def test_a_device_and_an_application_agree(endpoints, thing, data, version, shadow):
    named = {"shadowName": shadow} if shadow else {}
    with HubClient(endpoints, thing.name, thing, version=version) as device:
        for what in ("get/accepted", "get/rejected", "update/delta", "update/rejected"):
            assert device.subscribe(topic(thing.name, what, shadow)) == 1
        device.publish(topic(thing.name, "get", shadow), json.dumps({"clientToken": "first"}))
        rejected = json.loads(device.receive().payload)
        assert (rejected["code"], rejected["clientToken"]) == (404, "first")
        device.publish(topic(thing.name, "update", shadow), state(reported={"led": "off"}))
        # Over HTTP, and the device hears of it.
        data.update_thing_shadow(
            thingName=thing.name, payload=state(desired={"led": "on"}, clientToken="app"), **named
        )
        message = device.receive()
        delta = json.loads(message.payload)
        assert message.topic == topic(thing.name, "update/delta", shadow)
        assert message.qos == 1
        assert (delta["state"], delta["version"], delta["clientToken"]) == ({"led": "on"}, 2, "app")
        assert delta["metadata"] == {"led": {"timestamp": delta["timestamp"]}}
        device.publish(topic(thing.name, "update", shadow), state(reported={"led": "on"}, version=1))
        assert json.loads(device.receive().payload)["message"] == "Version conflict"
        device.publish(topic(thing.name, "update", shadow), state(reported={"led": "on"}, version=2))
        device.publish(topic(thing.name, "get", shadow), "")
        found = json.loads(device.receive().payload)  # no delta before it
        assert found["state"] == {"desired": {"led": "on"}, "reported": {"led": "on"}}
        assert found["version"] == 3


def test_all_that_is_said_of_an_update(endpoints, data, name):
    with Listener(endpoints, name) as listener:
        data.update_thing_shadow(thingName=name, payload=state(desired={"a": 1}, clientToken="t"))
        (accepted, first), (delta, second), (documents, third) = listener.said(3)
        assert [accepted, delta, documents] == [
            "update/accepted", "update/delta", "update/documents",
        ]  # fmt: skip
        leaf = {"timestamp": first["timestamp"]}
        rest = {"version": 1, "timestamp": first["timestamp"], "clientToken": "t"}
        section = {"state": {"desired": {"a": 1}}, "metadata": {"desired": {"a": leaf}}}
        assert first == {**section, **rest}
        assert second == {"state": {"a": 1}, "metadata": {"a": leaf}, **rest}
        assert third == {
            "previous": {"state": {}, "metadata": {}, "version": 0},
            "current": {**section, "version": 1},
            "timestamp": first["timestamp"],
            "clientToken": "t",
        }
        data.get_thing_shadow(thingName=name)  # answered over HTTP alone
        data.delete_thing_shadow(thingName=name)
        assert [what for what, _ in listener.said(1)] == ["delete/accepted"]


def test_updates_one_behind_the_other_are_told_in_their_order(endpoints, thing):
    count = 300
    with Listener(endpoints, thing.name) as listener, connect_iot(endpoints, thing) as device:
        for n in range(count):
            device.send(topic(thing.name, "update"), state(reported={"n": n}))
        said = listener.said(2 * count)
    documents = [body for what, body in said if what == "update/documents"]
    assert [d["current"]["version"] for d in documents] == list(range(1, count + 1))
    assert [d["current"]["state"]["reported"]["n"] for d in documents] == list(range(count))
    assert [d["previous"]["version"] for d in documents] == list(range(count))


def test_a_device_that_was_away_finds_its_delta(endpoints, thing, data):
    with HubClient(endpoints, thing.name, thing, version=V5, keep=600) as device:
        device.subscribe(topic(thing.name, "update/delta"))
    data.update_thing_shadow(thingName=thing.name, payload=state(desired={"a": 1}))
    with HubClient(endpoints, thing.name, thing, version=V5, keep=600) as device:
        assert device.resumed
        assert json.loads(device.receive().payload)["state"] == {"a": 1}


def test_a_message_published_over_http_reaches_the_shadow_too(endpoints, data, name):
    with Listener(endpoints, name) as listener:
        data.publish(topic=topic(name, "update"), qos=1, payload=state(reported={"a": 1}))
        assert [what for what, _ in listener.said(2)] == ["update/accepted", "update/documents"]
    assert body(data.get_thing_shadow(thingName=name))["state"] == {"reported": {"a": 1}}


def test_others_can_watch_the_requests_but_not_answer_them(endpoints, thing):
    with connect_iot(endpoints, thing) as device:
        device.subscribe(topic(thing.name, "#"))
        device.publish(topic(thing.name, "get/accepted"), "forged")
        device.publish(topic(thing.name, "get"), "{}")
        got = [device.receive() for _ in range(2)]
    assert sorted(m.topic for m in got) == [
        topic(thing.name, "get"), topic(thing.name, "get/rejected"),
    ]  # fmt: skip


def test_mosquittos_clients(endpoints, thing):
    host, _, port = endpoints.iot_mqtt.rpartition(":")
    common = ["-h", host, "-p", port, "--cafile", endpoints.ca_file, "--cert", thing.cert,
              "--key", thing.key, "-q", "1"]  # fmt: skip
    with Process("stdbuf", "-oL", "mosquitto_sub", *common, "-i", thing.name + "-sub", "-d", "-v",
                 "-C", "2", "-t", topic(thing.name, "update/accepted"),
                 "-t", topic(thing.name, "update/delta")) as reader:  # fmt: skip
        reader.wait_for_line("Subscribed|SUBACK")
        processes.run("mosquitto_pub", *common, "-i", thing.name, "-t", topic(thing.name, "update"),
                      "-m", state(desired={"mode": "auto"}))  # fmt: skip
        reader.wait_for_line(r'/update/accepted \{.*"mode":"auto"')
        reader.wait_for_line(r'/update/delta \{.*"mode":"auto"')
        assert reader.wait() == 0


# --- rights ---------------------------------------------------------------------------------------


def test_mqtt_is_held_to_topics(endpoints, tmp_path, name):
    own = "$aws/things/${iot:Connection.Thing.ThingName}/shadow/"
    thing = new_thing(endpoints, tmp_path, name, allow(
        ("iot:Connect", "*"),
        ("iot:Publish", [arn(endpoints, f"topic/{own}get"), arn(endpoints, f"topic/{own}update")]),
        ("iot:Subscribe", arn(endpoints, f"topicfilter/{own}*")),
        ("iot:Receive", arn(endpoints, f"topic/{own}update/delta")),
    ))  # fmt: skip
    with connect_iot(endpoints, thing) as device:
        assert device.subscribe(topic(name, "#"), 1) == 1
        assert device.subscribe(topic("other", "#"), 1) == 128
        device.publish(topic(name, "update"), state(desired={"a": 1}))
        assert device.receive().topic == topic(name, "update/delta"), "the one that it may receive"
        with pytest.raises(Refused):
            device.publish(topic(name, "delete"), "")
    with connect_iot(endpoints, thing) as device:
        with pytest.raises(Refused):
            device.publish(topic("other", "update"), state(desired={"a": 1}))


def test_https_is_held_to_shadow_actions(endpoints, tmp_path, name):
    thing = new_thing(endpoints, tmp_path, name, allow(
        ("iot:GetThingShadow", arn(endpoints, f"thing/{name}")),
        (["iot:GetThingShadow", "iot:UpdateThingShadow"], arn(endpoints, f"thing/{name}/config")),
    ))  # fmt: skip
    path = f"/things/{name}/shadow"
    assert ask(endpoints, thing, "GET", path)[0] == 404
    assert ask(endpoints, thing, "POST", path, state())[0] == 403
    assert ask(endpoints, thing, "DELETE", path)[0] == 403
    assert ask(endpoints, thing, "POST", path + "?name=config", state())[0] == 200
    assert ask(endpoints, thing, "GET", path + "?name=config")[0] == 200
    assert ask(endpoints, thing, "GET", path + "?name=other")[0] == 403
    assert ask(endpoints, thing, "GET", "/things/other/shadow")[0] == 403
    listing = f"/api/things/shadow/ListNamedShadowsForThing/{name}"
    assert ask(endpoints, thing, "GET", listing)[0] == 403


def test_devices_use_shadows_over_https(endpoints, thing):
    path = f"/things/{thing.name}/shadow"
    status, missing = ask(endpoints, thing, "GET", path)
    assert (status, missing["message"]) == (404, f"No shadow exists with name: '{thing.name}'")
    status, accepted = ask(endpoints, thing, "POST", path, state(desired={"a": 1}))
    assert (status, accepted["version"]) == (200, 1)
    status, found = ask(endpoints, thing, "GET", path.replace("-", "%2D"))
    assert (status, found["state"]["delta"]) == (200, {"a": 1})
    assert ask(endpoints, thing, "POST", path, state(version=9))[0] == 409
    assert ask(endpoints, thing, "POST", path, "")[0] == 400
    assert ask(endpoints, thing, "POST", path, state(desired={"a": "x" * 8200}))[0] == 413
    for shadow in ("a", "b"):
        assert ask(endpoints, thing, "POST", f"{path}?name={shadow}", state())[0] == 200
    listing = f"/api/things/shadow/ListNamedShadowsForThing/{thing.name}"
    status, first = ask(endpoints, thing, "GET", f"{listing}?pageSize=1")
    assert (status, first["results"]) == (200, ["a"])
    token = first["nextToken"].replace("=", "%3D").replace("+", "%2B")
    assert ask(endpoints, thing, "GET", f"{listing}?nextToken={token}")[1]["results"] == ["b"]
    assert ask(endpoints, thing, "DELETE", path)[1]["version"] == 1
    # What is wrong with a request is said.
    assert ask(endpoints, thing, "PUT", path, state())[0] == 405
    assert ask(endpoints, thing, "POST", listing, state())[0] == 405
    assert "pageSize" in ask(endpoints, thing, "GET", f"{listing}?pageSize=x")[1]["message"]
    assert "name" in ask(endpoints, thing, "GET", path + "?name=a/b")[1]["message"]
    assert "thing" in ask(endpoints, thing, "GET", "/things/a%20b/shadow")[1]["message"]
    assert ask(endpoints, thing, "GET", "/things/shadow")[0] == 404


# --- device SDKs ----------------------------------------------------------------------------------


def run_sdk(endpoints, thing, sdk, **more):
    """[(event, body)] as the SDK told them."""
    host, _, port = endpoints.iot_mqtt.rpartition(":")
    options = {"host": host, "port": int(port), "ca": endpoints.ca_file, "cert": thing.cert,
               "key": thing.key, "clientId": thing.name, "thing": thing.name, **more}  # fmt: skip
    done = processes.run("node", SCRIPT, sdk, json.dumps(options, default=str))
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return [(each["event"], each["body"]) for each in said]


@needs_sdk("aws-iot-device-sdk")
def test_thing_shadow_of_the_first_device_sdk(endpoints, thing):
    said = run_sdk(endpoints, thing, "sdk-v1")
    assert sorted(event for event, _ in said[1:3]) == ["accepted", "delta"]
    events = [event for event, _ in said]
    assert events[0] == "accepted" and events[3:] == ["accepted", "accepted", "rejected"]
    delta = dict(said[1:3])["delta"]
    assert delta["state"] == {"color": "red"} and delta["version"] == 2
    assert said[3][1]["state"] == {
        "reported": {"color": "green"}, "desired": {"color": "red"}, "delta": {"color": "red"},
    }  # fmt: skip
    assert said[5][1]["code"] == 404


@needs_sdk("aws-iot-device-sdk-v2")
def test_shadow_client_of_the_second_device_sdk(endpoints, thing):
    said = run_sdk(endpoints, thing, "sdk-v2", shadow="config")
    assert said[0][0] == "accepted" and said[0][1]["clientToken"] == "t"
    assert sorted(event for event, _ in said[1:3]) == ["accepted", "delta"]
    assert dict(said[1:3])["delta"]["state"] == {"color": "red"}
    assert [event for event, _ in said[3:]] == ["rejected", "accepted", "accepted", "rejected"]
    assert (said[3][1]["code"], said[3][1]["message"]) == (409, "Version conflict")
    assert said[4][1]["state"]["delta"] == {"color": "red"}
    assert said[6][1]["message"] == "No shadow exists with name: 'config'"
