"""3.1.2.4, 4.1: what a session remembers while its client is away, as both versions have it."""

import pytest

from harness.mqtt_packets import PUBLISH, SUBSCRIBE, V5, publish

GONE = pytest.mark.parametrize("how", ["disconnect", "vanish"])


@GONE
@pytest.mark.parametrize("published", [1, 2])
@pytest.mark.parametrize("granted", [1, 2])
def test_messages_wait_for_a_client_that_is_away(client, topic, name, how, published, granted):
    """3.1.1 [MQTT-3.1.2-4] [MQTT-3.1.2-5]; 5.0 [MQTT-3.1.2-5] [MQTT-3.1.2-23] [MQTT-4.5.0-1]"""
    one = client.kept(name)
    one.subscribe(topic, qos=granted)
    getattr(one, how)()
    sender = client()
    for n in range(5):
        sender.publish(topic, str(n), qos=published)
    one = client.kept(name)
    assert one.connack.session_present
    for n in range(5):
        one.message(topic, str(n), qos=min(published, granted), dup=False, retain=False)
    one.expect_nothing()


def test_qos_0_may_wait_or_not(client, topic, name):
    """3.1.1 and 5.0 4.1: optional; what waits comes in its place."""
    one = client.kept(name)
    one.subscribe(topic, qos=2)
    one.disconnect()
    sender = client()
    sender.publish(topic, "0", qos=0)
    sender.publish(topic, "1", qos=1)
    one = client.kept(name)
    got = one.expect(PUBLISH)
    if got.payload == b"0":
        got = one.expect(PUBLISH)
    assert got.payload == b"1"
    one.acknowledge(got)
    one.expect_nothing()


def test_a_message_taken_once_does_not_wait_again(client, topic, name):
    """[MQTT-4.1.0-1], 4.3 of both"""
    one = client.kept(name)
    one.subscribe(topic, qos=2)
    sender = client()
    sender.publish(topic, "1", qos=1)
    sender.publish(topic, "2", qos=2)
    one.message(topic, "1")
    one.message(topic, "2")
    one.expect_nothing()
    one.disconnect()
    client.kept(name).expect_nothing()


def test_subscriptions_stay_with_the_session(client, topic, name):
    """3.1.1 [MQTT-3.1.2-4], 5.0 [MQTT-3.1.2-5]: with their QoS, many times."""
    one = client.kept(name)
    one.subscribe((f"{topic}/0", 0), (f"{topic}/1", 1), (f"{topic}/2", 2))
    for _ in range(3):
        one.disconnect()
        one = client.kept(name)
        assert one.connack.session_present
    for qos in (0, 1, 2):
        one.publish(f"{topic}/{qos}", "x", qos=2)
        one.message(f"{topic}/{qos}", "x", qos=qos)
    one.expect_nothing()


def test_a_clean_start_forgets_subscriptions(client, topic, name):
    """3.1.1 [MQTT-3.1.2-6]; 5.0 [MQTT-3.1.2-4]"""
    one = client.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    one = client(name, clean=True)
    one.publish(topic, "x", qos=1)
    one.expect_nothing()
    one.disconnect()
    assert not client.kept(name).connack.session_present


def test_sessions_are_apart(client, topic, name):
    """3.1.1 3.1.3.1, 5.0 3.1.3.1: a session belongs to one client id, to each character of it."""
    one = client.kept(f"{name}A")
    one.subscribe(topic, qos=1)
    one.disconnect()
    client().publish(topic, "x", qos=1)
    for other in (f"{name}a", f"{name}A1", name):
        stranger = client.kept(other)
        assert not stranger.connack.session_present
        stranger.expect_nothing()
    client.kept(f"{name}A").message(topic, "x")


def test_hundreds_of_messages_wait_in_order(client, topic, name):
    """[MQTT-4.1.0-1] [MQTT-4.6.0-6] of both: more than fit into one window."""
    one = client.kept(name)
    one.subscribe(topic, qos=2)
    one.disconnect()
    sender = client()
    for n in range(400):
        sender.publish(topic, str(n), qos=1 + n % 2)
    one = client.kept(name)
    for n in range(400):
        one.message(topic, str(n), qos=1 + n % 2)
    one.expect_nothing()


def test_a_session_is_kept_across_versions(client, v5, v3, topic, name):
    """3.1.1 3.1.2.4, 5.0 3.1.2.11.2: the same session, whichever version its client speaks."""
    one = client.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    client().publish(topic, "x", qos=1)
    other = v3 if client.version == V5 else v5
    one = other.kept(name)
    assert one.connack.session_present
    one.message(topic, "x")


def test_an_empty_session_of_a_client_is_present_too(client, name):
    """3.1.1 [MQTT-3.2.2-2], 5.0 [MQTT-3.2.2-3]: no subscription is needed."""
    client.kept(name).vanish()
    assert client.kept(name).connack.session_present


def test_nothing_of_a_refused_subscribe_stays(client, topic, name):
    """[MQTT-4.8.0-1] (3.1.1), [MQTT-4.13.1-1] (5.0): the connection ended; the session is as it was."""
    one = client.kept(name)
    one.subscribe(f"{topic}/good", qos=1)
    one.send(bytes([SUBSCRIBE << 4 | 2, 2]) + b"\0\1")
    one.expect_closed()
    client().publish(f"{topic}/good", "x", qos=1)
    one = client.kept(name)
    assert one.connack.session_present
    one.message(f"{topic}/good", "x")


def test_many_publishers_reach_one_that_is_away(client, topic, name):
    """3.1.1 [MQTT-3.1.2-5], 5.0 4.1"""
    one = client.kept(name)
    one.subscribe(f"{topic}/+", qos=1)
    one.disconnect()
    senders = [client() for _ in range(10)]
    for n, sender in enumerate(senders):
        sender.send(*[publish(client.version, f"{topic}/{n}", str(m), 1, m + 1) for m in range(10)])
    for sender in senders:
        sender.settle()
    one = client.kept(name)
    seen = {}
    for _ in range(100):
        got = one.message()
        seen.setdefault(got.topic, []).append(int(got.payload))
    assert seen == {f"{topic}/{n}": list(range(10)) for n in range(10)}
