"""--group FILE: V1's subscription table decides who may say and hear what (spec/core.md §9, §11)."""

import ssl

import pytest

from harness import testbed
from harness.mqtt_packets import (
    CONNACK, PUBACK, PUBCOMP, PUBREC, PUBREL, V5, V311, Will, WireClient, ack, connect, publish,
)  # fmt: skip
from harness.testbed import Broker, Clients, write_group

pytestmark = pytest.mark.testbed_only("mosquitto knows no groups")

DEVICES = ("valve", "pump", "gauge")
TABLE = [
    ("valve", "pump", "valve/state"),
    ("valve", "pump", "valve/all/#"),
    ("valve", "gauge", "valve/+/level"),
    ("pump", "valve", "pump/state"),
    ("cloud", "pump", "from/cloud"),
    ("valve", "cloud", "to/cloud"),
]


@pytest.fixture(scope="module")
def identities(pki):
    return {name: pki.issue(name) for name in DEVICES}


@pytest.fixture(scope="module")
def broker(tmp_path_factory, pki, identities):
    folder = tmp_path_factory.mktemp("group")
    file = write_group(folder / "group.json", identities.values(), TABLE)
    with Broker(folder, tls=pki, group=file) as running:
        yield running


@pytest.fixture(params=[V311, V5], ids=["v311", "v5"])
def device(request, broker, pki, identities):
    """device("valve") is that device, connected."""
    clients = Clients(broker, request.param)

    def connected(name, client_id=None, **arguments):
        one = clients.raw(context=pki.context(identities[name]))
        one.connect(client_id or name, **arguments)
        return one

    connected.version = request.param
    connected.raw = lambda identity: clients.raw(context=pki.context(identity))
    yield connected
    clients.close()
    broker.check()


def refused(one, client_id, *reasons):
    """The server lets this client id not in: by CONNACK, or without a word."""
    one.send(connect(one.version, client_id))
    got = one.receive()
    assert got is None or (got.kind == CONNACK and got.reason in reasons), got
    assert got is None or one.receive() is None
    return True


# --- Who may connect ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_of_the_group_may_connect(device, name):
    """spec/core.md §11"""
    device(name).settle()


@pytest.mark.parametrize("id", ["pump", "valve2", "Valve", "valv", "core", "+", "#", "valve/#", " valve"])
def test_14_another_client_id_than_the_things_name_is_refused(device, identities, id):
    """spec/core.md §11: and the one whose name it is stays connected (checklist 8, 12, 14)."""
    pump = device("pump")
    one = device.raw(identities["valve"])
    assert refused(one, id, *([0x85, 0x87] if device.version == V5 else [2, 5]))
    pump.settle()


def test_an_empty_client_id_is_not_the_things_name(device, identities):
    """spec/core.md §11: no id is made up for it, or the one that is made up is its name."""
    one = device.raw(identities["valve"])
    one.send(connect(device.version, ""))
    got = one.receive()
    if got is not None and got.reason == 0:
        assert got.get("assigned_client_id") == "valve"


def handshake_fails(broker, context):
    """No CONNACK comes: with TLS 1.3 the refusal shows when the client reads."""
    try:
        one = broker.wire(V311, context)
    except (ssl.SSLError, ConnectionError):
        return True
    with one:
        one.send(connect(V311, "valve"))
        return one.receive() is None


def test_16_a_certificate_that_is_not_of_the_group_is_refused(broker, pki):
    """spec/core.md §11: from the same CA and with a device's name in it."""
    assert handshake_fails(broker, pki.context(pki.issue("stranger")))
    assert handshake_fails(broker, pki.context(pki.issue("valve", file="other-valve")))


def test_a_client_without_certificate_is_refused(broker, pki):
    """spec/core.md §11"""
    assert handshake_fails(broker, pki.context())


def test_16_a_certificate_of_another_ca_is_refused(broker, pki, tmp_path):
    """Checklist 16: a device's name, made by another CA."""
    stranger = testbed.Pki(tmp_path / "other").issue("valve")
    assert handshake_fails(broker, pki.context(stranger))


def test_plain_text_gets_no_answer(broker):
    """spec/core.md §11"""
    with WireClient(broker.address, V311, None, testbed.hang) as one:
        one.send(connect(V311, "valve"))
        assert b"\x20\x02\x00\x00" not in one.everything()
    broker.check()


# --- Who may hear ---------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["valve/state", "valve/all/#", "valve/all/x", "valve/+", "#", "+/state",
                                     "from/cloud"])  # fmt: skip
def test_a_filter_that_something_can_reach_is_granted(device, pattern):
    """spec/core.md §9"""
    assert device("pump").subscribe(pattern).reasons == [0]


@pytest.mark.parametrize("pattern", ["pump/state", "other", "other/#", "valve/other/level/more", "to/cloud",
                                     "$SYS/#", "$aws/#"])  # fmt: skip
def test_a_filter_that_nothing_can_reach_is_refused(device, pattern):
    """The failure code 0x80 [MQTT-3.9.3-2]; 5.0: 0x87. The connection stays."""
    one = device("pump")
    assert one.subscribe(pattern).reasons == [0x87 if device.version == V5 else 0x80]
    one.settle()


def test_each_filter_is_judged_alone(device):
    """[MQTT-3.8.4-5]"""
    bad = 0x87 if device.version == V5 else 0x80
    assert device("pump").subscribe("valve/state", "other", "from/cloud").reasons == [0, bad, 0]


# --- What arrives ---------------------------------------------------------------------------------


@pytest.mark.parametrize("qos", [0, 1])
def test_the_table_carries_a_message(device, qos):
    """spec/core.md §9"""
    pump, valve = device("pump"), device("valve")
    pump.subscribe("valve/state", "valve/all/#", qos=qos)
    valve.publish("valve/state", "1", qos=qos)
    valve.publish("valve/all/a/b", "2", qos=qos)
    assert pump.message("valve/state", "1").retain is False
    pump.message("valve/all/a/b", "2")
    pump.expect_nothing()


def test_a_wildcard_filter_gets_what_the_table_lets_through(device):
    """spec/core.md §9: `#` is a wish, the table is the law."""
    gauge, valve = device("gauge"), device("valve")
    gauge.subscribe("#")
    for topic in ("valve/state", "valve/all/x", "valve/a/level", "to/cloud", "other"):
        valve.publish(topic, topic, qos=1, reason=None if device.version == V311 else ANY)
    gauge.message("valve/a/level")
    gauge.expect_nothing()


class _Any:
    def __eq__(self, reason):
        return reason in (0, 0x10, 0x87)


ANY = _Any()  # of a PUBACK to a message that the table may not carry


@pytest.mark.parametrize("topic", ["other", "pump/state", "from/cloud", "$aws/things/valve/shadow/update",
                                   "$CONTROL/x"])  # fmt: skip
@pytest.mark.parametrize("qos", [0, 1])
def test_a_message_without_a_route_is_acknowledged_and_dropped(device, topic, qos):
    """spec/core.md §9: V1 dropped it with a log line; 5.0's PUBACK says 0x87 or 0x10."""
    pump, valve = device("pump"), device("valve")
    pump.subscribe("#")
    if qos:
        valve.send(publish(device.version, topic, "x", 1, 7))
        assert valve.expect(PUBACK, id=7).reason in ((0,) if device.version == V311 else (0x87, 0x10))
    else:
        valve.publish(topic, "x")
    pump.expect_nothing()
    valve.settle()


def test_a_message_to_nobody_who_listens_is_acknowledged(device):
    """spec/core.md §9: the table has a target, which has not subscribed."""
    valve = device("valve")
    valve.send(publish(device.version, "valve/state", "x", 1, 7))
    assert valve.expect(PUBACK, id=7).reason in (0, 0x10)


def test_the_sender_is_the_connection(device):
    """spec/core.md §9: the pump may not speak as the valve, whatever the topic's name is."""
    gauge, pump = device("gauge"), device("pump")
    gauge.subscribe("valve/+/level")
    pump.publish("valve/a/level", "forged", qos=1, reason=None if device.version == V311 else ANY)
    gauge.expect_nothing()


def test_13_a_half_finished_qos_2_message_meets_the_table_too(device, identities):
    """Checklist 13 (mosquitto 2.0.12): PUBREL on a new connection is no way around."""
    pump = device("pump")
    pump.subscribe("#", qos=2)
    keep = {"clean": False, **({"properties": {"session_expiry": 60}} if device.version == V5 else {})}
    valve = device("valve", **keep)
    valve.send(publish(device.version, "pump/state", "x", 2, 5))
    got = valve.receive()
    if got is not None and got.kind == PUBREC and got.reason < 0x80:
        valve.vanish()
        valve = device("valve", **keep)
        valve.send(ack(PUBREL, 5))
        valve.expect(PUBCOMP, id=5)
    pump.expect_nothing()


def test_a_will_meets_the_table(device):
    """spec/core.md §9: a will is a message of that device."""
    pump = device("pump")
    pump.subscribe("#")
    device("valve", will=Will("pump/state", b"forged")).vanish()
    device("valve", will=Will("valve/state", b"gone")).vanish()
    pump.message("valve/state", "gone")
    pump.expect_nothing()


def test_13_nothing_retained_goes_past_the_table(device):
    """Checklist 13 (CVE-2018-12546)"""
    valve = device("valve")
    for topic in ("valve/a/level", "pump/secret", "other"):
        valve.publish(topic, "x", qos=1, retain=True, reason=None if device.version == V311 else ANY)
    gauge = device("gauge")
    gauge.subscribe("#")
    gauge.settle()
    assert {p.topic for p in gauge._early} <= {"valve/a/level"}
    device("valve").publish("valve/a/level", "", qos=1, retain=True)


@pytest.mark.parametrize("pattern", ["$share/g/valve/state", "$share/g/other", "$share/g/#"])
def test_a_share_meets_the_table(device, pattern):
    """Checklist 13: a shared filter is judged as the filter in it, or not offered at all."""
    if device.version == V311:
        return
    gauge, valve = device("gauge"), device("valve")
    got = gauge.subscribe(pattern)
    if got.reasons[0] < 0x80:
        valve.publish("valve/state", "x", qos=1, reason=ANY)
        gauge.expect_nothing()


def test_8_the_newer_connection_of_a_device_wins(device):
    """[MQTT-3.1.4-2] (3.1.1), [MQTT-3.1.4-3] (5.0)"""
    older = device("valve")
    newer = device("valve")
    older.expect_closed(0x8E)
    newer.settle()


# --- The table changes ----------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V311, V5])
def test_13_a_right_that_was_taken_away_is_gone_with_what_waited(tmp_path, pki, identities, version):
    """Checklist 13 (CVE-2018-12546, CVE-2021-34434): a kept session does not keep the right."""
    file = write_group(tmp_path / "group.json", identities.values(), TABLE)
    with Broker(tmp_path / "broker", tls=pki, group=file, data=tmp_path / "data") as running:
        def connected(name, **arguments):
            one = running.wire(version, pki.context(identities[name]))
            one.connect(name, **arguments)
            return one

        keep = {"clean": False, **({"properties": {"session_expiry": 600}} if version == V5 else {})}
        with connected("pump", **keep) as pump:
            pump.subscribe("valve/state", "valve/all/#", qos=1)
            pump.disconnect()
        with connected("valve") as valve:
            valve.publish("valve/state", "secret", qos=1)
            valve.publish("valve/all/x", "allowed", qos=1)
        write_group(file, identities.values(), [row for row in TABLE if row[2] != "valve/state"])
        running.restart()
        with connected("valve") as valve, connected("pump", **keep) as pump:
            valve.send(publish(version, "valve/state", "secret", 1, 1))
            valve.expect(PUBACK, id=1)
            pump.settle()
            assert {p.topic for p in pump._early} <= {"valve/all/x"}


def test_16_a_device_that_was_taken_away_is_refused(tmp_path, pki, identities):
    """spec/core.md §11"""
    file = write_group(tmp_path / "group.json", identities.values(), TABLE)
    with Broker(tmp_path / "broker", tls=pki, group=file) as running:
        with running.wire(V311, pki.context(identities["valve"])) as one:
            one.connect("valve")
        write_group(file, [identities["pump"]], [])
        running.restart()
        assert handshake_fails(running, pki.context(identities["valve"]))
        with running.wire(V311, pki.context(identities["pump"])) as one:
            one.connect("pump")


# --- Profile v1 -----------------------------------------------------------------------------------


def test_profile_v1_delivers_at_qos_0(tmp_path, pki, identities):
    """spec/core.md §9: any local delivery is one attempt without acknowledgement."""
    file = write_group(tmp_path / "group.json", identities.values(), TABLE)
    with Broker(tmp_path / "broker", "--profile", "v1", tls=pki, group=file) as running:
        with running.wire(V311, pki.context(identities["pump"])) as pump:
            pump.connect("pump")
            assert pump.subscribe("valve/state", qos=1).reasons == [1]
            with running.wire(V311, pki.context(identities["valve"])) as valve:
                valve.connect("valve")
                valve.publish("valve/state", "x", qos=1, retain=True)
            pump.message("valve/state", "x", qos=0, retain=False)
            pump.subscribe("valve/state")
            pump.expect_nothing()  # retained messages were not V1's
