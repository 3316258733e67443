"""3.1.1 and 5.0 clients at one server: each gets the other's messages in its own form."""

import pytest

from harness.mqtt_packets import PUBACK, PUBREC, V5, Will, options, publish

ALL = {
    "payload_format": 1, "message_expiry": 1000, "content_type": "a", "response_topic": "b",
    "correlation_data": b"c", "user_property": ("d", "e"),
}  # fmt: skip


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_3_1_1_subscriber_gets_a_5_0_message(v3, v5, topic, qos):
    one = v3()
    one.subscribe(topic, qos=qos)
    v5().publish(topic, "x", qos=qos, properties=ALL)
    one.message(topic, "x", qos=qos)  # whose bytes are read as 3.1.1: nothing of the properties is in them
    one.expect_nothing()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_5_0_subscriber_gets_a_3_1_1_message(v3, v5, topic, qos):
    one = v5()
    one.subscribe(topic, qos=qos)
    v3().publish(topic, "x", qos=qos)
    one.message(topic, "x", qos=qos, properties=[])
    one.expect_nothing()


def test_retained_messages_cross_over(v3, v5, topic):
    v5().publish(f"{topic}/5", "5", qos=1, retain=True, properties=ALL)
    v3().publish(f"{topic}/3", "3", qos=1, retain=True)
    for one in (v3(), v5()):
        one.subscribe(f"{topic}/+", qos=1)
        assert {one.message(retain=True).payload for _ in range(2)} == {b"3", b"5"}


def test_an_aliased_topic_is_whole_for_3_1_1(v3, v5, topic):
    one, sender = v3(), v5()
    one.subscribe(topic)
    sender.publish(topic, "1", properties={"topic_alias": 1})
    sender.publish("", "2", properties={"topic_alias": 1})
    one.message(topic, "1")
    one.message(topic, "2")


def test_wills_cross_over(v3, v5, topic):
    old, new = v3(), v5()
    old.subscribe(topic, qos=1)
    new.subscribe(topic, qos=1)
    v5(will=Will(topic, b"5", 1, properties={"user_property": ("k", "v")})).vanish()
    old.message(topic, "5")
    new.message(topic, "5", properties={"user_property": ("k", "v")})
    v3(will=Will(topic, b"3", 1)).vanish()
    old.message(topic, "3")
    new.message(topic, "3", properties=[])


def test_messages_wait_for_the_other_version(v3, v5, topic, name):
    for clients, other in ((v3, v5), (v5, v3)):
        one = clients.kept(f"{name}{clients.version}")
        one.subscribe(topic, qos=2)
        one.disconnect()
    for sender in (v3(), v5()):
        for qos in (1, 2):
            sender.publish(topic, f"{sender.version}{qos}", qos=qos)
    for clients in (v3, v5):
        one = clients.kept(f"{name}{clients.version}")
        for payload in ("41", "42", "51", "52"):
            one.message(topic, payload, qos=int(payload[1]))


def test_the_options_of_5_0_do_not_touch_3_1_1(v3, v5, topic):
    old, new = v3(), v5()
    old.subscribe(topic, qos=1)
    new.subscribe((topic, options(1, no_local=True, retain_as_published=True)))
    new.publish(topic, "x", qos=1, retain=True)
    old.message(topic, "x", retain=False)
    new.expect_nothing()
    old.publish(topic, "y", qos=1, retain=True)
    old.message(topic, "y", retain=False)
    new.message(topic, "y", retain=True)


def test_acknowledgements_have_each_versions_form(v3, v5, topic):
    """3.1.1: two bytes [3.4.2]; 5.0 may add its own."""
    old, new = v3(), v5()
    old.send(publish(4, topic, "x", 1, 1), publish(4, topic, "x", 2, 2))
    assert old._exactly(8) == b"\x40\x02\0\1\x50\x02\0\2"
    new.send(publish(V5, topic, "x", 1, 1), publish(V5, topic, "x", 2, 2))
    new.expect(PUBACK, id=1)
    new.expect(PUBREC, id=2)


def test_many_of_both_at_once(v3, v5, topic):
    clients = [v3() if n % 2 else v5() for n in range(20)]
    for one in clients:
        one.subscribe(topic, qos=1)
    for n, one in enumerate(clients):
        one.publish(topic, str(n), qos=1)
    for one in clients:
        for n in range(20):
            one.message(topic, str(n), qos=1)
