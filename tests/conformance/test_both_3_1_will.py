"""3.1.2.5 to 3.1.2.7: wills, as both versions have them."""

import pytest

from harness.mqtt_packets import Will, connect, frame, publish


@pytest.fixture
def watcher(client, topic):
    one = client()
    one.subscribe(topic, qos=2)
    return one


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("payload", [b"gone", b"", b"\x00\xff" * 1000], ids=["text", "none", "bytes"])
def test_a_will_is_sent_when_the_connection_breaks(client, watcher, topic, qos, payload):
    """3.1.1 [MQTT-3.1.2-8] [MQTT-3.1.2-9]; 5.0 [MQTT-3.1.2-7] [MQTT-3.1.2-8]"""
    client(will=Will(topic, payload, qos)).vanish()
    watcher.message(topic, payload, qos=qos, retain=False)
    watcher.expect_nothing()


def test_a_will_is_sent_when_the_client_breaks_the_rules(client, watcher, topic):
    """3.1.1 [MQTT-3.1.2-8], 5.0 3.1.2.5: the server closed because of a protocol error."""
    bad = client(will=Will(topic, b"gone", 1))
    bad.send(frame(0, 0))
    bad.expect_closed()
    watcher.message(topic, "gone", qos=1)


def test_a_will_is_not_sent_after_disconnect(client, watcher, topic):
    """3.1.1 [MQTT-3.1.2-10] [MQTT-3.14.4-3]; 5.0 [MQTT-3.1.2-10] [MQTT-3.14.4-3]"""
    client(will=Will(topic, b"gone", 1)).disconnect()
    client().publish(topic, "marker", qos=1)
    watcher.message(topic, "marker")
    watcher.expect_nothing()


def test_a_will_is_sent_once(client, watcher, topic, name):
    """3.1.1 [MQTT-3.1.2-10], 5.0 [MQTT-3.1.2-10]: the session goes on without it."""
    client.kept(name, will=Will(topic, b"gone", 1)).vanish()
    watcher.message(topic, "gone")
    client.kept(name).vanish()
    client().publish(topic, "marker", qos=1)
    watcher.message(topic, "marker")


@pytest.mark.parametrize("retain", [False, True])
def test_a_will_is_retained_when_it_says_so(client, watcher, topic, retain):
    """3.1.1 [MQTT-3.1.2-16] [MQTT-3.1.2-17]; 5.0 [MQTT-3.1.2-14] [MQTT-3.1.2-15]"""
    client(will=Will(topic, b"gone", 1, retain)).vanish()
    watcher.message(topic, "gone")
    later = client()
    later.subscribe(topic, qos=1)
    if retain:
        later.message(topic, "gone", retain=True)
    later.expect_nothing()


def test_an_empty_retained_will_clears_what_is_retained(client, watcher, topic):
    """3.1.1 [MQTT-3.3.1-10], 5.0 [MQTT-3.3.1-6]: a will is a message like another."""
    client().publish(topic, "old", qos=1, retain=True)
    watcher.message(topic, "old")
    client(will=Will(topic, b"", 1, True)).vanish()
    watcher.message(topic, "")
    later = client()
    later.subscribe(topic)
    later.expect_nothing()


@pytest.mark.parametrize("topic_name", ["", "a/+", "#"])
def test_a_will_for_no_topic_name_is_refused(client, topic_name):
    """3.1.1 [MQTT-3.1.3-10] [MQTT-4.7.1-1]; 5.0 [MQTT-3.1.3-11]: at once, or when it is due; never sent."""
    watcher = client()
    watcher.subscribe("a/+", qos=1)
    one = client.raw()
    one.send(connect(client.version, "badwill", will=Will(topic_name, b"x")))
    answer = one.receive()
    if answer is not None and answer.reason == 0:
        one.vanish()
        watcher.expect_nothing()
    elif answer is not None:
        assert answer.reason >= 0x80, answer


def test_a_clients_own_will_waits_for_it_in_its_session(client, topic, name):
    """3.1.1 [MQTT-3.1.2-5], 5.0 [MQTT-4.1.0-1]"""
    own = client.kept(name, will=Will(topic, b"mine", 1))
    own.subscribe(topic, qos=1)
    own.vanish()
    client.kept(name).message(topic, "mine", qos=1)


def test_what_was_published_before_comes_before_the_will(client, watcher, topic):
    """3.1.1 [MQTT-4.6.0-6], 5.0 4.6"""
    leaver = client(will=Will(topic, b"last"))
    leaver.send(*[publish(client.version, topic, str(n)) for n in range(10)])
    leaver.vanish()
    for n in range(10):
        watcher.message(topic, str(n))
    watcher.message(topic, "last")
