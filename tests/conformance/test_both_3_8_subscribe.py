"""3.8 to 3.11: SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, as both versions have them."""

import pytest

from harness.mqtt_packets import (
    PUBLISH, SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE, V5, frame, publish, subscribe, text,
    unsubscribe,
)  # fmt: skip


def head(version):
    return b"\0\1" + (b"\0" if version == V5 else b"")


# --- SUBSCRIBE ------------------------------------------------------------------------------------


def test_a_subscribe_of_nothing_ends_the_connection(client):
    """3.1.1 [MQTT-3.8.3-3]; 5.0 [MQTT-3.8.3-2]"""
    one = client()
    one.send(frame(SUBSCRIBE, 2, head(client.version)))
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("qos", [3])
def test_qos_3_ends_the_connection(client, qos):
    """3.1.1 [MQTT-3.8.3-4]; 5.0 3.8.3.1"""
    one = client()
    one.send(subscribe(client.version, 1, [("a", qos)]))
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("bits", [0x40, 0x80, 0xC0])
def test_reserved_option_bits_end_the_connection(client, bits):
    """3.1.1 [MQTT-3.8.3-4]; 5.0 [MQTT-3.8.3-5]"""
    one = client()
    one.send(subscribe(client.version, 1, [("a", bits)]))
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("bits", [0x04, 0x08, 0x10, 0x20, 0xFC])
def test_5_0s_option_bits_are_reserved_in_3_1_1(v3, bits):
    """[MQTT-3.8.3-4]"""
    one = v3()
    one.send(subscribe(4, 1, [("a", bits)]))
    one.expect_closed()


def test_a_subscribe_cut_at_any_byte_ends_the_connection(client):
    """3.1.1 and 5.0 3.8.3: an options byte that is missing too (nanomq #2268)."""
    whole = subscribe(client.version, 1, [("topic", 0), ("other", 0)])
    one_filter = len(subscribe(client.version, 1, [("topic", 0)])) - 2
    for length in range(len(whole) - 2):
        if length == one_filter:
            continue
        one = client()
        one.send(frame(SUBSCRIBE, 2, whole[2 : 2 + length]))
        one.expect_closed(0x81, 0x82, 0x8F)


@pytest.mark.parametrize(
    "bad", ["", "a/#/b", "#/a", "a#", "a/b#", "##", "a/##", "a+", "+a", "a/+b/c", "a/b+", "++"]
)
def test_a_malformed_filter_is_refused(client, bad):
    """3.1.1 [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.3-1]; 5.0 the same: the connection ends, or 5.0 says 0x8F."""
    one = client()
    one.send(subscribe(client.version, 1, [(bad, 0)]))
    got = one.receive()
    if got is None:
        return
    assert client.version == V5, f"{got} came; the connection should end"
    if got.kind == SUBACK:
        assert got.reasons == [0x8F], got
    else:
        assert got.reason in (0x81, 0x82, 0x8F) and one.receive() is None, got


@pytest.mark.parametrize("count", [1, 2, 10, 50])
def test_suback_answers_each_filter_in_order(client, topic, count):
    """3.1.1 [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1];
    5.0 [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.9.3-1]"""
    one = client()
    id = 0x1234
    one.send(subscribe(client.version, id, [(f"{topic}/{n}", n % 3) for n in range(count)]))
    one.expect(SUBACK, id=id, reasons=[n % 3 for n in range(count)])


@pytest.mark.parametrize("again", [0, 1, 2])
def test_the_same_filter_again_replaces_the_subscription(client, topic, again):
    """3.1.1 [MQTT-3.8.4-3]; 5.0 [MQTT-3.8.4-3]: one copy, at the new QoS."""
    one, sender = client(), client()
    one.subscribe(topic, qos=1)
    assert one.subscribe(topic, qos=again).reasons == [again]
    sender.publish(topic, "x", qos=2)
    one.message(topic, "x", qos=again)
    one.expect_nothing()


def test_the_same_filter_twice_in_one_packet_counts_once(client, topic):
    """3.1.1 [MQTT-3.8.4-4], 5.0 [MQTT-3.8.4-5]: as if two packets had come; the last one stays."""
    one = client()
    assert one.subscribe((topic, 2), (topic, 0)).reasons == [2, 0]
    one.publish(topic, "x", qos=1)
    one.message(topic, "x", qos=0)
    one.expect_nothing()


def test_replacing_a_subscription_loses_no_message(client, topic):
    """3.1.1 [MQTT-3.8.4-3], 5.0 [MQTT-3.8.4-4]: the flow is not interrupted."""
    one, sender = client(), client()
    one.subscribe(topic, qos=1)
    for n in range(20):
        sender.send(publish(client.version, topic, str(n)))
        one.send(subscribe(client.version, 100 + n, [(topic, n % 2)]))
    sender.settle()
    one.settle()
    got = [p.payload for p in list(one._early) if p.kind == PUBLISH]
    assert got == [str(n).encode() for n in range(20)]


def test_a_subscription_takes_nothing_from_before(client, topic):
    """3.1.1 and 5.0 3.8.4"""
    one = client()
    one.publish(topic, "before", qos=2)
    one.subscribe(topic, qos=2)
    one.expect_nothing()


# --- UNSUBSCRIBE ----------------------------------------------------------------------------------


def test_an_unsubscribe_of_nothing_ends_the_connection(client):
    """[MQTT-3.10.3-2] of both"""
    one = client()
    one.send(frame(UNSUBSCRIBE, 2, head(client.version)))
    one.expect_closed(0x81, 0x82)


def test_an_unsubscribe_cut_at_any_byte_ends_the_connection(client):
    """3.1.1 and 5.0 3.10.3"""
    whole = unsubscribe(client.version, 1, ["topic", "other"])
    one_filter = len(unsubscribe(client.version, 1, ["topic"])) - 2
    for length in range(len(whole) - 2):
        if length == one_filter:
            continue
        one = client()
        one.send(frame(UNSUBSCRIBE, 2, whole[2 : 2 + length]))
        one.expect_closed(0x81, 0x82, 0x8F)


def test_unsubscribe_stops_new_messages(client, topic):
    """3.1.1 [MQTT-3.10.4-2] [MQTT-3.10.4-4]; 5.0 [MQTT-3.10.4-1] [MQTT-3.10.4-4]"""
    one, sender = client(), client()
    one.subscribe(topic, qos=1)
    one.unsubscribe(topic)
    sender.publish(topic, "x", qos=1)
    one.expect_nothing()


@pytest.mark.parametrize(
    "other", ["{0}/a", "{0}/+", "{0}/#", "+/b", "{0}/B", "{0}/b/", "/{0}/b"]
)
def test_unsubscribe_compares_character_by_character(client, topic, other):
    """3.1.1 [MQTT-3.10.4-1]; 5.0 [MQTT-3.10.4-1]: a filter that matches the same is another one."""
    one = client()
    one.subscribe(f"{topic}/b")
    one.unsubscribe(other.format(topic))
    one.publish(f"{topic}/b", "x")
    one.message(f"{topic}/b", "x")


def test_unsubscribe_leaves_the_overlapping_one(client, topic):
    """3.1.1 [MQTT-3.10.4-1], 5.0 [MQTT-3.10.4-1]"""
    one = client()
    one.subscribe(f"{topic}/#", f"{topic}/b", qos=1)
    one.unsubscribe(f"{topic}/#")
    one.publish(f"{topic}/b", "x", qos=1)
    one.message(f"{topic}/b", "x")
    one.publish(f"{topic}/c", "x", qos=1)
    one.expect_nothing()


def test_unsuback_answers_even_what_matches_nothing(client, topic):
    """3.1.1 [MQTT-3.10.4-5]; 5.0 [MQTT-3.10.4-5]"""
    one = client()
    one.send(unsubscribe(client.version, 0x4321, [topic]))
    one.expect(UNSUBACK, id=0x4321, reasons=[0x11] if client.version == V5 else [])


def test_unsubscribe_of_several(client, topic):
    """3.1.1 [MQTT-3.10.4-6]; 5.0 [MQTT-3.10.4-6] [MQTT-3.11.3-1]: one UNSUBACK for all."""
    one = client()
    names = [f"{topic}/{n}" for n in range(3)]
    one.subscribe(*names)
    got = one.unsubscribe(names[0], "never", names[2])
    assert got.reasons == ([0, 0x11, 0] if client.version == V5 else [])
    for name in names:
        one.publish(name, name)
    one.message(names[1])
    one.expect_nothing()


@pytest.mark.parametrize("qos", [1, 2])
def test_a_delivery_that_has_begun_is_completed(client, topic, qos):
    """3.1.1 [MQTT-3.10.4-3]; 5.0 [MQTT-3.10.4-3]"""
    one, sender = client(), client()
    one.subscribe(topic, qos=qos)
    sender.publish(topic, "x", qos=qos)
    got = one.expect(PUBLISH, payload="x")
    one.unsubscribe(topic)
    one.acknowledge(got)  # expects PUBREL at QoS 2
    one.expect_nothing()


def test_an_unsubscribed_filter_stays_so_in_a_kept_session(client, topic, name):
    """3.1.1 [MQTT-3.10.4-2], 5.0 [MQTT-3.10.4-1]"""
    one = client.kept(name)
    one.subscribe(topic, qos=1)
    one.unsubscribe(topic)
    one.disconnect()
    client().publish(topic, "x", qos=1)
    client.kept(name).expect_nothing()


@pytest.mark.parametrize("bad", ["", "a/#/b", "a+"])
def test_unsubscribing_from_a_malformed_filter_is_refused(client, bad):
    """[MQTT-4.7.3-1] [MQTT-4.7.1-2] of both: the connection ends, or it is a filter that nobody has."""
    one = client()
    one.send(frame(UNSUBSCRIBE, 2, head(client.version) + text(bad)))
    got = one.receive()
    if got is not None and got.kind == UNSUBACK:
        assert bad, "an empty filter is a protocol violation"
        assert client.version < V5 or got.reasons[0] in (0x11, 0x8F)
