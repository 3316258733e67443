"""Faults that others' brokers had, one test or more for each line; README.md says which line is tested where else.

Lines 17 and 18 are in test_bug_checklist_resources.py.
"""

import errno
import ssl
import threading

import pytest

from harness import testbed
from harness.mqtt_packets import (
    V5, V311, Will, WireClient, ack, auth, connect, disconnect, frame, one_property, pingreq, publish,
    subscribe, text, unsubscribe, varint,
)  # fmt: skip
from harness.processes import Process
from harness.testbed import Broker, Clients, write_group

VERSIONS = pytest.mark.parametrize("version", [V311, V5], ids=["v311", "v5"])
MB = 1024  # in the kilobytes of memory_kb()

USER = {"user_property": ("key", "value")}


def samples(version):
    """One good packet of each type that a client sends, as full of fields as it can be."""
    said = USER if version == V5 else None
    will = Will("w", b"gone", 2, True, {"will_delay": 5, "content_type": "a", **USER} if said else None)
    more = (0, USER) if said else ()
    expiry = {"session_expiry": 9, **USER} if said else None
    return {
        "CONNECT": connect(version, "cut", will=will, user="u", password="p", properties=expiry),
        "PUBLISH 0": publish(version, "topic", "payload", properties=said),
        "PUBLISH 1": publish(version, "topic", "payload", 1, 1, properties=said),
        "PUBLISH 2": publish(version, "topic", "payload", 2, 1, properties=said),
        "PUBACK": ack(4, 1, *more),
        "PUBREC": ack(5, 1, *more),
        "PUBREL": ack(6, 1, *more),
        "PUBCOMP": ack(7, 1, *more),
        "SUBSCRIBE": subscribe(version, 1, [("topic", 1), ("other/#", 2)], said),
        "UNSUBSCRIBE": unsubscribe(version, 1, ["topic", "other/#"], said),
        "PINGREQ": pingreq(),
        "DISCONNECT": disconnect(0, USER) if said else disconnect(),
        **({"AUTH": auth(0x18, {"auth_method": "x", **USER})} if said else {}),
    }


KINDS = list(samples(V5))


@pytest.mark.parametrize("kind", KINDS)
def test_1_a_packet_cut_at_every_byte(client, kind):
    """Checklist 1: shortened with a length to match, and broken off with the length as it was."""
    packet = samples(client.version).get(kind)
    if packet is None:
        return
    assert packet[1] < 128
    for length in range(len(packet) - 1):
        for cut in (frame(packet[0] >> 4, packet[0] & 15, packet[2 : 2 + length]), packet[: 1 + length]):
            one = client.raw() if kind == "CONNECT" else client()
            one.send(cut)
            one.vanish()
    client().settle()


@pytest.mark.parametrize("kind", KINDS)
def test_1_every_byte_of_a_packet_flipped(client, kind):
    """Checklist 1: each byte of a good packet as 0x00, 0xFF and with its high bit turned."""
    packet = samples(client.version).get(kind, b"")
    for at in range(1, len(packet)):
        for value in (0x00, 0xFF, packet[at] ^ 0x80):
            one = client.raw() if kind == "CONNECT" else client()
            one.send(packet[:at] + bytes([value]) + packet[at + 1 :])
            one.vanish()
    client().settle()


@pytest.mark.parametrize("first", [0x10, 0x30, 0x32, 0x82, 0xA2, 0x40, 0xE0, 0xF0])
@pytest.mark.parametrize("before_connect", [True, False])
def test_2_a_huge_length_costs_nothing(broker, client, first, before_connect):
    """Checklist 2 (CVE-2017-7651, CVE-2023-0809): 256 MB announced by 50 connections, and not sent."""
    before = broker.memory_kb()
    many = [client.raw() if before_connect else client() for _ in range(50)]
    for one in many:
        one.send(bytes([first]) + b"\xff\xff\xff\x7f" + b"\0" * 10)
    client().settle()
    assert broker.memory_kb() - before < 64 * MB
    for one in many:
        one.close()


@pytest.mark.parametrize("length", [b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x01", b"\xff\xff\xff\xff\xff"])
def test_2_a_length_of_five_bytes(client, length):
    """Checklist 2 (mongoose CVE-2019-19307): no endless loop, no wrap."""
    for one in (client.raw(), client()):
        one.send(b"\x10" + length + b"\0" * 100)
        one.expect_closed(0x81, 0x82, 0x95)


@pytest.mark.parametrize("inner", [0xFFFF, 0x8000, 300])
def test_2_lengths_within_that_pass_the_end(client, inner):
    """Checklist 2 (MQTT-C CVE-2026-54412): an inner length is never taken from the outer one unchecked."""
    size, empty = inner.to_bytes(2, "big"), b"\0" if client.version == V5 else b""
    head = text("MQTT") + bytes([client.version, 0xC6, 0, 0]) + empty
    for body in (size, head + size, head + text("c") + empty + size + b"w", text("MQTT")[:4] + size):
        one = client.raw()
        one.send(frame(1, 0, body))
        one.vanish()
    for packet in (frame(3, 0, size + b"t"), frame(8, 2, b"\0\1" + empty + size + b"t\0"),
                   frame(10, 2, b"\0\1" + empty + size + b"t")):  # fmt: skip
        one = client()
        one.send(packet)
        one.expect_closed()


@pytest.mark.parametrize("announced", [0x7F, 0x3FFF, 268_435_455])
def test_2_property_lengths_that_pass_the_end(v5, announced):
    """Checklist 2: the rest of the packet is shorter than its properties."""
    length = varint(announced)
    for packet in (
        frame(3, 0, text("t") + length + b"\x01\x01"),
        frame(8, 2, b"\0\1" + length + text("t") + b"\0"),
        frame(4, 0, b"\0\1\0" + length),
        frame(14, 0, b"\0" + length + b"\x11\0\0\0\x05"),
    ):
        one = v5()
        one.send(packet)
        one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("letter", ["/", "a/", "+/", "#/"])
@pytest.mark.parametrize("place", ["PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", "will", "retained"])
def test_3_a_topic_of_very_many_levels(client, letter, place):
    """Checklist 3 (CVE-2019-11779): 65,400 bytes of levels do not end the server."""
    deep = (letter * 65_400)[:65_400].rstrip("#") or "/"
    one = client.raw() if place == "will" else client()
    one.send({
        "PUBLISH": publish(client.version, deep, "x", 1, 1),
        "retained": publish(client.version, deep, "x", 1, 1, retain=True),
        "SUBSCRIBE": subscribe(client.version, 1, [(deep, 0)]),
        "UNSUBSCRIBE": unsubscribe(client.version, 1, [deep]),
        "will": connect(client.version, "deep", will=Will(deep, b"x")),
    }[place])  # fmt: skip
    one.receive()
    one.vanish()
    client().settle()


def test_3_the_deepest_filters_that_are_taken_do_not_slow_the_server_down(client, topic):
    """Checklist 3: many wildcards over many levels; a message is matched without trying every way."""
    one = client()
    for n in range(20):
        one.subscribe("/".join("+" if (level * 7 + n) % 3 else "a" for level in range(60)))
        one.subscribe("+/" * n + "#")
    for _ in range(50):
        client().publish("/".join("a" * 60), "x")


@pytest.mark.parametrize("bad", ["", "a\0b", b"\xff", "a/+", "#", "a/#/b", "a#"])
def test_4_a_bad_topic_name(client, bad):
    """Checklist 4 (CVE-2021-34432)"""
    one = client()
    one.send(publish(client.version, bad, "x"))
    one.expect_closed(0x81, 0x82, 0x90)


@pytest.mark.parametrize("name", ["$", "$a", "$SYS", "$SYS/x", "$SY", "$CONTROL/dynamic-security/v1", "$share",
                                  "$share/g", "$share/g/t", "$aws/things/x/shadow/update", "$$"])  # fmt: skip
def test_4_a_topic_name_that_begins_with_a_dollar(client, name):
    """Checklist 4 (CVE-2018-12543), 10 ($CONTROL): published by a client it is a message or refused, no crash."""
    for qos in (0, 1, 2):
        one = client()
        one.send(publish(client.version, name, b"{}", qos, 1 if qos else None, retain=True))
        one.vanish()
    cleaner = client()
    cleaner.send(publish(client.version, name, b"", 0, None, retain=True))
    cleaner.vanish()
    client().settle()


def test_5_bad_properties_do_not_leak(broker, v5):
    """Checklist 5 (CVE-2023-3592): thousands of CONNECTs whose properties or will are wrong."""
    large = b"".join(one_property("user_property", ("k" * 1000, "v" * 1000)) for _ in range(10))
    bad = [
        connect(V5, "leak", properties=large + b"\x7f"),
        connect(V5, "leak", will=Will("t", b"x" * 10_000, properties=large + b"\x7f")),
        connect(V5, "leak", will=Will("t/#", b"x" * 10_000, properties=large)),
        connect(V5, "leak", will=Will("t", b"x" * 10_000, properties=large))[:-1000],
    ]

    def round_():
        for packet in bad * 100:
            one = v5.raw()
            one.send(packet)
            one.vanish()

    round_()
    before = broker.memory_kb()
    round_()
    assert broker.memory_kb() - before < 8 * MB


@pytest.mark.parametrize("delay, expiry", [(0, 0), (60, 0), (0, 60), (60, 5), (5, 60), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_5_will_delay_against_session_expiry(v5, name, delay, expiry):
    """Checklist 5 (CVE-2019-11778): whichever ends first, through breaks, takeovers and clean starts."""
    will = Will("delayed/will", b"x", 1, True, {"will_delay": delay})
    for ending in ("vanish", "takeover", "disconnect", "clean", "error"):
        one = v5(name, clean=False, will=will, properties={"session_expiry": expiry})
        if ending == "vanish":
            one.vanish()
        elif ending == "disconnect":
            one.disconnect(4)
        elif ending == "clean":
            v5(name, clean=True).disconnect()
        elif ending == "error":
            one.send(b"\0\0")
            one.expect_closed()
    v5(name, clean=True).publish("delayed/will", "", qos=1, retain=True)


@VERSIONS
def test_6_qos_2_that_is_never_finished(broker, clients_of, version, topic):
    """Checklist 6 (CVE-2023-28366): ids without PUBREL have a limit, and go with their session."""
    clients = clients_of(broker, version)

    def abandon():
        for _ in range(5):
            one = clients()
            for id in range(1, 1500):
                one.send(publish(version, topic, b"x" * 200, 2, id))
            one.vanish()

    abandon()
    before = broker.memory_kb()
    for _ in range(3):
        abandon()
    assert broker.memory_kb() - before < 16 * MB


@VERSIONS
def test_6_qos_2_messages_that_are_never_released_do_not_pile_up_for_others(broker, clients_of, version, topic):
    """Checklist 6: a subscriber that answers PUBREC and stops there is bounded."""
    clients = clients_of(broker, version)
    one, sender = clients(), clients()
    one.subscribe(topic, qos=2)
    for n in range(50):
        sender.publish(topic, str(n), qos=2)
    one.settle()
    while one._early:
        got = one.receive()
        if got.kind == 3:
            one.send(ack(5, got.id))
    sender.settle()
    one.vanish()
    clients().settle()


@VERSIONS
def test_7_churn_of_clients_and_subscriptions(broker, clients_of, version, topic):
    """Checklist 7 (nanomq #2115, CVE-2025-59946, CVE-2024-8376): everything at once, with shared client ids."""
    failures = []

    def churn(seed):
        clients = Clients(broker, version)
        try:
            for n in range(60):
                one = clients.raw()
                one.send(
                    connect(version, f"churn{(seed + n) % 5}", clean=n % 3 > 0,
                            will=Will(f"{topic}/will", b"x", n % 3)),
                    subscribe(version, 1, [(f"{topic}/#", n % 3), (f"{topic}/{n % 4}", 1)]),
                    publish(version, f"{topic}/{n % 4}", b"x" * 100, n % 3, 7 if n % 3 else None),
                    unsubscribe(version, 2, [f"{topic}/#"]),
                )  # fmt: skip
                if n % 4 == 0:
                    one.send(disconnect())
                elif n % 4 == 1:
                    one.receive()
                one.close()
        except OSError as error:  # the test's own trouble is a failure of the test
            if error.errno not in (errno.ECONNRESET, errno.EPIPE):
                failures.append(error)

    threads = [threading.Thread(target=churn, args=(seed,)) for seed in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failures
    survivor = clients_of(broker, version)()
    survivor.subscribe(topic, qos=1)
    survivor.publish(topic, "x", qos=1)
    survivor.message(topic, "x")


@VERSIONS
def test_8_takeover_while_messages_flow(broker, clients_of, version, topic, name):
    """Checklist 8 (sol #17): nothing is lost, nothing goes to a stranger."""
    clients = clients_of(broker, version)
    reader = clients.kept(name)
    reader.subscribe(topic, qos=1)
    stranger, sender = clients(), clients()
    seen = set()
    for n in range(40):
        sender.publish(topic, str(n), qos=1)
        if n % 4 == 0:
            reader = clients.kept(name)
            assert reader.connack.session_present
        elif n % 4 == 2:
            got = reader.message(topic)
            seen.add(int(got.payload))
    reader.settle()
    for got in list(reader._early):
        seen.add(int(got.payload))
        reader.receive()
        reader.acknowledge(got)
    while len(seen) < 40:
        seen.add(int(reader.message(topic).payload))
    stranger.expect_nothing()


@pytest.mark.mosquitto_deviates("takes what only a server sends", only="SUBACK|UNSUBACK|PINGRESP")
@pytest.mark.parametrize("kind", ["CONNACK", "SUBACK", "UNSUBACK", "PINGRESP"])
def test_9_a_client_that_sends_a_servers_packets(client, kind):
    """Checklist 9 (CVE-2021-28166)"""
    empty = b"\0" if client.version == V5 else b""
    one = client()
    one.send({
        "CONNACK": frame(2, 0, b"\0\0" + empty),
        "SUBACK": frame(9, 0, b"\0\1" + empty + b"\0"),
        "UNSUBACK": frame(11, 0, b"\0\1" + empty + (b"\0" if empty else b"")),
        "PINGRESP": frame(13, 0),
    }[kind])  # fmt: skip
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "CONNECT"])
def test_9_a_packet_before_connect(client, kind):
    """Checklist 9"""
    packet = samples(client.version).get(kind)
    if packet is not None:
        one = client.raw()
        one.send(packet)
        assert one.everything() == b""


def test_9_a_second_connect(client):
    """Checklist 9: as another client too."""
    one = client()
    one.send(connect(client.version, "somebody", will=Will("t", b"x" * 1000)))
    one.expect_closed(0x82)


# --- Authentication and authorization: the table itself is in test_group_mode.py ---------------------


@pytest.mark.testbed_only("mosquitto knows no groups")
@pytest.mark.parametrize("content", [None, "", "# only a comment\n", "{", "[]", "null", "{}", '{"Devices": 1}',
                                     '{"Devices": [{}]}', "\x00" * 64])  # fmt: skip
def test_11_a_group_file_that_says_nothing_lets_nobody_in(tmp_path, pki, content):
    """Checklist 11 (CVE-2018-12550, CVE-2017-7652): the server does not start, or admits no client."""
    file = tmp_path / "group.json"
    if content is not None:
        file.write_text(content)
    running = Broker(tmp_path / "broker", tls=pki, group=file)
    try:
        running.start()
    except AssertionError:
        assert running.process.wait() > 0
        assert "group.json" in running.process.output, "the error names the file"
        return
    with running:
        try:
            with running.wire(V311) as one:
                one.send(connect(V311, "anyclient"))
                assert one.receive() is None
        except (ConnectionError, OSError):
            pass  # refused in the handshake


@pytest.mark.testbed_only("about the testbed's arguments")
@pytest.mark.parametrize("broken", ["cert", "key", "ca"])
@pytest.mark.parametrize("how", ["missing", "empty", "garbage"])
def test_11_broken_tls_files_do_not_open_the_server(tmp_path, pki, broken, how):
    """Checklist 11: fails closed, and says which file."""
    files = {"cert": pki.server.cert, "key": pki.server.key, "ca": pki.ca.cert}
    bad = tmp_path / f"{broken}.pem"
    if how != "missing":
        bad.write_text("" if how == "empty" else "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    files[broken] = bad
    with Process(
        testbed.PROGRAM, "--port", "0", "--open", "--cert", files["cert"], "--key", files["key"],
        "--ca", files["ca"],
    ) as process:  # fmt: skip
        try:
            port = process.wait_for_line(r'"port": ?(\d+)').group(1)
        except AssertionError:
            assert process.wait() > 0
            assert f"{broken}.pem" in process.output, "the error names the file"
            return
        try:
            with WireClient(("127.0.0.1", int(port)), V311, pki.context(pki.any_client)) as one:
                one.send(connect(V311, "anyclient"))
                assert one.receive() is None, "a client came in although the CA can't be read"
        except (ConnectionError, ssl.SSLError):
            pass  # refused in the handshake


@pytest.mark.parametrize("id", ["#", "+", "+/+", "$share/g/#", "a/#"])
def test_12_wildcards_in_a_client_id_widen_nothing(client, topic, id):
    """Checklist 12 (CVE-2017-7650): a session of `#` is one session (in a group it is refused at CONNECT)."""
    victim = client(f"victim{topic}")
    victim.subscribe(topic)
    one = client.raw()
    one.send(connect(client.version, id, user="+", password="#"))
    got = one.receive()
    if got is not None and got.reason == 0:
        one.settle()
        one.vanish()
    client().publish(topic, "x")
    victim.message(topic, "x")


@pytest.mark.testbed_only("mosquitto knows no groups")
@pytest.mark.parametrize("name", ["valve+", "a#b", "${iot:ClientId}", "*", "valve?"])
def test_12_letters_of_patterns_in_a_things_name_are_letters(tmp_path, pki, name):
    """Checklist 12: such a thing hears nothing of others."""
    odd, valve = pki.issue(name, file="odd"), pki.issue("valveX", file="valveX")
    file = write_group(tmp_path / "group.json", [odd, valve], [("valveX", "valveX", "own/#")])
    running = Broker(tmp_path / "broker", tls=pki, group=file)
    try:
        running.start()
    except AssertionError:
        assert running.process.wait() > 0  # refuses the name: as closed
        return
    with running:
        with running.wire(V311, pki.context(valve)) as one, running.wire(V311, pki.context(odd)) as other:
            one.connect("valveX")
            other.send(connect(V311, name))
            got = other.receive()
            if got is not None and got.reason == 0:
                assert other.subscribe("own/#").reasons == [0x80]
            one.subscribe("own/#")
            one.publish("own/a", "x", qos=1)
            one.message("own/a", "x")


@pytest.mark.testbed_only("mosquitto knows no groups")
@pytest.mark.parametrize("dates", [("20200101000000Z", "20200201000000Z"), ("20980101000000Z", "20990101000000Z")],
                         ids=["expired", "not-yet-valid"])  # fmt: skip
def test_16_a_certificate_out_of_its_time(tmp_path, pki, dates):
    """Checklist 16: never as another thing than its own. V1 admits by the exact certificate (spec/cloud.md §3), so
    that a clock at 1970 locks nobody out; being let in as itself and being refused are both allowed here."""
    old, good = pki.issue("olddevice", dates=dates), pki.issue("gooddevice")
    file = write_group(tmp_path / "group.json", [old, good], [])
    with Broker(tmp_path / "broker", tls=pki, group=file) as running:
        for client_id, codes in (("olddevice", (0, 2, 5)), ("gooddevice", (2, 5))):
            try:
                with running.wire(V311, pki.context(old)) as one:
                    one.send(connect(V311, client_id))
                    got = one.receive()
                    assert got is None or got.reason in codes
            except (ConnectionError, OSError):
                pass
        with running.wire(V311, pki.context(good)) as one:
            one.connect("gooddevice")
