"""What takes seconds: message expiry, session expiry, will delay. One wait serves all tests of this file.

The clock is the server's own: a will with a delay of two seconds is what tells that they are over.
"""

from types import SimpleNamespace

import pytest

from harness.mqtt_packets import V5, V311, Will
from harness.testbed import Clients, unique

LONG = 1000


@pytest.fixture(scope="module")
def aged(broker):
    """What the tests look at, two seconds after it was made."""
    v3, v5 = Clients(broker, V311), Clients(broker, V5)
    t, n = unique("aged"), unique("old")
    sender = v5()

    away = v5.kept(f"{n}Away")
    away.subscribe(f"{t}/m/#", qos=2)
    away.disconnect()
    old = v3(f"{n}Old", clean=False)
    old.subscribe(f"{t}/m/#", qos=2)
    old.disconnect()
    for qos in (1, 2):
        for seconds in (1, LONG, None):
            properties = {"message_expiry": seconds} if seconds else None
            sender.publish(f"{t}/m/{qos}/{seconds}", "x", qos=qos, properties=properties)
    for seconds in (1, LONG):
        sender.publish(f"{t}/r/{seconds}", "x", qos=1, retain=True,
                       properties={"message_expiry": seconds})  # fmt: skip

    # One that is connected and can't be sent more for now.
    full = v5(f"{n}Full", properties={"receive_maximum": 1})
    full.subscribe(f"{t}/f/#", qos=1)
    for name, seconds in (("first", None), ("short", 1), ("long", LONG)):
        properties = {"message_expiry": seconds} if seconds else None
        sender.publish(f"{t}/f/{name}", name, qos=1, properties=properties)
    held = full.expect(3, payload="first")

    watcher = v5()
    watcher.subscribe(f"{t}/w/#", qos=1)

    def leave(name, will_delay, session_expiry, **more):
        will = Will(f"{t}/w/{name}", name.encode(), 1, properties={"will_delay": will_delay, **more})
        v5(f"{n}{name}", will=will, properties={"session_expiry": session_expiry}).vanish()

    leave("sessionends", 3600, 1)
    leave("comesback", 1, 60)
    leave("delayed", 1, 60)
    v5(f"{n}comesback", clean=False, properties={"session_expiry": 60})
    v5(f"{n}short", properties={"session_expiry": 1}).disconnect()
    v5(f"{n}changed", properties={"session_expiry": 60}).disconnect(0, {"session_expiry": 1})
    v5(f"{n}never", properties={"session_expiry": 0xFFFFFFFF}).disconnect()
    v5(f"{n}retainedwill", will=Will(f"{t}/rw", b"x", 1, True, {"message_expiry": 1})).vanish()
    leave("clock", 2, 60)
    wills = []
    while b"clock" not in wills:
        wills.append(watcher.message().payload)
    yield SimpleNamespace(t=t, n=n, v3=v3, v5=v5, wills=wills, full=full, held=held, broker=broker)
    v3.close()
    v5.close()
    broker.check()


def left(packet):
    """The expiry that a message of LONG seconds has now."""
    return packet.get("message_expiry")


def test_expired_messages_are_gone_and_others_have_less_time(aged):
    """[MQTT-3.3.2-5] [MQTT-3.3.2-6]"""
    one = aged.v5.kept(f"{aged.n}Away")
    for qos in (1, 2):
        got = one.message(f"{aged.t}/m/{qos}/{LONG}", "x", qos=qos)
        assert LONG - 120 < left(got) <= LONG - 2, got
        one.message(f"{aged.t}/m/{qos}/None", "x", qos=qos, properties=[])
    one.expect_nothing()


def test_a_messages_expiry_holds_for_3_1_1_too(aged):
    """[MQTT-3.3.2-5]: whatever the receiver speaks."""
    one = aged.v3(f"{aged.n}Old", clean=False)
    for qos in (1, 2):
        one.message(f"{aged.t}/m/{qos}/{LONG}", "x", qos=qos)
        one.message(f"{aged.t}/m/{qos}/None", "x", qos=qos)
    one.expect_nothing()


def test_retained_messages_expire(aged):
    """[MQTT-3.3.2-5] [MQTT-3.3.2-6], 3.3.1.3"""
    one = aged.v5()
    one.subscribe(f"{aged.t}/r/+", qos=1)
    got = one.message(f"{aged.t}/r/{LONG}", "x", retain=True)
    assert LONG - 120 < left(got) <= LONG - 2, got
    one.expect_nothing()


def test_a_retained_will_expires(aged):
    """3.1.3.2.4"""
    one = aged.v5()
    one.subscribe(f"{aged.t}/rw", qos=1)
    one.expect_nothing()


@pytest.mark.mosquitto_deviates("sends it all the same")
def test_a_message_that_waits_for_its_turn_expires(aged):
    """[MQTT-3.3.2-5]: delivery has not begun, although the client is there."""
    aged.full.acknowledge(aged.held)
    got = aged.full.message(f"{aged.t}/f/long", "long")
    assert LONG - 120 < left(got) <= LONG - 2, got
    aged.full.expect_nothing()


def test_a_delayed_will_is_sent_after_its_delay(aged):
    """3.1.3.2.2, 3.1.2.5"""
    assert b"delayed" in aged.wills


def test_the_end_of_the_session_ends_the_wills_delay(aged):
    """3.1.3.2.2: whichever comes first"""
    assert b"sessionends" in aged.wills


def test_a_session_that_is_resumed_takes_the_delayed_will_back(aged):
    """[MQTT-3.1.3-9]"""
    assert b"comesback" not in aged.wills


@pytest.mark.parametrize("name", ["short", "changed", "sessionends"])
def test_a_session_expires(aged, name):
    """[MQTT-3.1.2-23], 3.1.2.11.2; `changed`: 3.14.2.2.2"""
    assert not aged.v5.kept(f"{aged.n}{name}").connack.session_present


@pytest.mark.parametrize("name", ["never", "delayed", "comesback"])
def test_a_session_with_time_left_is_there(aged, name):
    """[MQTT-3.1.2-23]; 0xFFFFFFFF never ends"""
    assert aged.v5.kept(f"{aged.n}{name}").connack.session_present


def test_a_message_that_is_delivered_at_once_has_its_expiry(v5, topic):
    """[MQTT-3.3.2-6]"""
    one = v5()
    one.subscribe(topic)
    one.publish(topic, "x", properties={"message_expiry": LONG})
    assert LONG - 60 < left(one.message(topic, "x")) <= LONG


def test_a_retained_message_may_be_replaced_before_it_expires(v5, topic):
    """[MQTT-3.3.1-5]: the new one has its own time, or none."""
    one = v5()
    one.publish(topic, "old", qos=1, retain=True, properties={"message_expiry": 1})
    one.publish(topic, "new", qos=1, retain=True)
    one.subscribe(topic)
    one.message(topic, "new", retain=True, properties=[])
