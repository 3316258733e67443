"""Devices at the service's own doors: MQTT, HTTPS and port 443 by ALPN, each held to its policies."""

import http.client
import json
import socket
import ssl

import pytest

from harness import waiting
from harness.cloud import Cloud
from harness.device_api import allow, arn
from harness.group import new_thing
from harness.mqtt import Device, Refused
from harness.system import connect_iot

ACCEPTED = b"\x20\x02\x00\x00"  # CONNACK


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running.endpoints


@pytest.fixture
def thing(endpoints, tmp_path, request):
    return new_thing(endpoints, tmp_path, request.node.name.partition("[")[0])


def device_context(endpoints, thing, *protocols):
    context = ssl.create_default_context(cafile=endpoints.ca_file)
    context.load_cert_chain(thing.cert, thing.key)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def post(endpoints, thing, path, body, address=None, *protocols):
    host, _, port = (address or endpoints.iot_https).rpartition(":")
    asked = http.client.HTTPSConnection(
        host, int(port), context=device_context(endpoints, thing, *protocols),
        timeout=waiting.HANG,
    )  # fmt: skip
    asked.request("POST", path, body)
    answer = asked.getresponse()
    return answer.status, json.loads(answer.read())


def raw_connect(endpoints, thing, address=None, *protocols):
    """The stream of a device that said CONNECT; what the server says to it is for the caller to read. paho would
    come back by itself when it is thrown out."""
    host, _, port = (address or endpoints.iot_mqtt).rpartition(":")
    plain = socket.create_connection((host, int(port)), timeout=waiting.HANG)
    stream = device_context(endpoints, thing, *protocols).wrap_socket(plain, server_hostname=host)
    name = thing.name.encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2, "big") + name
    stream.sendall(b"\x10" + bytes([len(body)]) + body)
    return stream


def is_turned_away(endpoints, thing):
    """With TLS 1.3 the refusal arrives when the client reads."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with raw_connect(endpoints, thing) as stream:
            stream.recv(4)
    return True


def certificate_id(thing):
    return thing.certificate_arn.rpartition("/")[2]


def test_messages_arrive_whatever_door_they_came_in_by(endpoints, thing):
    with connect_iot(endpoints, thing) as device:
        assert device.subscribe("hello/#", 1) == 1
        device.publish("hello/mqtt", "1")
        assert post(endpoints, thing, "/topics/hello/https?qos=1", "2")[0] == 200
        assert post(endpoints, thing, "/topics/hello%2Fencoded", "3")[0] == 200
        port_443 = endpoints.api.rpartition("//")[2]
        assert post(endpoints, thing, "/topics/hello/alpn", "4", port_443, "x-amzn-http-ca")[0] == 200
        endpoints.boto("iot-data").publish(topic="hello/api", qos=1, payload=b"\x00\xff")
        got = [device.receive() for _ in range(5)]
    assert [(m.topic, m.payload) for m in got] == [
        ("hello/mqtt", b"1"),
        ("hello/https", b"2"),
        ("hello/encoded", b"3"),
        ("hello/alpn", b"4"),
        ("hello/api", b"\x00\xff"),
    ]


def test_port_443_is_mqtt_for_those_who_ask_for_it(endpoints, thing):
    port_443 = endpoints.api.rpartition("//")[2]
    with raw_connect(endpoints, thing, port_443, "x-amzn-mqtt-ca") as stream:
        assert stream.selected_alpn_protocol() == "x-amzn-mqtt-ca"
        assert stream.recv(4) == ACCEPTED


def test_an_unknown_protocol_name_does_not_end_the_handshake(endpoints, thing):
    address = endpoints.iot_https
    assert post(endpoints, thing, "/topics/a", "1", address, "something-else")[0] == 200


def test_a_client_is_held_to_its_policies(endpoints, tmp_path):
    policy = allow(
        ("iot:Connect", arn(endpoints, "client/${iot:Connection.Thing.ThingName}")),
        (["iot:Publish", "iot:Receive"], arn(endpoints, "topic/mine/${iot:ClientId}/*")),
        ("iot:Subscribe", arn(endpoints, "topicfilter/mine/${iot:ClientId}/#")),
    )
    thing = new_thing(endpoints, tmp_path, "held", policy)
    with pytest.raises(Refused):
        connect_iot(endpoints, thing, "another")
    with connect_iot(endpoints, thing) as device:
        assert device.subscribe("mine/held/#", 1) == 1
        assert device.subscribe("mine/+/#") == 128
        device.publish("mine/held/a", "1")
        assert device.receive().payload == b"1"
        with pytest.raises(Refused):
            device.publish("mine/other/a", "2")
    assert post(endpoints, thing, "/topics/mine/held/a", "3")[0] == 403  # no client id over HTTPS


def test_a_policy_that_is_taken_away_ends_delivery_without_a_new_connection(endpoints, thing):
    iot = endpoints.boto("iot")
    with connect_iot(endpoints, thing) as device:
        device.subscribe("news/#", 1)
        device.publish("news/1", "1")
        assert device.receive().payload == b"1"
        iot.create_policy_version(
            policyName=f"{thing.name}_policy", setAsDefault=True,
            policyDocument=json.dumps(allow(("iot:Publish", "*"), ("iot:Connect", "*"),
                                            ("iot:Receive", arn(endpoints, "topic/news/3")))),
        )  # fmt: skip
        device.publish("news/2", "2")
        device.publish("news/3", "3")
        assert device.receive().payload == b"3"


@pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
def test_a_certificate_that_is_deactivated_is_cut_off_at_once(endpoints, tmp_path, status):
    thing = new_thing(endpoints, tmp_path, f"cut-{status}")
    iot = endpoints.boto("iot")
    with raw_connect(endpoints, thing) as stream:
        assert stream.recv(4) == ACCEPTED
        iot.update_certificate(certificateId=certificate_id(thing), newStatus=status)
        assert stream.recv(1) == b""
    assert is_turned_away(endpoints, thing)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        post(endpoints, thing, "/topics/a", "1")
    iot.update_certificate(certificateId=certificate_id(thing), newStatus="ACTIVE")
    connect_iot(endpoints, thing).close()


def test_a_certificate_that_is_not_registered_stays_out(endpoints, thing, tmp_path):
    stranger = new_thing(endpoints, tmp_path, "stranger")
    iot = endpoints.boto("iot")
    iot.update_certificate(certificateId=certificate_id(stranger), newStatus="INACTIVE")
    iot.detach_thing_principal(thingName=stranger.name, principal=stranger.certificate_arn)
    iot.delete_certificate(certificateId=certificate_id(stranger), forceDelete=True)
    assert is_turned_away(endpoints, stranger)
    pem = stranger.cert.read_text()
    kept = iot.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
    assert kept["certificateArn"] == stranger.certificate_arn
    iot.attach_policy(policyName="stranger_policy", target=kept["certificateArn"])
    connect_iot(endpoints, stranger).close()


def test_the_newer_connection_of_a_client_id_wins(endpoints, thing):
    with Device(endpoints.iot_mqtt, "twin", endpoints.ca_file, thing.cert, thing.key) as older:
        older.subscribe("twin/#", 1)
        older._client.reconnect_delay_set(min_delay=100)  # so that it doesn't take the name back
        with Device(endpoints.iot_mqtt, "twin", endpoints.ca_file, thing.cert, thing.key) as newer:
            older.wait_closed()
            newer.subscribe("twin/#", 1)
            newer.publish("twin/a", "1")
            assert newer.receive().payload == b"1"
            assert newer.messages.empty()


def test_a_payload_of_128_kilobytes_passes_and_more_does_not(endpoints, thing):
    most = 128 * 1024
    with connect_iot(endpoints, thing) as device:
        device.subscribe("big", 1)
        device.publish("big", b"x" * most)
        assert len(device.receive().payload) == most
        assert post(endpoints, thing, "/topics/big", b"y" * (most + 1))[0] == 413
        data = endpoints.boto("iot-data")
        with pytest.raises(data.exceptions.ClientError) as refused:
            data.publish(topic="big", payload=b"y" * (most + 1))
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
        with pytest.raises(Refused):
            device.publish("big", b"y" * (most + 1))


def test_describe_endpoint_answers_where_the_devices_are_served(endpoints):
    iot = endpoints.boto("iot")
    for kind in ("iot:Data", "iot:Data-ATS"):
        assert iot.describe_endpoint(endpointType=kind)["endpointAddress"] == endpoints.iot_mqtt
