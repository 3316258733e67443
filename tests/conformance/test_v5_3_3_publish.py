"""3.3 of 5.0: PUBLISH and its properties, topic aliases both ways; 3.4 to 3.7: acknowledgements."""

import pytest

from harness.mqtt_packets import (
    PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, V5, ack, publish,
)  # fmt: skip

ALL = [
    ("payload_format", 1),
    ("content_type", "text/plain; charset=utf-8"),
    ("response_topic", "answer/to/me"),
    ("correlation_data", bytes(range(256))),
    ("user_property", ("z", "1")),
    ("user_property", ("a", "2")),
    ("user_property", ("z", "1")),
    ("user_property", ("", "")),
    ("user_property", ("\u00e5", "\U0001f4a7")),
]


def passed_on(packet, said=ALL):
    """Each property arrived once, unchanged; user properties in their order."""
    user = [value for name, value in said if name == "user_property"]
    assert packet.all("user_property") == user
    rest = sorted(pair for pair in packet.properties if pair[0] != "user_property")
    assert rest == sorted(pair for pair in said if pair[0] != "user_property")
    return True


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_properties_are_passed_on(v5, topic, qos):
    """[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]"""
    one = v5()
    one.subscribe(topic, qos=qos)
    v5().publish(topic, "w\u00e5ter", qos=qos, properties=ALL)
    assert passed_on(one.message(topic, "w\u00e5ter"))


def test_properties_are_passed_on_when_retained(v5, topic):
    """The same, and 3.3.1.3"""
    v5().publish(topic, "x", qos=1, retain=True, properties=ALL)
    one = v5()
    one.subscribe(topic)
    assert passed_on(one.message(topic, "x", retain=True))


def test_properties_are_passed_on_to_who_was_away(v5, topic, name):
    """The same, and 4.1"""
    one = v5.kept(name)
    one.subscribe(topic, qos=2)
    one.disconnect()
    v5().publish(topic, "x", qos=2, properties=ALL)
    assert passed_on(v5.kept(name).message(topic, "x"))


def test_properties_are_passed_on_at_redelivery(v5, topic, name):
    """The same, and 4.4"""
    one = v5.kept(name)
    one.subscribe(topic, qos=1)
    v5().publish(topic, "x", qos=1, properties=ALL)
    one.expect(PUBLISH)
    one.vanish()
    assert passed_on(v5.kept(name).message(topic, "x", dup=True))


def test_what_was_not_said_is_not_added(v5, topic):
    """3.3.2.3"""
    one = v5()
    one.subscribe(topic)
    one.publish(topic, "x")
    one.message(topic, "x", properties=[])


@pytest.mark.parametrize("count", [1, 50])
def test_many_user_properties_keep_their_order(v5, topic, count):
    """[MQTT-3.3.2-17] [MQTT-3.3.2-18]"""
    said = [("user_property", (str(n * 7 % 13), str(n))) for n in range(count)]
    one = v5()
    one.subscribe(topic)
    one.publish(topic, "x", properties=said)
    one.message(topic, "x", properties=said)


@pytest.mark.parametrize("indicator", [0, 1])
def test_the_payload_format_is_passed_on(v5, topic, indicator):
    """[MQTT-3.3.2-4]: 0 says as much as none"""
    one = v5()
    one.subscribe(topic)
    one.publish(topic, "text", properties={"payload_format": indicator})
    assert one.message(topic).get("payload_format", 0) == indicator


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_payload_that_is_not_its_format_is_told_or_passed(v5, topic, qos):
    """3.3.2.3.2: a receiver may check, and answers 0x99 if it does."""
    watcher, one = v5(), v5()
    watcher.subscribe(topic)
    one.send(publish(V5, topic, b"\xff\xfe", qos, 1 if qos else None, properties={"payload_format": 1}))
    if qos:
        got = one.receive()
        assert got is None or got.reason in (0, 0x99), got
    v5().publish(topic, "marker")
    got = watcher.message()
    assert got.payload in (b"\xff\xfe", b"marker")


# --- Topic aliases, client to server --------------------------------------------------------------


@pytest.fixture
def most(v5):
    """The highest alias that the server takes."""
    highest = v5().connack.get("topic_alias_maximum", 0)
    if highest == 0:
        pytest.fail("the server takes no topic aliases at all")
    return highest


def alias(number):
    return {"topic_alias": number}


def test_an_alias_stands_for_its_topic(v5, topic, most):
    """3.3.2.3.4, [MQTT-3.3.2-12]: receivers see the topic, and nothing of the alias."""
    watcher, one = v5(), v5()
    watcher.subscribe(f"{topic}/#", qos=2)
    for number in {1, most}:
        for qos in (0, 1, 2):
            one.publish(f"{topic}/{number}", "a", qos=qos, properties=alias(number))
            one.publish("", "b", qos=qos, properties=alias(number))
            watcher.message(f"{topic}/{number}", "a", qos=qos, properties=[])
            watcher.message(f"{topic}/{number}", "b", qos=qos, properties=[])


def test_an_alias_may_be_given_anew(v5, topic, most):
    """3.3.2.3.4"""
    one = v5()
    one.subscribe(f"{topic}/#")
    one.publish(f"{topic}/a", "1", properties=alias(1))
    one.publish(f"{topic}/b", "2", properties=alias(1))
    one.publish("", "3", properties=alias(1))
    one.message(f"{topic}/a", "1")
    one.message(f"{topic}/b", "2")
    one.message(f"{topic}/b", "3")


def test_a_topic_may_have_two_aliases(v5, topic, most):
    """3.3.2.3.4"""
    if most < 2:
        pytest.skip("the server takes one alias only")
    one = v5()
    one.subscribe(topic)
    for number in (1, 2):
        one.publish(topic, "set", properties=alias(number))
        one.message(topic, "set")
    for number in (1, 2):
        one.publish("", "used", properties=alias(number))
        one.message(topic, "used")


def test_aliases_end_with_the_connection(v5, topic, name, most):
    """[MQTT-3.3.2-7]: also when the session goes on."""
    one = v5.kept(name)
    one.publish(topic, "x", properties=alias(1))
    one.disconnect()
    one = v5.kept(name)
    one.send(publish(V5, "", "y", properties=alias(1)))
    one.expect_closed(0x82, 0x94)


def test_aliases_of_two_clients_are_apart(v5, topic, most):
    """[MQTT-3.3.2-7]"""
    one, other, watcher = v5(), v5(), v5()
    watcher.subscribe(f"{topic}/#")
    one.publish(f"{topic}/one", "1", properties=alias(1))
    other.publish(f"{topic}/other", "2", properties=alias(1))
    one.publish("", "3", properties=alias(1))
    watcher.message(f"{topic}/one", "1")
    watcher.message(f"{topic}/other", "2")
    watcher.message(f"{topic}/one", "3")


def test_alias_0_is_an_error(v5, topic):
    """[MQTT-3.3.2-8]: 0x94"""
    one = v5()
    one.send(publish(V5, topic, "x", properties=alias(0)))
    one.expect_closed(0x94, 0x82, 0x81)


def test_an_alias_over_the_servers_maximum_is_an_error(v5, topic, most):
    """[MQTT-3.2.2-17] [MQTT-3.3.2-9]: 0x94"""
    one = v5()
    one.send(publish(V5, topic, "x", properties=alias(most + 1)))
    one.expect_closed(0x94)


def test_an_alias_that_was_never_given_is_an_error(v5, most):
    """3.3.2.3.4: 0x82"""
    one = v5()
    one.send(publish(V5, "", "x", properties=alias(1)))
    one.expect_closed(0x82, 0x94)


def test_no_topic_and_no_alias_is_an_error(v5):
    """3.3.2.1: 0x82"""
    one = v5()
    one.send(publish(V5, "", "x"))
    one.expect_closed(0x81, 0x82, 0x90)


def test_the_servers_maximum_is_what_it_was_told(limited, clients_of, topic):
    """[MQTT-3.2.2-17] [MQTT-3.2.2-18]"""
    v5 = clients_of(limited("--topic-alias-maximum", 3), V5)
    one = v5()
    assert one.connack.get("topic_alias_maximum") == 3
    one.publish(topic, "x", properties=alias(3))
    one.send(publish(V5, topic, "x", properties=alias(4)))
    one.expect_closed(0x94)


def test_a_maximum_of_0_is_none(limited, clients_of, topic):
    """[MQTT-3.2.2-18]: then no alias is allowed."""
    one = clients_of(limited("--topic-alias-maximum", 0), V5)()
    assert one.connack.get("topic_alias_maximum", 0) == 0
    one.send(publish(V5, topic, "x", properties=alias(1)))
    one.expect_closed(0x94, 0x82)


# --- Topic aliases, server to client --------------------------------------------------------------


def resolve(known, packet, maximum):
    """The topic of a PUBLISH as a client understands it."""
    number = packet.get("topic_alias")
    if number is None:
        assert packet.topic, "neither topic nor alias"
        return packet.topic
    assert 1 <= number <= maximum, f"{packet}: the client takes {maximum}"
    if packet.topic:
        known[number] = packet.topic
    assert number in known, f"{packet}: the alias was never given"
    return known[number]


@pytest.mark.parametrize("maximum", [0, 1, 2, 5, 65_535])
def test_the_server_keeps_to_the_clients_maximum(v5, topic, maximum):
    """[MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-10] [MQTT-3.3.2-11]"""
    one, sender = v5(properties={"topic_alias_maximum": maximum}), v5()
    one.subscribe(f"{topic}/#", qos=1)
    known = {}
    names = [f"{topic}/{n}" for n in (0, 1, 2, 0, 0, 1, 3, 4, 5, 6, 0, 6, 6)]
    for name in names:
        sender.publish(name, name, qos=1)
    for name in names:
        got = one.message(payload=name)
        assert resolve(known, got, maximum) == name


def test_the_server_uses_no_alias_unasked(v5, topic):
    """[MQTT-3.1.2-27]"""
    one = v5()
    one.subscribe(topic)
    for _ in range(3):
        one.publish(topic, "x")
        one.message(topic, "x", properties=[])


def test_the_servers_aliases_end_with_the_connection(v5, topic, name):
    """[MQTT-3.3.2-7]: a redelivered message has its topic again."""
    asked = {"topic_alias_maximum": 10}
    one = v5.kept(name, properties=asked)
    one.subscribe(topic, qos=1)
    sender = v5()
    for n in range(3):
        sender.publish(topic, str(n), qos=1)
    known = {}
    for n in range(3):
        assert resolve(known, one.expect(PUBLISH, payload=str(n)), 10) == topic
    one.vanish()
    one = v5.kept(name, properties=asked)
    known = {}
    for n in range(3):
        assert resolve(known, one.message(payload=str(n), dup=True), 10) == topic


# --- Acknowledgements -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["two bytes", "reason", "reason and properties", "all"])
def test_every_form_of_an_acknowledgement_is_read(v5, topic, form):
    """3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1: what is left out is success."""
    one, sender = v5(), v5()
    one.subscribe(topic, qos=2)
    more = {
        "two bytes": (None, None), "reason": (0, None), "reason and properties": (0, b""),
        "all": (0, [("reason_string", "fine"), ("user_property", ("k", "v"))]),
    }[form]  # fmt: skip
    sender.send(publish(V5, topic, "2", 2, 9))
    sender.expect(PUBREC, id=9)
    sender.send(ack(PUBREL, 9, *more))
    sender.expect(PUBCOMP, id=9)
    sender.publish(topic, "1", qos=1)
    two = one.expect(PUBLISH, payload="2")
    one.send(ack(PUBREC, two.id, *more))
    one.answer(PUBREL, two.id)
    one.send(ack(PUBCOMP, two.id, *more))
    got = one.expect(PUBLISH, payload="1")
    one.send(ack(PUBACK, got.id, *more))
    one.expect_nothing()


def test_a_pubrel_of_an_unknown_id_is_answered_so(v5):
    """3.7.2.1: 0x92"""
    one = v5()
    one.send(ack(PUBREL, 77))
    assert one.expect(PUBCOMP, id=77).reason in (0, 0x92)


@pytest.mark.parametrize("reason", [0x80, 0x83, 0x87, 0x90, 0x97, 0x99])
def test_a_pubrec_with_an_error_ends_the_exchange(v5, topic, name, reason):
    """[MQTT-4.3.3-4] 4.4: no PUBREL, no second PUBLISH, the id is free."""
    one = v5.kept(name)
    one.subscribe(topic, qos=2)
    v5().publish(topic, "x", qos=2)
    got = one.expect(PUBLISH, payload="x")
    one.send(ack(PUBREC, got.id, reason))
    one.expect_nothing()
    one.vanish()
    v5.kept(name).expect_nothing()


@pytest.mark.parametrize("reason", [0x10, 0x80, 0x83, 0x87, 0x97])
def test_a_puback_with_any_reason_ends_the_exchange(v5, topic, name, reason):
    """4.3.2, 4.4: an error is an acknowledgement too."""
    one = v5.kept(name)
    one.subscribe(topic, qos=1)
    v5().publish(topic, "x", qos=1)
    one.send(ack(PUBACK, one.expect(PUBLISH, payload="x").id, reason))
    one.expect_nothing()
    one.vanish()
    v5.kept(name).expect_nothing()


@pytest.mark.mosquitto_deviates("takes any reason")
@pytest.mark.parametrize("kind", [PUBACK, PUBREC, PUBREL, PUBCOMP])
@pytest.mark.parametrize("reason", [0x01, 0x7F, 0xFF])
def test_a_reason_that_does_not_exist_is_an_error(v5, topic, kind, reason):
    """3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1 [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]"""
    one = v5()
    one.send(ack(kind, 1, reason, b""))
    one.expect_closed(0x81, 0x82)


def test_nobody_is_reported_as_16_or_success(v5, topic):
    """3.4.2.1, 3.5.2.1: 0x10 where nobody has subscribed, never where someone has."""
    one = v5()
    assert one.publish(topic, "x", qos=1).reason in (0, 0x10)
    one.subscribe(topic)
    assert one.publish(topic, "x", qos=1).reason == 0
    one.message(topic, "x")
    one.send(publish(V5, topic, "x", 2, 50))
    assert one.answer(PUBREC, 50).reason == 0
