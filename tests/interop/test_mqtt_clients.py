"""Stock MQTT clients at our server: mosquitto's, paho, mqtt.js, the AWS IoT Device SDKs; TLS and WebSocket."""

import json
import queue

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harness import processes, testbed, waiting
from harness.processes import ROOT, Process
from harness.testbed import Broker, Pki, unique

CLIENTS = ROOT / "tests/interop/clients.js"
PAYLOAD = "w\u00e5ter"
VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v311", "v5"])


@pytest.fixture(scope="session", autouse=True)
def something_to_test():
    if problem := testbed.missing():
        pytest.exit(problem, returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def secure(tmp_path_factory, pki):
    """Mutual TLS."""
    with Broker(tmp_path_factory.mktemp("secure"), tls=pki) as running:
        yield running


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """TCP and WebSocket, without TLS."""
    with Broker(tmp_path_factory.mktemp("web"), websocket=True) as running:
        yield running


# --- mosquitto_pub and mosquitto_sub --------------------------------------------------------------


def mosquitto_options(broker, version):
    client, ca = broker.tls.any_client, broker.tls.ca
    return ["-h", "127.0.0.1", "-p", str(broker.port), "-V", {4: "mqttv311", 5: "mqttv5"}[version],
            "--cafile", ca.cert, "--cert", client.cert, "--key", client.key]  # fmt: skip


@VERSIONS
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_mosquitto_pub_and_sub(secure, version, qos):
    topic, common = unique("mosquitto"), mosquitto_options(secure, version)
    with Process("stdbuf", "-oL", "mosquitto_sub", *common, "-t", f"{topic}/#", "-q", qos,
                 "-C", 2, "-v", "-d") as reader:  # fmt: skip
        reader.wait_for_line("Subscribed|SUBACK")
        for n in range(2):
            processes.run("mosquitto_pub", *common, "-t", f"{topic}/{n}", "-q", qos, "-m", f"{PAYLOAD}{n}")
        for n in range(2):
            reader.wait_for_line(f"^{topic}/{n} {PAYLOAD}{n}$")
        assert reader.wait() == 0


def test_mosquittos_properties_and_retained_messages(secure):
    topic, common = unique("mosquitto"), mosquitto_options(secure, 5)
    processes.run(
        "mosquitto_pub", *common, "-t", topic, "-q", 1, "-r", "-m", PAYLOAD,
        "-D", "publish", "user-property", "k", "v", "-D", "publish", "content-type", "text/plain",
    )  # fmt: skip
    said = processes.run(
        "mosquitto_sub", *common, "-t", topic, "-q", 1, "-C", 1, "-F", "%t|%p|%q|%r|%C|%P"
    ).stdout.strip()
    assert said == f"{topic}|{PAYLOAD}|1|1|text/plain|k:v"


# --- paho -----------------------------------------------------------------------------------------


class PahoClient:
    """One paho connection of either version."""

    def __init__(self, version, port, transport="tcp", tls=None):
        self.version, self.messages, self._answers = version, queue.Queue(), queue.Queue()
        extra = {} if version == 5 else {"clean_session": True}
        self._client = paho.Client(unique("paho"), protocol=version, transport=transport, **extra)
        if tls:
            self._client.tls_set_context(tls.context(tls.any_client))
        self._client.on_connect = lambda c, u, f, code, *p: self._answers.put(("connect", code))
        self._client.on_subscribe = lambda c, u, mid, codes, *p: self._answers.put(("subscribe", codes))
        self._client.on_publish = lambda c, u, mid: self._answers.put(("publish", mid))
        self._client.on_message = lambda c, u, message: self.messages.put(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._answer("connect") == 0

    def _answer(self, wanted):
        kind, value = self._answers.get(timeout=waiting.HANG)
        assert kind == wanted
        return value

    def subscribe(self, topic, qos):
        self._client.subscribe(topic, qos)
        return self._answer("subscribe")

    def publish(self, topic, payload, qos):
        properties = None
        if self.version == 5:
            properties = Properties(PacketTypes.PUBLISH)
            properties.UserProperty = ("k", "v")
        self._client.publish(topic, payload, qos, properties=properties)
        self._answer("publish")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._client.disconnect()
        self._client.loop_stop()


def talk_to_oneself(client):
    topic = unique("paho")
    client.subscribe(f"{topic}/#", 2)
    for qos in (0, 1, 2):
        client.publish(f"{topic}/{qos}", PAYLOAD, qos)
    for qos in (0, 1, 2):
        got = client.messages.get(timeout=waiting.HANG)
        assert (got.topic, got.payload.decode(), got.qos) == (f"{topic}/{qos}", PAYLOAD, qos)
        if client.version == 5:
            assert got.properties.UserProperty == [("k", "v")]


@VERSIONS
def test_paho_over_tls(secure, version):
    with PahoClient(version, secure.port, tls=secure.tls) as client:
        talk_to_oneself(client)


@VERSIONS
def test_paho_over_websocket(web, version):
    with PahoClient(version, web.ws_port, "websockets") as client:
        talk_to_oneself(client)


@VERSIONS
def test_a_large_message_by_websocket(web, version):
    """Over several frames and reads."""
    with PahoClient(version, web.ws_port, "websockets") as client:
        topic = unique("large")
        client.subscribe(topic, 1)
        client.publish(topic, b"x" * 120_000, 1)
        assert client.messages.get(timeout=waiting.HANG).payload == b"x" * 120_000


@VERSIONS
def test_tcp_and_websocket_are_one_server(web, version):
    with PahoClient(version, web.ws_port, "websockets") as one, PahoClient(version, web.port) as other:
        topic = unique("both")
        one.subscribe(topic, 1)
        other.publish(topic, "x", 1)
        assert one.messages.get(timeout=waiting.HANG).payload == b"x"


# --- mqtt.js and the AWS IoT Device SDKs -------------------------------------------------------------


def run_node(name, qos, **options):
    """The messages that the client of clients.js got."""
    topic = unique("node")
    options |= {"clientId": unique("node"), "topic": topic, "qos": qos}
    done = processes.run("node", CLIENTS, name, json.dumps(options, default=str))
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [m["topic"] for m in messages] == [f"{topic}/{n}" for n in range(len(qos))]
    assert all(m["payload"] == PAYLOAD for m in messages)
    return messages


def files_of(broker):
    client = broker.tls.any_client
    return {"ca": broker.tls.ca.cert, "cert": client.cert, "key": client.key}


@VERSIONS
@pytest.mark.parametrize("transport", ["tls", "websocket"])
def test_mqttjs(secure, web, version, transport):
    if transport == "tls":
        where = {"url": f"mqtts://127.0.0.1:{secure.port}", **files_of(secure)}
    else:
        where = {"url": f"ws://127.0.0.1:{web.ws_port}"}
    got = run_node("mqttjs", [0, 1, 2], version=version, **where)
    assert [m["qos"] for m in got] == [0, 1, 2]
    if version == 5:
        assert all(m["contentType"] == "text/plain" and m["user"] == {"k": "v"} for m in got)


@pytest.mark.parametrize("name", ["sdk-v1", "sdk-v2", "sdk-v2-mqtt5"])
def test_the_aws_iot_device_sdks(secure, name):
    got = run_node(name, [0, 1, 1], host="127.0.0.1", port=secure.port, **files_of(secure))
    if name == "sdk-v2-mqtt5":
        assert all(m["user"] == [{"name": "k", "value": "v"}] for m in got)
