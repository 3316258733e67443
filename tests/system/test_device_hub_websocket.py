"""MQTT in WebSocket at the service, by SigV4 as the AWS SDKs do it, and by certificate."""

import http.client
import json
import ssl

import pytest

from harness import processes, waiting
from harness.cloud import Cloud
from harness.group import new_thing
from harness.hub import V5, V311, HubClient, port_of, presigned_path
from harness.processes import ROOT

CLIENTS = ROOT / "tests/interop/clients.js"
VERSIONS = pytest.mark.parametrize("version", [V311, V5], ids=["v311", "v5"])
DOORS = pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "mqtt",
}


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running.endpoints


@pytest.fixture
def name(request):
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:120]


@DOORS
@VERSIONS
def test_paho_by_sigv4(endpoints, name, version, secure):
    with HubClient(endpoints, name, version=version, secure=secure) as client:
        client.subscribe(f"{name}/#")
        client.publish(f"{name}/a", "1")
        client.publish(f"{name}/b", "x" * 100_000)  # over many reads, frames and TLS records
        assert client.payloads(2) == ["1", "x" * 100_000]


def test_devices_and_signed_clients_meet(endpoints, tmp_path, name):
    thing = new_thing(endpoints, tmp_path, name)
    with HubClient(endpoints, f"{name}-key") as signed, HubClient(endpoints, name, thing) as device:
        signed.subscribe(f"{name}/up")
        device.subscribe(f"{name}/down")
        device.publish(f"{name}/up", "1")
        signed.publish(f"{name}/down", "2")
        assert signed.payloads(1) == ["1"]
        assert device.payloads(1) == ["2"]


def test_a_session_outlives_a_websocket(endpoints, name):
    with HubClient(endpoints, name, version=V5, keep=600) as client:
        client.subscribe(f"{name}/#")
    endpoints.boto("iot-data").publish(topic=f"{name}/t", qos=1, payload=b"1")
    with HubClient(endpoints, name, version=V5, keep=600) as client:
        assert client.resumed
        assert client.payloads(1) == ["1"]


def test_a_will_of_a_websocket_that_vanishes(endpoints, name):
    with HubClient(endpoints, f"{name}-watch") as watch:
        watch.subscribe(f"{name}/will")
        HubClient(endpoints, name, will=(f"{name}/will", "gone", False)).vanish()
        assert watch.payloads(1) == ["gone"]


def run_node(client, name, qos, **options):
    options |= {"clientId": name, "topic": name, "qos": qos}
    env = processes.clean_env(NODE_EXTRA_CA_CERTS=str(options["ca"]))
    done = processes.run("node", CLIENTS, client, json.dumps(options, default=str), env=env)
    return [json.loads(line)["topic"] for line in done.stdout.splitlines()]


@VERSIONS
def test_mqttjs_by_sigv4(endpoints, name, version):
    url = f"wss://127.0.0.1:{port_of(endpoints)}{presigned_path(endpoints)}"
    got = run_node("mqttjs", name, [0, 1], version=version, url=url, ca=endpoints.ca_file)
    assert got == [f"{name}/0", f"{name}/1"]


@pytest.mark.parametrize("client", ["sdk-v1-wss", "sdk-v2-wss", "sdk-v2-mqtt5-wss"])
def test_the_aws_iot_device_sdks_by_sigv4(endpoints, name, client):
    got = run_node(
        client, name, [0, 1, 1], host="127.0.0.1", port=port_of(endpoints), ca=endpoints.ca_file,
        region=endpoints.region, accessKeyId=endpoints.access_key_id,
        secretKey=endpoints.secret_access_key,
    )  # fmt: skip
    assert got == [f"{name}/{n}" for n in range(3)]


@VERSIONS
def test_mqttjs_by_certificate(endpoints, tmp_path, name, version):
    thing = new_thing(endpoints, tmp_path, name)
    got = run_node(
        "mqttjs", name, [0, 1], version=version, url=f"wss://127.0.0.1:{port_of(endpoints)}/mqtt",
        ca=endpoints.ca_file, cert=thing.cert, key=thing.key,
    )  # fmt: skip
    assert got == [f"{name}/0", f"{name}/1"]


def ask(endpoints, path="/mqtt", method="GET", context=None, **headers):
    """Status and body of the answer to an upgrade request."""
    context = context or ssl.create_default_context(cafile=endpoints.ca_file)
    asked = http.client.HTTPSConnection(
        "127.0.0.1", port_of(endpoints), context=context, timeout=waiting.HANG
    )
    asked.request(method, path, headers={**UPGRADE, **headers})
    answer = asked.getresponse()
    status, body = answer.status, b"" if answer.status == 101 else answer.read()
    asked.close()
    return status, body.decode()


def test_only_who_signed_for_it_comes_in(endpoints):
    assert ask(endpoints, presigned_path(endpoints))[0] == 101
    assert ask(endpoints, presigned_path(endpoints, service="iotdata"))[0] == 101
    assert ask(endpoints, presigned_path(endpoints, service="greengrass"))[0] == 403
    assert ask(endpoints, presigned_path(endpoints) + "&x=1")[0] == 403
    assert ask(endpoints, presigned_path(endpoints, host="localhost"))[0] == 403
    assert ask(endpoints)[0] == 403


def test_what_is_no_websocket_request_is_refused_with_the_reason(endpoints):
    path = presigned_path(endpoints)
    assert ask(endpoints, path, **{"Sec-WebSocket-Version": "8"})[0] == 426
    assert ask(endpoints, path, **{"Sec-WebSocket-Protocol": "soap"}) == (
        400, "Sec-WebSocket-Protocol must offer mqtt\n",
    )  # fmt: skip
    assert ask(endpoints, path, method="POST")[0] == 405
    assert ask(endpoints, path, Upgrade="h2c")[0] == 400


def test_a_certificate_is_held_to_its_policies_by_websocket_too(endpoints, tmp_path, name):
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    }
    thing = new_thing(endpoints, tmp_path, name, policy)
    with pytest.raises(AssertionError):
        run_node(
            "mqttjs", name, [0], version=V311, url=f"wss://127.0.0.1:{port_of(endpoints)}/mqtt",
            ca=endpoints.ca_file, cert=thing.cert, key=thing.key,
        )  # fmt: skip


def test_a_stopping_service_ends_websockets_cleanly(tmp_path, name):
    with Cloud(tmp_path / "cloud") as running:
        client = HubClient(running.endpoints, name, version=V5)
        assert running.process.stop() == 0
        assert client.wait_closed().value == 0x8B
        client.close()
        running.start()
