"""What the service's device MQTT keeps: sessions and retained messages, over connections and restarts; wills."""

import json

import pytest

from harness import waiting
from harness.cloud import Cloud
from harness.device_api import allow
from harness.group import new_thing
from harness.hub import V5, V311, HubClient
from harness.mqtt import Refused

VERSIONS = pytest.mark.parametrize("version", [V311, V5], ids=["v311", "v5"])
EXPIRY = 7 * 24 * 3600
QUEUE = 256 * 1024


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    options = ("--mqtt-session-expiry", str(EXPIRY), "--mqtt-queue-bytes", str(QUEUE))
    with Cloud(tmp_path_factory.mktemp("cloud"), *options) as running:
        yield running


@pytest.fixture
def endpoints(cloud):
    return cloud.endpoints


@pytest.fixture
def name(request):
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:120]


@pytest.fixture
def thing(endpoints, tmp_path, name):
    return new_thing(endpoints, tmp_path, name)


def set_policy(endpoints, thing, *statements):
    document = json.dumps(allow(*statements))
    endpoints.boto("iot").create_policy_version(
        policyName=f"{thing.name}_policy", policyDocument=document, setAsDefault=True
    )


def restart(cloud, how):
    if how == "killed":
        cloud.kill()
    else:
        assert cloud.process.stop() == 0
    cloud.start()


def test_what_waits_for_a_client_is_limited(cloud, endpoints, thing, name):
    half = "x" * (QUEUE // 2 - 1024)
    with HubClient(endpoints, f"{name}-pub", thing) as publisher:
        with HubClient(endpoints, name, thing, keep=3600) as away:
            away.subscribe(f"{name}/#")
        for _ in range(2):
            publisher.publish(f"{name}/kept", half)
        publisher.publish(f"{name}/too-much", half)
        publisher.publish(f"{name}/small", "there is room for it")
        with HubClient(endpoints, name, thing, keep=3600) as back:
            assert back.payloads(3) == [half, half, "there is room for it"]
    cloud.process.wait_for_line("A message for a client is dropped.")


@VERSIONS
def test_messages_wait_for_a_session_whose_client_is_away(endpoints, thing, name, version):
    with HubClient(endpoints, f"{name}-pub", thing) as publisher:
        with HubClient(endpoints, name, thing, version, keep=3600) as away:
            assert not away.resumed
            away.subscribe(f"{name}/#")
        for n in range(3):
            publisher.publish(f"{name}/{n}", str(n))
        with HubClient(endpoints, name, thing, version, keep=3600) as back:
            assert back.resumed
            assert back.payloads(3) == ["0", "1", "2"]
            publisher.publish(f"{name}/3", "3")
            assert back.payloads(1) == ["3"]
        with HubClient(endpoints, name, thing, version) as clean:
            assert not clean.resumed


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_sessions_and_retained_messages_survive_a_restart(cloud, thing, name, how):
    endpoints = cloud.endpoints
    with HubClient(endpoints, f"{name}-pub", thing) as publisher:
        for version in (V311, V5):
            with HubClient(endpoints, f"{name}-{version}", thing, version, keep=3600) as away:
                away.subscribe(f"{name}/+")
        publisher.publish(f"{name}/before", "1")
        publisher.publish(f"{name}/kept", "2", retain=True)
    restart(cloud, how)
    with HubClient(endpoints, f"{name}-pub", thing) as publisher:
        publisher.publish(f"{name}/after", "3")
        for version in (V311, V5):
            with HubClient(endpoints, f"{name}-{version}", thing, version, keep=3600) as back:
                assert back.resumed
                assert back.payloads(3) == ["1", "2", "3"]
        with HubClient(endpoints, f"{name}-new", thing) as new:
            new.subscribe(f"{name}/kept")
            got = new.receive()
            assert (got.payload, got.retain) == (b"2", 1)


def test_the_data_is_the_services_alone(cloud):
    folder = cloud.data / "mqtt"
    assert folder.stat().st_mode & 0o777 == 0o700


@VERSIONS
def test_a_topic_has_one_retained_message_whoever_sent_it(endpoints, thing, name, version):
    with HubClient(endpoints, f"{name}-1", thing, version) as one, \
         HubClient(endpoints, f"{name}-2", thing) as other:  # fmt: skip
        one.publish(f"{name}/t", "1", retain=True)
        other.publish(f"{name}/t", "2", retain=True)
        one.subscribe(f"{name}/t")
        got = one.receive()
        assert (got.payload, got.retain) == (b"2", 1)
        other.publish(f"{name}/t", "3")
        assert one.receive().retain == 0
        other.publish(f"{name}/t", "", retain=True)
        assert one.receive().payload == b""
        other.subscribe(f"{name}/t")
        other.publish(f"{name}/t", "4")
        assert other.payloads(1) == ["4"]


def test_filters_with_wildcards_get_no_retained_messages_and_not_the_parent(endpoints, thing, name):
    """As AWS IoT has it."""
    with HubClient(endpoints, name, thing) as device:
        device.publish(f"{name}/t", "retained", retain=True)
        device.subscribe(f"{name}/#")
        device.publish(name, "parent")
        device.publish(f"{name}/t", "live")
        assert device.payloads(1) == ["live"]


def test_retaining_needs_a_right_of_its_own(endpoints, thing, name):
    set_policy(endpoints, thing, (["iot:Connect", "iot:Publish"], "*"))
    with HubClient(endpoints, name, thing) as device:
        device.publish(f"{name}/t", "1")
        with pytest.raises(Refused):
            device.publish(f"{name}/t", "1", retain=True)


def test_the_apis_publish_retained_messages_with_properties(endpoints, thing, name):
    endpoints.boto("iot-data").publish(topic=f"{name}/t", qos=1, retain=True, payload=b"1")
    with HubClient(endpoints, name, thing, V5) as device:
        device.subscribe(f"{name}/t")
        got = device.receive()
        assert (got.payload, got.retain, got.qos) == (b"1", 1, 1)


@VERSIONS
def test_a_will_is_published_when_its_client_vanishes(endpoints, thing, name, version):
    with HubClient(endpoints, f"{name}-watch", thing) as watch:
        watch.subscribe(f"{name}/will")
        HubClient(endpoints, name, thing, version, will=(f"{name}/will", "gone", False)).vanish()
        assert watch.payloads(1) == ["gone"]
        HubClient(endpoints, name, thing, version, will=(f"{name}/will", "not said", False)).close()
        watch.publish(f"{name}/will", "after")
        assert watch.payloads(1) == ["after"]


@VERSIONS
def test_the_newer_connection_takes_the_session_over(endpoints, thing, name, version):
    older = HubClient(endpoints, name, thing, version, keep=3600)
    older.subscribe(f"{name}/#")
    with HubClient(endpoints, name, thing, V5, keep=3600) as newer:
        assert newer.resumed
        code = older.wait_closed()
        older.close()
        if version == V5:
            assert code.value == 0x8E
        newer.publish(f"{name}/t", "1")
        assert newer.payloads(1) == ["1"]


def test_both_versions_side_by_side(endpoints, thing, name):
    with HubClient(endpoints, f"{name}-3", thing, V311) as old, \
         HubClient(endpoints, f"{name}-5", thing, V5) as new:  # fmt: skip
        old.subscribe(f"{name}/#")
        new.subscribe(f"{name}/#", noLocal=True)
        new.publish(f"{name}/new", "1", ContentType="text/plain", UserProperty=[("k", "v")],
                    MessageExpiryInterval=60)  # fmt: skip
        old.publish(f"{name}/old", "2")
        assert old.payloads(2) == ["1", "2"]
        assert new.payloads(1) == ["2"]


def test_what_mqtt_5_clients_are_told(endpoints, thing, name):
    with HubClient(endpoints, name, thing, V5, keep=2 * EXPIRY, keepalive=5000) as device:
        said = device.connack
        assert said.ReceiveMaximum == 100
        assert said.TopicAliasMaximum == 8
        assert said.MaximumQoS == 1
        assert said.MaximumPacketSize == 146 * 1024
        assert said.ServerKeepAlive == 1200
        assert said.SessionExpiryInterval == EXPIRY


@VERSIONS
def test_shared_subscriptions_share(endpoints, thing, name, version):
    with HubClient(endpoints, f"{name}-1", thing, version) as one, \
         HubClient(endpoints, f"{name}-2", thing, version) as two:  # fmt: skip
        for member in (one, two):
            assert member.subscribe(f"$share/group/{name}/#") == 1
        for n in range(4):
            one.publish(f"{name}/{n}", str(n))
        assert sorted(one.payloads(2) + two.payloads(2)) == ["0", "1", "2", "3"]


def test_a_right_that_is_taken_away_holds_for_what_waits(endpoints, thing, name):
    with HubClient(endpoints, f"{name}-pub", thing) as publisher:
        with HubClient(endpoints, name, thing, keep=3600) as away:
            away.subscribe(f"{name}/#")
        publisher.publish(f"{name}/1", "1")
        publisher.publish(f"{name}/2", "2")
        set_policy(endpoints, thing, (["iot:Connect", "iot:Publish"], "*"),
                   ("iot:Receive", f"arn:aws:iot:*:*:topic/{name}/2"))  # fmt: skip
        with HubClient(endpoints, name, thing, keep=3600) as back:
            assert back.payloads(1) == ["2"]


def test_a_right_that_was_taken_away_before_a_restart_holds_after_it(cloud, thing, name):
    endpoints = cloud.endpoints
    with HubClient(endpoints, f"{name}-pub", thing) as publisher:
        with HubClient(endpoints, name, thing, keep=3600) as away:
            away.subscribe(f"{name}/#")
        publisher.publish(f"{name}/1", "1")
    set_policy(endpoints, thing, (["iot:Connect", "iot:Publish"], "*"),
               ("iot:Receive", f"arn:aws:iot:*:*:topic/{name}/2"))  # fmt: skip
    restart(cloud, "killed")
    with HubClient(endpoints, f"{name}-pub", thing) as publisher:
        publisher.publish(f"{name}/1", "1")
        publisher.publish(f"{name}/2", "2")
        with HubClient(endpoints, name, thing, keep=3600) as back:
            assert back.resumed
            assert back.payloads(1) == ["2"]


def test_what_waited_is_held_against_the_certificate_that_comes_back(endpoints, thing, tmp_path, name):
    other = new_thing(endpoints, tmp_path, f"{name}-other")
    set_policy(endpoints, other, (["iot:Connect", "iot:Publish"], "*"),
               ("iot:Receive", f"arn:aws:iot:*:*:topic/{name}/2"))  # fmt: skip
    with HubClient(endpoints, name, thing, keep=3600) as away:
        away.subscribe(f"{name}/#")
    with HubClient(endpoints, f"{name}-pub", thing) as publisher:
        publisher.publish(f"{name}/1", "1")
        publisher.publish(f"{name}/2", "2")
    with HubClient(endpoints, name, other, keep=3600) as back:
        assert back.resumed
        assert back.payloads(1) == ["2"]


@VERSIONS
def test_a_deactivated_certificate_is_cut_off_and_its_session_stays(endpoints, thing, name, version):
    iot = endpoints.boto("iot")
    certificate = thing.certificate_arn.rpartition("/")[2]
    device = HubClient(endpoints, name, thing, version, keep=3600)
    device.subscribe(f"{name}/#")
    iot.update_certificate(certificateId=certificate, newStatus="INACTIVE")
    code = device.wait_closed()
    device.close()
    if version == V5:
        assert code.value == 0x87
    iot.update_certificate(certificateId=certificate, newStatus="ACTIVE")
    with HubClient(endpoints, name, thing, version, keep=3600) as back:
        assert back.resumed


def test_qos_2_is_not_there(endpoints, thing, name):
    with HubClient(endpoints, name, thing, V311) as device:
        assert device.subscribe(f"{name}/#", 2) == 1
        with pytest.raises(Refused):
            device.publish(f"{name}/t", "1", qos=2)


def test_a_reset_forgets_sessions_and_retained_messages(tmp_path, name):
    with Cloud(tmp_path / "cloud", "--allow-reset") as running:
        endpoints = running.endpoints
        thing = new_thing(endpoints, tmp_path, name)
        with HubClient(endpoints, name, thing, keep=3600) as device:
            device.subscribe("t/#")
            device.publish("t/kept", "1", retain=True)
        signed_in = HubClient(endpoints, "key", keep=3600)
        assert reset(endpoints) == 200
        signed_in.wait_closed()
        signed_in.close()
        thing = new_thing(endpoints, tmp_path, f"{name}-2")
        with HubClient(endpoints, name, thing, keep=3600) as device:
            assert not device.resumed
            device.subscribe("t/kept")
            device.publish("t/kept", "2")
            assert device.payloads(1) == ["2"]


def reset(endpoints):
    import http.client

    connection = http.client.HTTPConnection(
        endpoints.api_http.rpartition("/")[2], timeout=waiting.HANG
    )
    connection.request("POST", "/_evergrass/reset", b"", {"X-Evergrass-Reset": "1"})
    return connection.getresponse().status
