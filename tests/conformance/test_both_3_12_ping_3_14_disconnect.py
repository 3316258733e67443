"""3.12 to 3.14: PINGREQ, PINGRESP, DISCONNECT, as both versions have them."""

import pytest

from harness.mqtt_packets import (
    DISCONNECT, PINGREQ, PINGRESP, PUBACK, Will, disconnect, frame, pingreq, publish, subscribe,
)  # fmt: skip


def test_each_pingreq_has_its_pingresp(client):
    """[MQTT-3.12.4-1] of both"""
    one = client()
    one.send(pingreq() * 100)
    for _ in range(100):
        one.expect(PINGRESP)


@pytest.mark.mosquitto_deviates("ignores the body of PINGREQ")
def test_a_pingreq_with_a_body_ends_the_connection(client):
    """3.1.1 and 5.0 3.12.1: the remaining length is 0."""
    one = client()
    one.send(frame(PINGREQ, 0, b"\0"))
    one.expect_closed(0x81, 0x82)


def test_the_server_closes_after_disconnect(client):
    """3.1.1 3.14.4, 5.0 3.14.4: and says nothing more."""
    one = client()
    one.send(disconnect())
    assert one.everything() == b""


def test_what_follows_disconnect_is_not_read(client, topic):
    """3.1.1 [MQTT-3.14.4-2]; 5.0 [MQTT-3.14.4-2]"""
    watcher = client()
    watcher.subscribe(topic)
    one = client()
    one.send(disconnect() + publish(client.version, topic, "late"))
    one.everything()
    watcher.expect_nothing()


def test_what_came_before_disconnect_is_done(client, topic):
    """3.1.1 and 5.0 4.2, 4.6: packets are handled in order."""
    watcher = client()
    watcher.subscribe(topic, qos=1)
    one = client()
    one.send(publish(client.version, topic, "x", 1, 1) + disconnect())
    one.everything()
    watcher.message(topic, "x")


def test_a_disconnect_with_a_body_ends_as_an_error_in_3_1_1(v3, topic):
    """[MQTT-3.14.1-1], 3.14.1: the remaining length is 0, so it is not a goodbye: the will is sent."""
    watcher = v3()
    watcher.subscribe(topic)
    one = v3(will=Will(topic, b"gone"))
    one.send(frame(DISCONNECT, 0, b"\0"))
    one.expect_closed()
    watcher.message(topic, "gone")


@pytest.mark.parametrize("flags", [1, 2, 4, 8, 15])
def test_a_disconnect_with_wrong_flags_is_no_goodbye(client, topic, flags):
    """[MQTT-3.14.1-1] of both: the connection ends as after any error, with the will."""
    watcher = client()
    watcher.subscribe(topic)
    one = client(will=Will(topic, b"gone"))
    one.send(frame(DISCONNECT, flags))
    one.expect_closed(0x81, 0x82)
    watcher.message(topic, "gone")


def test_subscriptions_end_with_the_connection(client, topic, name):
    """3.1.1 [MQTT-3.1.2-6]; 5.0 3.1.2.11.2: a session that is not kept."""
    one = client(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    client().publish(topic, "x", qos=1)
    client(name).expect_nothing()
    one = client(name, clean=False)
    assert not one.connack.session_present
    one.expect_nothing()


def test_an_acknowledgement_may_follow_at_once(client, topic):
    """3.1.1 and 5.0 3.4: a client that publishes and disconnects in one write is served."""
    one = client()
    one.send(publish(client.version, topic, "x", 1, 7) + subscribe(client.version, 8, [(topic, 0)]))
    one.answer(PUBACK, 7)
    one.disconnect()
