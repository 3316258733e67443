"""3.3 PUBLISH: retained messages, DUP, QoS and who gets what, as both versions have it."""

import pytest

from harness.mqtt_packets import (
    PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, V5, ack, frame, publish, subscribe, text,
)  # fmt: skip


@pytest.mark.parametrize("dup", [0, 8])
@pytest.mark.parametrize("retain", [0, 1])
def test_qos_3_ends_the_connection(client, dup, retain):
    """[MQTT-3.3.1-4] of both"""
    one = client()
    one.send(frame(PUBLISH, 6 | dup | retain, text("t") + b"\0\1\0x"))
    one.expect_closed(0x81, 0x82)


@pytest.mark.mosquitto_deviates("takes DUP at QoS 0")
def test_dup_at_qos_0_ends_the_connection(client, topic):
    """[MQTT-3.3.1-2] of both: DUP must be 0; what breaks the rule is a protocol error [MQTT-4.8.0-1]."""
    one = client()
    one.send(publish(client.version, topic, "x", dup=True))
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("wild", ["#", "+", "a/+", "a/#", "a/+/b", "a+", "a#b", "/+"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_wildcard_in_a_topic_name_ends_the_connection(client, wild, qos):
    """[MQTT-3.3.2-2] [MQTT-4.7.1-1] of both"""
    one = client()
    one.send(publish(client.version, wild, "x", qos, 1 if qos else None))
    one.expect_closed(0x81, 0x82, 0x90)


def test_an_empty_topic_name_ends_the_connection(client):
    """[MQTT-4.7.3-1] of both (CVE-2021-34432)"""
    one = client()
    one.send(publish(client.version, "", "x"))
    one.expect_closed(0x81, 0x82, 0x90)


@pytest.mark.parametrize("published", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_delivery_is_at_the_lower_qos(client, topic, published, granted):
    """3.1.1 [MQTT-3.8.4-6], 5.0 [MQTT-3.8.4-8]"""
    one, sender = client(), client()
    assert one.subscribe(topic, qos=granted).reasons == [granted]
    sender.publish(topic, "x", qos=published)
    one.message(topic, "x", qos=min(published, granted), dup=False, retain=False)
    one.expect_nothing()


def test_dup_is_not_handed_on(client, topic):
    """[MQTT-3.3.1-3] of both"""
    one, sender = client(), client()
    one.subscribe(topic, qos=2)
    sender.send(publish(client.version, topic, "1", 1, 1, dup=True))
    sender.expect(PUBACK, id=1)
    sender.send(publish(client.version, topic, "2", 2, 2, dup=True))
    sender.expect(PUBREC, id=2)
    sender.send(ack(PUBREL, 2))
    sender.expect(PUBCOMP, id=2)
    one.message(topic, "1", dup=False)
    one.message(topic, "2", dup=False)


@pytest.mark.parametrize("payload", [b"", b"\x00", bytes(range(256)), b"x" * 100_000],
                         ids=["none", "zero", "all-bytes", "100-kB"])  # fmt: skip
def test_the_payload_is_any_bytes(client, topic, payload):
    """3.1.1 3.3.3, 5.0 3.3.3: none is valid too."""
    one = client()
    one.subscribe(topic, qos=1)
    one.publish(topic, payload, qos=1)
    one.message(topic, payload)


@pytest.mark.mosquitto_deviates("takes the QoS of the filter that it finds first", only="v311")
def test_overlapping_subscriptions_have_the_highest_qos(client, topic):
    """3.1.1 [MQTT-3.3.5-1]; 5.0 [MQTT-3.3.4-2]: one copy, or one for each."""
    one, sender = client(), client()
    one.subscribe((f"{topic}/#", 0), (f"{topic}/+", 2), (f"{topic}/a", 1))
    sender.publish(f"{topic}/a", "x", qos=2)
    levels = []
    one.settle()
    while one._early:
        got = one.receive()
        if got.kind == PUBLISH:
            levels.append(got.qos)
            assert got.topic == f"{topic}/a"
    assert levels == [2] or sorted(levels) == [0, 1, 2]


def test_each_subscriber_gets_its_copy(client, topic):
    """3.1.1 and 5.0 3.3.5, 4.1"""
    many, sender = [client() for _ in range(20)], client()
    for n, one in enumerate(many):
        one.subscribe(topic, qos=n % 3)
    sender.publish(topic, "x", qos=2)
    for n, one in enumerate(many):
        one.message(topic, "x", qos=n % 3)
        one.expect_nothing()


def test_a_subscribers_topic_name_matches_its_filter(client, topic):
    """[MQTT-3.3.2-3] of both"""
    one = client()
    one.subscribe(f"{topic}/+/c")
    for name in ("a", "a/b", "a/b/c/d", "a/c", "/c"):
        one.publish(f"{topic}/{name}", name)
    one.message(f"{topic}/a/c")
    one.message(f"{topic}//c")
    one.expect_nothing()


def test_nobody_subscribed_is_no_error(client, topic):
    """3.1.1 and 5.0 3.3.5: 5.0 may say 0x10."""
    one = client()
    for qos in (0, 1, 2):
        one.publish(topic, "x", qos=qos)
    one.expect_nothing()


# --- Retained messages ----------------------------------------------------------------------------


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_retained_message_meets_new_subscribers(client, topic, qos):
    """3.1.1 [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-8]; 5.0 [MQTT-3.3.1-5] [MQTT-3.3.1-9]"""
    client().publish(topic, "x", qos=qos, retain=True)
    one = client()
    one.subscribe(topic, qos=2)
    one.message(topic, "x", qos=qos, retain=True, dup=False)
    one.expect_nothing()


def test_an_established_subscription_sees_no_retain_flag(client, topic):
    """3.1.1 [MQTT-3.3.1-9]; 5.0 [MQTT-3.3.1-12]"""
    one, sender = client(), client()
    one.subscribe(topic, qos=1)
    sender.publish(topic, "x", qos=1, retain=True)
    one.message(topic, "x", retain=False)
    one.expect_nothing()


@pytest.mark.parametrize("second_qos", [0, 1])
def test_the_last_retained_message_replaces_the_one_before(client, topic, second_qos):
    """3.1.1 [MQTT-3.3.1-5] [MQTT-3.3.1-7]; 5.0 [MQTT-3.3.1-5]"""
    sender = client()
    sender.publish(topic, "old", qos=1, retain=True)
    sender.publish(topic, "new", qos=second_qos, retain=True)
    one = client()
    one.subscribe(topic, qos=1)
    one.message(topic, "new", qos=second_qos, retain=True)
    one.expect_nothing()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_an_empty_payload_takes_the_retained_message_away(client, topic, qos):
    """3.1.1 [MQTT-3.3.1-10] [MQTT-3.3.1-11]; 5.0 [MQTT-3.3.1-6] [MQTT-3.3.1-7]: and is delivered as usual."""
    watcher, sender = client(), client()
    sender.publish(topic, "x", qos=1, retain=True)
    watcher.subscribe(topic, qos=2)
    watcher.message(topic, "x", retain=True)
    sender.publish(topic, "", qos=qos, retain=True)
    watcher.message(topic, "", retain=False)
    later = client()
    later.subscribe(topic)
    later.expect_nothing()


def test_a_message_without_the_flag_leaves_the_retained_one(client, topic):
    """3.1.1 [MQTT-3.3.1-12]; 5.0 [MQTT-3.3.1-8]"""
    sender = client()
    sender.publish(topic, "kept", qos=1, retain=True)
    sender.publish(topic, "passing", qos=1)
    sender.publish(topic, "", qos=1)
    one = client()
    one.subscribe(topic)
    one.message(topic, "kept", retain=True)
    one.expect_nothing()


def test_retained_messages_outlive_their_publisher(client, topic, name):
    """3.1.1 [MQTT-3.1.2-7]; 5.0 4.1: they are not part of a session."""
    sender = client(name)
    sender.publish(topic, "x", qos=1, retain=True)
    sender.disconnect()
    client(name).disconnect()
    one = client()
    one.subscribe(topic)
    one.message(topic, "x", retain=True)


def test_a_wildcard_gets_every_retained_message_below(client, topic):
    """3.1.1 [MQTT-3.3.1-6]; 5.0 [MQTT-3.3.1-9]"""
    sender = client()
    names = {f"{topic}", f"{topic}/a", f"{topic}/a/b", f"{topic}/c", f"{topic}//d"}
    for name in names:
        sender.publish(name, name, qos=1, retain=True)
    for pattern, wanted in (
        (f"{topic}/#", names),
        (f"{topic}/+", {f"{topic}/a", f"{topic}/c"}),
        (f"{topic}/+/b", {f"{topic}/a/b"}),
        (f"{topic}/+/#", names - {topic}),
        ("+/a/b", {f"{topic}/a/b"}),
    ):
        one = client()
        one.subscribe(pattern)
        one.settle()
        got = {one.receive().topic for _ in list(one._early)}
        assert {name for name in got if name.startswith(topic)} == wanted, pattern


def test_subscribing_again_sends_retained_messages_again(client, topic):
    """3.1.1 [MQTT-3.8.4-3]; 5.0 [MQTT-3.8.4-4]"""
    one = client()
    one.publish(topic, "x", qos=1, retain=True)
    for qos in (1, 0, 1):
        one.subscribe(topic, qos=qos)
        one.message(topic, "x", retain=True, qos=qos)
    one.expect_nothing()


def test_a_kept_session_does_not_get_them_when_it_comes_back(client, topic, name):
    """3.1.1 3.3.1.3, 5.0 [MQTT-3.3.1-9]: only a SUBSCRIBE asks for them."""
    one = client.kept(name)
    one.publish(topic, "x", qos=1, retain=True)
    one.subscribe(topic, qos=1)
    one.message(topic, "x", retain=True)
    one.disconnect()
    client.kept(name).expect_nothing()


# --- Malformed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_publish_cut_before_its_payload_ends_the_connection(client, qos):
    """3.1.1 and 5.0 3.3.2: at every byte of the variable header."""
    whole = publish(client.version, "topic", b"", qos, 1 if qos else None)
    for length in range(len(whole) - 2):
        one = client()
        one.send(frame(PUBLISH, qos << 1, whole[2 : 2 + length]))
        one.expect_closed(0x81, 0x82, 0x90)


def test_a_topic_longer_than_the_packet_ends_the_connection(client):
    """3.1.1 and 5.0 3.3.2.1"""
    one = client()
    one.send(frame(PUBLISH, 0, b"\xff\xfftopic"))
    one.expect_closed(0x81, 0x82, 0x90)


def test_a_messages_id_says_nothing_at_qos_0(client, topic):
    """3.1.1 [MQTT-2.3.1-5]; 5.0 [MQTT-2.2.1-2]: two bytes there are payload (or properties' length)."""
    one = client()
    one.send(subscribe(client.version, 1, [(topic, 0)]))
    one.expect(SUBACK)
    filler = b"\0" if client.version == V5 else b""
    one.send(frame(PUBLISH, 0, text(topic) + filler + b"\0\1payload"))
    one.message(topic, b"\0\1payload", qos=0)
