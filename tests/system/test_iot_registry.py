"""The registry with boto3: thing groups, lifecycle events, and certificates that are cut off wherever they are."""

import http.client
import json
import ssl
import threading

import pytest
from botocore.exceptions import ClientError

from harness import waiting
from harness.cloud import Cloud
from harness.device_api import allow
from harness.group import Thing, new_thing
from harness.openssl import Files
from harness.hub import V5, V311, HubClient
from harness.mqtt import Refused
from harness.system import connect_iot


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running.endpoints


@pytest.fixture(scope="module")
def iot(endpoints):
    return endpoints.boto("iot")


@pytest.fixture
def name(request):
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:80].strip("-")


@pytest.fixture
def thing(endpoints, tmp_path, name):
    return new_thing(endpoints, tmp_path, name)


def certificate_id(thing):
    return thing.certificate_arn.rpartition("/")[2]


# --- thing groups ---------------------------------------------------------------------------------


def test_groups_and_their_things(iot, name):
    root = iot.create_thing_group(thingGroupName=name, thingGroupProperties={
        "thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "1"}},
    })  # fmt: skip
    child = iot.create_thing_group(thingGroupName=f"{name}-child", parentGroupName=name)
    described = iot.describe_thing_group(thingGroupName=f"{name}-child")
    assert described["thingGroupId"] == child["thingGroupId"]
    assert described["thingGroupMetadata"]["rootToParentThingGroups"] == [
        {"groupName": name, "groupArn": root["thingGroupArn"]}
    ]
    updated = iot.update_thing_group(
        thingGroupName=name, expectedVersion=1,
        thingGroupProperties={"attributePayload": {"attributes": {"b": "2"}, "merge": True}},
    )  # fmt: skip
    assert updated["version"] == 2
    properties = iot.describe_thing_group(thingGroupName=name)["thingGroupProperties"]
    assert properties == {
        "thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "1", "b": "2"}},
    }  # fmt: skip
    for n in range(3):
        iot.create_thing(thingName=f"{name}-{n}")
        iot.add_thing_to_thing_group(thingGroupName=f"{name}-child", thingName=f"{name}-{n}")
    assert iot.list_things_in_thing_group(thingGroupName=name)["things"] == []
    pages = iot.get_paginator("list_things_in_thing_group").paginate(
        thingGroupName=name, recursive=True, PaginationConfig={"PageSize": 2}
    )
    assert [page["things"] for page in pages] == [[f"{name}-0", f"{name}-1"], [f"{name}-2"]]
    listed = iot.list_thing_groups_for_thing(thingName=f"{name}-0")["thingGroups"]
    assert listed == [{"groupName": f"{name}-child", "groupArn": child["thingGroupArn"]}]
    below = iot.list_thing_groups(parentGroup=name)["thingGroups"]
    assert [group["groupName"] for group in below] == [f"{name}-child"]
    iot.remove_thing_from_thing_group(thingGroupArn=child["thingGroupArn"], thingName=f"{name}-0")
    iot.update_thing_groups_for_thing(thingName=f"{name}-0", thingGroupsToAdd=[name])
    assert iot.list_things_in_thing_group(thingGroupName=name)["things"] == [f"{name}-0"]
    with pytest.raises(iot.exceptions.InvalidRequestException) as refused:
        iot.delete_thing_group(thingGroupName=name)
    assert "child" in str(refused.value)
    iot.delete_thing_group(thingGroupName=f"{name}-child")
    iot.delete_thing_group(thingGroupName=name)
    with pytest.raises(iot.exceptions.ResourceNotFoundException):
        iot.describe_thing_group(thingGroupName=name)


def test_a_policy_of_a_group_lets_its_devices_in_until_they_leave(endpoints, iot, tmp_path, name):
    device = new_thing(endpoints, tmp_path, name, allow(("iot:Connect", "*")))
    group = iot.create_thing_group(thingGroupName=name)
    iot.create_policy(policyName=f"{name}-group", policyDocument=json.dumps(
        allow((["iot:Publish", "iot:Subscribe", "iot:Receive"], "*"))))  # fmt: skip
    iot.attach_policy(policyName=f"{name}-group", target=group["thingGroupArn"])
    attached = iot.list_targets_for_policy(policyName=f"{name}-group")["targets"]
    assert attached == [group["thingGroupArn"]]
    with connect_iot(endpoints, device) as client:
        assert client.subscribe("a/b", 1) == 128
        iot.add_thing_to_thing_group(thingGroupName=name, thingName=name)
        assert client.subscribe("a/b", 1) == 1
        client.publish("a/b", "1")
        assert client.receive().payload == b"1"
        iot.remove_thing_from_thing_group(thingGroupName=name, thingName=name)
        with pytest.raises(Refused):
            client.publish("a/b", "2")


# --- lifecycle events -----------------------------------------------------------------------------


def event(listener):
    message = listener.receive()
    return message.topic.removeprefix("$aws/events/"), json.loads(message.payload)


def test_clients_that_come_and_go_are_told_of(endpoints, thing, name):
    with HubClient(endpoints, f"{name}-listener") as listener:
        listener.subscribe(f"$aws/events/presence/+/{thing.name}")
        device = HubClient(endpoints, thing.name, thing)
        topic, connected = event(listener)
        assert topic == f"presence/connected/{thing.name}"
        assert connected["eventType"] == "connected" and connected["clientId"] == thing.name
        assert connected["principalIdentifier"] == certificate_id(thing)
        assert (connected["ipAddress"], connected["versionNumber"]) == ("127.0.0.1", 0)
        device.close()
        topic, left = event(listener)
        assert topic == f"presence/disconnected/{thing.name}"
        assert (left["clientInitiatedDisconnect"], left["disconnectReason"]) == (
            True, "CLIENT_INITIATED_DISCONNECT",
        )  # fmt: skip
        assert left["sessionIdentifier"] == connected["sessionIdentifier"]
        device = HubClient(endpoints, thing.name, thing, version=V5)
        again = event(listener)[1]
        assert again["versionNumber"] == 1
        assert again["sessionIdentifier"] != connected["sessionIdentifier"]
        device.stay_away()  # else it takes the second one's place a second later
        second = HubClient(endpoints, thing.name, thing, version=V5)
        told = [event(listener) for _ in range(2)]
        reasons = [body["disconnectReason"] for topic, body in told if "disconnected" in topic]
        assert reasons == ["DUPLICATE_CLIENTID"]
        second.vanish()
        assert event(listener)[1]["disconnectReason"] == "CONNECTION_LOST"
        device.close()


@pytest.mark.parametrize("version", [V311, V5], ids=["v311", "v5"])
def test_subscriptions_are_told_of(endpoints, thing, name, version):
    with HubClient(endpoints, f"{name}-listener") as listener, \
            HubClient(endpoints, thing.name, thing, version=version) as device:  # fmt: skip
        listener.subscribe(f"$aws/events/subscriptions/+/{thing.name}")
        device.subscribe("a/+")
        topic, told = event(listener)
        assert topic == f"subscriptions/subscribed/{thing.name}"
        assert (told["eventType"], told["topics"]) == ("subscribed", ["a/+"])
        assert told["principalIdentifier"] == certificate_id(thing)
        device.subscribe("1/2/3/4/5/6/7/8/9")  # is not granted, and not told
        device.unsubscribe("never")
        device.unsubscribe("a/+")
        topic, told = event(listener)
        assert topic == f"subscriptions/unsubscribed/{thing.name}"
        assert (told["eventType"], told["topics"]) == ("unsubscribed", ["a/+"])


def test_lifecycle_events_are_for_who_may_subscribe_to_them(endpoints, tmp_path, name):
    own = new_thing(endpoints, tmp_path, name, allow(
        ("iot:Connect", "*"),
        (["iot:Subscribe", "iot:Receive"], ["*topicfilter/a/*", "*topic/a/*"]),
    ))  # fmt: skip
    with connect_iot(endpoints, own) as client:
        assert client.subscribe(f"$aws/events/presence/connected/{name}", 1) == 128


def test_there_are_no_rules_and_who_asks_is_told(endpoints, thing):
    data = endpoints.boto("iot-data")
    with pytest.raises(ClientError) as refused:
        data.publish(topic="$aws/rules/r/a/b", qos=1, payload=b"1")
    assert "Basic Ingest" in refused.value.response["Error"]["Message"]
    with connect_iot(endpoints, thing) as client:
        client.publish("$aws/rules/r/a/b", "1")  # acknowledged, as 3.1.1 can say nothing else


# --- retained messages ----------------------------------------------------------------------------


def test_retained_messages_are_read_and_listed(endpoints, name):
    data = endpoints.boto("iot-data")
    topics = [f"{name}/{n}" for n in range(3)]
    for topic in topics:
        data.publish(topic=topic, qos=1, retain=True, payload=topic.encode())
    data.publish(topic=f"{name}/not", qos=1, payload=b"1")
    got = data.get_retained_message(topic=topics[1])
    assert (got["topic"], got["payload"], got["qos"]) == (topics[1], topics[1].encode(), 1)
    pages, token = [], {}
    while True:
        page = data.list_retained_messages(maxResults=2, **token)
        pages.append(page["retainedTopics"])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert max(len(page) for page in pages) <= 2
    listed = [each for page in pages for each in page if each["topic"].startswith(name)]
    assert listed == [
        {"topic": topic, "payloadSize": len(topic), "qos": 1} for topic in topics
    ]
    data.publish(topic=topics[1], qos=1, retain=True, payload=b"")  # clears it
    for missing in (topics[1], f"{name}/not"):
        with pytest.raises(data.exceptions.ResourceNotFoundException):
            data.get_retained_message(topic=missing)
    with pytest.raises(data.exceptions.InvalidRequestException):
        data.get_retained_message(topic="a/#")


# --- a certificate that is lost -------------------------------------------------------------------


def https(endpoints, thing):
    host, _, port = endpoints.iot_https.rpartition(":")
    context = ssl.create_default_context(cafile=endpoints.ca_file)
    context.load_cert_chain(thing.cert, thing.key)
    return http.client.HTTPSConnection(host, int(port), context=context, timeout=waiting.HANG)


def status_of(connection, method, path, body=None):
    connection.request(method, path, body)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_answers_to_devices_and_refused_websockets_have_a_request_id(endpoints, thing):
    ids = set()
    asked = [(https(endpoints, thing), method, path) for method, path in (
        ("POST", "/topics/a/b?qos=1"), ("GET", f"/things/{thing.name}/shadow"), ("GET", "/none"),
        ("GET", f"/greengrass/discover/thing/{thing.name}"),
    )]  # fmt: skip
    asked.append((http.client.HTTPConnection(endpoints.api_http.partition("//")[2]), "GET", "/mqtt"))
    for connection, method, path in asked:
        connection.request(method, path)
        ids.add(connection.getresponse().headers["x-amzn-RequestId"])
    assert len(ids) == len(asked) and None not in ids


def test_a_certificate_is_registered_when_its_device_connects(endpoints, iot, tmp_path, name):
    files = Files(tmp_path)
    authority = files.authority("just-in-time-ca")
    code = iot.get_registration_code()["registrationCode"]
    ca = iot.register_ca_certificate(
        caCertificate=authority, verificationCertificate=files.signed(code, "just-in-time-ca"),
        setAsActive=True, allowAutoRegistration=True,
    )["certificateId"]  # fmt: skip
    files.signed("device", "just-in-time-ca")
    device = Thing(name, None, None, tmp_path / "device.pem", tmp_path / "device.key")
    topic = f"$aws/events/certificates/registered/{ca}"
    with HubClient(endpoints, f"{name}-watch") as watch:
        watch.subscribe(topic)
        with pytest.raises((Refused, ssl.SSLError, ConnectionError)):
            HubClient(endpoints, name, device, version=V311)
        event = json.loads(watch.payloads(1)[0])
    made = iot.list_certificates_by_ca(caCertificateId=ca)["certificates"]
    assert [(each["certificateId"], each["status"]) for each in made] == [
        (event["certificateId"], "PENDING_ACTIVATION")
    ]
    assert (event["caCertificateId"], event["awsAccountId"]) == (ca, "123456789012")
    policy = iot.create_policy(policyName=name, policyDocument=json.dumps(allow(("iot:*", "*"))))
    iot.attach_policy(policyName=policy["policyName"], target=made[0]["certificateArn"])
    iot.update_certificate(certificateId=made[0]["certificateId"], newStatus="ACTIVE")
    HubClient(endpoints, name, device, version=V311).close()


def lose(iot, thing, how):
    certificate = certificate_id(thing)
    iot.update_certificate(
        certificateId=certificate, newStatus="REVOKED" if how == "revoked" else "INACTIVE"
    )
    if how == "deleted":
        iot.detach_thing_principal(thingName=thing.name, principal=thing.certificate_arn)
        iot.delete_certificate(certificateId=certificate, forceDelete=True)


@pytest.mark.parametrize("how", ["revoked", "deactivated", "deleted"])
def test_a_lost_certificate_is_cut_off_wherever_it_is_connected(endpoints, iot, tmp_path, name, how):
    thing = new_thing(endpoints, tmp_path, name)
    kept_alive = https(endpoints, thing)
    assert status_of(kept_alive, "POST", "/topics/a/b?qos=1", "1") == 200
    poll = https(endpoints, thing)
    path = f"/evergrass/v1/cores/{thing.name}/deployment?after=&wait=60"
    poll.request("GET", path)
    answers = []
    waiter = threading.Thread(target=lambda: answers.append(poll.getresponse().status))
    waiter.start()
    device = HubClient(endpoints, thing.name, thing, version=V5)
    older = HubClient(endpoints, f"{thing.name}-2", thing, version=V311)
    assert answers == [], "the poll waits"
    lose(iot, thing, how)
    device.wait_closed()
    older.wait_closed()
    waiter.join(timeout=waiting.HANG)
    assert answers == [401]
    assert status_of(kept_alive, "POST", "/topics/a/b?qos=1", "1") == 403
    for refused in (V311, V5):
        with pytest.raises((Refused, ssl.SSLError, ConnectionError)):
            HubClient(endpoints, thing.name, thing, version=refused)


def test_a_detached_policy_holds_for_the_next_action(endpoints, iot, thing):
    kept_alive = https(endpoints, thing)
    shadow = f"/things/{thing.name}/shadow"
    assert status_of(kept_alive, "POST", "/topics/a?qos=1", "1") == 200
    assert status_of(kept_alive, "GET", shadow) == 404
    assert status_of(kept_alive, "GET", f"/things/{thing.name}/jobs") == 200
    with connect_iot(endpoints, thing) as client:
        assert client.subscribe("a", 1) == 1
        iot.detach_policy(policyName=f"{thing.name}_policy", target=thing.certificate_arn)
        assert client.subscribe("b", 1) == 128
        assert status_of(kept_alive, "POST", "/topics/a?qos=1", "1") == 403
        assert status_of(kept_alive, "GET", shadow) == 403
        assert status_of(kept_alive, "GET", f"/things/{thing.name}/jobs") == 403
        discover = f"/greengrass/discover/thing/{thing.name}"
        assert status_of(kept_alive, "GET", discover) in (401, 403)
        with pytest.raises(Refused):
            client.publish("a", "1")
