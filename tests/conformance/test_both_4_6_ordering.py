"""4.5 and 4.6: receipt and ordering, as both versions have them."""

import pytest

from harness.mqtt_packets import PUBLISH, ack, publish


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_messages_of_one_client_on_one_topic_keep_their_order(client, topic, qos):
    """3.1.1 [MQTT-4.6.0-5] [MQTT-4.6.0-6]; 5.0 [MQTT-4.6.0-5] [MQTT-4.6.0-6]"""
    one, sender = client(), client()
    one.subscribe(topic, qos=qos)
    sender.send(*[
        publish(client.version, topic, str(n), qos, n + 1 if qos else None) for n in range(15)
    ])  # fmt: skip
    if qos == 2:
        for n in range(15):
            sender.expect(5, id=n + 1)
            sender.send(ack(6, n + 1))
    for n in range(15):
        one.message(topic, str(n), qos=qos)
    one.expect_nothing()


def test_order_holds_over_several_filters(client, topic):
    """[MQTT-4.6.0-6] of both: an ordered topic, whichever filters it comes by."""
    one, sender = client(), client()
    one.subscribe(f"{topic}/#", qos=1)
    for n in range(30):
        sender.send(publish(client.version, f"{topic}/{n % 3}", str(n), 1, n + 1))
    for n in range(30):
        one.message(f"{topic}/{n % 3}", str(n))


def test_order_holds_at_a_slow_reader(client, topic):
    """[MQTT-4.6.0-5] [MQTT-4.6.0-6] of both: a subscriber that reads later, larger messages."""
    one, sender = client(), client()
    one.subscribe(topic, qos=1)
    for n in range(20):
        sender.publish(topic, str(n).encode() + b"." * 30_000, qos=1)
    for n in range(20):
        got = one.expect(PUBLISH, topic=topic)
        assert got.payload.startswith(f"{n}.".encode())
        one.acknowledge(got)


def test_acknowledgements_come_in_the_order_of_the_messages(client, topic):
    """3.1.1 [MQTT-4.6.0-2] [MQTT-4.6.0-3]; 5.0 [MQTT-4.6.0-2] [MQTT-4.6.0-3]: of the receiver, which the server is."""
    one = client()
    one.send(*[publish(client.version, topic, "x", 1, id) for id in (9, 3, 7, 1)])
    for id in (9, 3, 7, 1):
        one.expect(4, id=id)
    one.send(*[publish(client.version, topic, "x", 2, id) for id in (9, 3, 7)])
    for id in (9, 3, 7):
        one.expect(5, id=id)
    one.send(*[ack(6, id) for id in (9, 3, 7)])
    for id in (9, 3, 7):
        one.expect(7, id=id)


def test_pubrels_follow_the_order_of_pubrecs(client, topic):
    """3.1.1 [MQTT-4.6.0-4]; 5.0 [MQTT-4.6.0-4]"""
    one, sender = client(), client()
    one.subscribe(topic, qos=2)
    for n in range(4):
        sender.publish(topic, str(n), qos=2)
    ids = [one.expect(PUBLISH, payload=str(n)).id for n in range(4)]
    one.send(*[ack(5, id) for id in ids])
    for id in ids:
        one.expect(6, id=id)
    one.send(*[ack(7, id) for id in ids])
    one.expect_nothing()
