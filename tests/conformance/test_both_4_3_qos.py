"""4.3 QoS and 4.4 delivery retry: both directions, duplicates, and a reconnect in every state."""

import pytest

from harness.mqtt_packets import (
    PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, V5, ack, publish,
)  # fmt: skip

# --- The server receives --------------------------------------------------------------------------


@pytest.fixture
def watcher(client, topic):
    one = client()
    one.subscribe(topic, qos=2)
    return one


def test_qos_0_is_not_acknowledged(client, watcher, topic):
    """[MQTT-4.3.1-1] of both"""
    one = client()
    one.send(publish(client.version, topic, "x"))
    one.expect_nothing()
    watcher.message(topic, "x", qos=0)


def test_qos_1_is_acknowledged_by_puback(client, watcher, topic):
    """[MQTT-4.3.2-2] of 3.1.1; 5.0 [MQTT-4.3.2-4]"""
    one = client()
    one.send(publish(client.version, topic, "x", 1, 99))
    one.expect(PUBACK, id=99, reason=0)
    one.expect_nothing()
    watcher.message(topic, "x", qos=1)


def test_qos_1_after_its_puback_is_a_new_message(client, watcher, topic):
    """3.1.1 [MQTT-4.3.2-2], 5.0 [MQTT-4.3.2-5]: whatever DUP says."""
    one = client()
    for dup in (False, True, True):
        one.send(publish(client.version, topic, "x", 1, 99, dup=dup))
        one.expect(PUBACK, id=99)
    for _ in range(3):
        watcher.message(topic, "x", qos=1, dup=False)
    watcher.expect_nothing()


def test_qos_2_takes_four_packets(client, watcher, topic):
    """3.1.1 [MQTT-4.3.3-2]; 5.0 [MQTT-4.3.3-8] [MQTT-4.3.3-11]"""
    one = client()
    one.send(publish(client.version, topic, "x", 2, 5))
    one.expect(PUBREC, id=5, reason=0)
    one.expect_nothing()
    one.send(ack(PUBREL, 5))
    one.expect(PUBCOMP, id=5, reason=0)
    watcher.message(topic, "x", qos=2)
    watcher.expect_nothing()


@pytest.mark.mosquitto_deviates("ends the connection")
@pytest.mark.parametrize("dup", [False, True])
def test_qos_2_again_before_pubrel_is_the_same_message_in_3_1_1(v3, topic, dup):
    """3.1.1 [MQTT-4.3.3-2]: acknowledged again, delivered once."""
    watcher, one = v3(), v3()
    watcher.subscribe(topic, qos=2)
    for _ in range(3):
        one.send(publish(4, topic, "x", 2, 5, dup=dup))
        one.expect(PUBREC, id=5)
        dup = True
    one.send(ack(PUBREL, 5))
    one.expect(PUBCOMP, id=5)
    watcher.message(topic, "x", qos=2)
    watcher.expect_nothing()


def test_qos_2_again_on_the_same_connection_of_5_0_is_never_two_messages(v5, topic):
    """5.0 [MQTT-4.3.3-10] [MQTT-4.4.0-1]: the client may not; it is acknowledged again or an error."""
    watcher, one = v5(), v5()
    watcher.subscribe(topic, qos=2)
    one.send(publish(V5, topic, "x", 2, 5))
    one.expect(PUBREC, id=5)
    one.send(publish(V5, topic, "x", 2, 5, dup=True))
    got = one.receive()
    if got is not None and got.kind == PUBREC:
        assert got.id == 5 and got.reason in (0, 0x91)
        one.send(ack(PUBREL, 5))
        one.expect(PUBCOMP, id=5)
        watcher.message(topic, "x", qos=2)
    else:
        assert got is None or got.reason in (0x82, 0x93), got
        watcher.settle()
        assert len(watcher._early) <= 1
        watcher._early.clear()
    watcher.expect_nothing()


def test_a_qos_2_id_is_free_after_pubcomp(client, watcher, topic):
    """3.1.1 [MQTT-4.3.3-2]; 5.0 [MQTT-4.3.3-12]: the same id is then another message."""
    one = client()
    for n in range(5):
        one.send(publish(client.version, topic, str(n), 2, 5))
        one.expect(PUBREC, id=5)
        one.send(ack(PUBREL, 5))
        one.expect(PUBCOMP, id=5)
        watcher.message(topic, str(n))


def test_pubrel_again_is_answered_again(client, topic):
    """3.1.1 [MQTT-4.3.3-2], 5.0 4.3.3: PUBCOMP may have been lost; 5.0 may say 0x92."""
    one = client()
    one.send(publish(client.version, topic, "x", 2, 5))
    one.expect(PUBREC, id=5)
    for n in range(3):
        one.send(ack(PUBREL, 5))
        got = one.expect(PUBCOMP, id=5)
        assert got.reason == 0 or (n and got.reason == 0x92)


def test_pubrel_of_an_unknown_id_is_answered(client):
    """3.1.1 4.3.3; 5.0 3.7.2.1: 0x92 packet identifier not found."""
    one = client()
    one.send(ack(PUBREL, 77))
    got = one.expect(PUBCOMP, id=77)
    assert got.reason in (0, 0x92)


def test_many_qos_2_messages_may_be_under_way(client, watcher, topic):
    """4.3.3, 4.6 of both: and are delivered in the order of their PUBLISH or PUBREL, which is one."""
    one = client()
    one.send(*[publish(client.version, topic, str(n), 2, n + 1) for n in range(10)])
    for n in range(10):
        one.expect(PUBREC, id=n + 1)
    one.send(*[ack(PUBREL, n + 1) for n in range(10)])
    for n in range(10):
        one.expect(PUBCOMP, id=n + 1)
    for n in range(10):
        watcher.message(topic, str(n))
    watcher.expect_nothing()


@pytest.mark.parametrize("state", ["PUBLISH", "PUBREC", "PUBREL", "PUBCOMP"])
def test_qos_2_is_taken_exactly_once_over_a_reconnect(client, watcher, topic, name, state):
    """3.1.1 [MQTT-4.3.3-2] [MQTT-4.4.0-1]; 5.0 [MQTT-4.3.3-10] [MQTT-4.4.0-1]: broken after this packet."""
    one = client.kept(name)
    one.send(publish(client.version, topic, "x", 2, 5))
    if state != "PUBLISH":
        one.expect(PUBREC, id=5)
    if state in ("PUBREL", "PUBCOMP"):
        one.send(ack(PUBREL, 5))
    if state == "PUBCOMP":
        one.expect(PUBCOMP, id=5)
    one.vanish()
    one = client.kept(name)
    assert one.connack.session_present
    if state in ("PUBLISH", "PUBREC"):
        one.send(publish(client.version, topic, "x", 2, 5, dup=True))
        one.expect(PUBREC, id=5)
    if state != "PUBCOMP":
        one.send(ack(PUBREL, 5))
        assert one.expect(PUBCOMP, id=5).reason in (0, 0x92)
    watcher.message(topic, "x", qos=2)
    watcher.expect_nothing()
    one.send(publish(client.version, topic, "y", 2, 5))
    one.expect(PUBREC, id=5, reason=0)
    one.send(ack(PUBREL, 5))
    one.expect(PUBCOMP, id=5, reason=0)
    watcher.message(topic, "y", qos=2)


def test_a_clean_start_frees_the_ids_that_were_under_way(client, watcher, topic, name):
    """3.1.1 [MQTT-3.1.2-6], 5.0 [MQTT-3.1.2-4]: the half-finished message is of a session that is gone."""
    one = client.kept(name)
    one.send(publish(client.version, topic, "x", 2, 5))
    one.expect(PUBREC, id=5)
    one.vanish()
    one = client(name)
    one.publish(topic, "marker", qos=1)
    one.send(publish(client.version, topic, "y", 2, 5))
    one.expect(PUBREC, id=5)
    one.send(ack(PUBREL, 5))
    one.expect(PUBCOMP, id=5)
    payloads = [watcher.message(topic).payload for _ in range(2)]
    if payloads[0] == b"x":  # delivered at PUBLISH, which is as right
        payloads = [payloads[1], watcher.message(topic).payload]
    assert payloads == [b"marker", b"y"]


# --- The server sends -----------------------------------------------------------------------------


def waiting_for(client, name, topic, *payloads, qos):
    """A kept client that has subscribed, and these messages on the way to it."""
    one = client.kept(name)
    one.subscribe(topic, qos=qos)
    sender = client()
    for payload in payloads:
        sender.publish(topic, payload, qos=qos)
    return one


@pytest.mark.parametrize("qos", [1, 2])
def test_the_server_does_not_repeat_itself_on_one_connection(client, topic, name, qos):
    """5.0 [MQTT-4.4.0-1] forbids it; with 3.1.1 [MQTT-4.4.0-1] a reconnect is the only time when it must."""
    one = waiting_for(client, name, topic, "x", qos=qos)
    one.expect(PUBLISH, payload="x")
    one.expect_nothing()


@pytest.mark.parametrize("qos", [1, 2])
def test_an_unacknowledged_publish_is_sent_again(client, topic, name, qos):
    """3.1.1 [MQTT-3.3.1-1] [MQTT-4.4.0-1]; 5.0 [MQTT-3.3.1-1] [MQTT-4.4.0-1]: with DUP and the same id."""
    one = waiting_for(client, name, topic, "x", qos=qos)
    first = one.expect(PUBLISH, payload="x", qos=qos, dup=False)
    for _ in range(2):
        one.vanish()
        one = client.kept(name)
        one.expect(PUBLISH, topic=topic, payload="x", qos=qos, dup=True, id=first.id)
    one.acknowledge(first)
    one.vanish()
    client.kept(name).expect_nothing()


def test_after_pubrec_it_is_pubrel_that_is_sent_again(client, topic, name):
    """3.1.1 [MQTT-4.3.3-1] [MQTT-4.4.0-1]; 5.0 [MQTT-4.3.3-4] [MQTT-4.4.0-1]: never the PUBLISH."""
    one = waiting_for(client, name, topic, "x", qos=2)
    got = one.expect(PUBLISH, payload="x")
    one.send(ack(PUBREC, got.id))
    one.expect(PUBREL, id=got.id)
    for _ in range(2):
        one.vanish()
        one = client.kept(name)
        one.expect(PUBREL, id=got.id)
        one.expect_nothing()
    one.send(ack(PUBCOMP, got.id))
    one.expect_nothing()
    one.vanish()
    client.kept(name).expect_nothing()


def test_pubrec_again_is_answered_by_pubrel_again(client, topic, name):
    """3.1.1 [MQTT-3.5.4-1] (4.3.3), 5.0 [MQTT-4.3.3-4]"""
    one = waiting_for(client, name, topic, "x", qos=2)
    got = one.expect(PUBLISH, payload="x")
    for _ in range(2):
        one.send(ack(PUBREC, got.id))
        one.expect(PUBREL, id=got.id)
    one.send(ack(PUBCOMP, got.id))
    one.expect_nothing()


def test_redelivery_is_in_the_order_of_before(client, topic, name):
    """3.1.1 [MQTT-4.6.0-1] as 4.6 asks of the server; 5.0 [MQTT-4.6.0-1] [MQTT-4.6.0-4]"""
    one = waiting_for(client, name, topic, *"01234", qos=1)
    for n in "01234":
        one.expect(PUBLISH, payload=n)
    one.vanish()
    client().publish(topic, "5", qos=1)
    one = client.kept(name)
    for n in "01234":
        one.message(topic, n, dup=True)
    one.message(topic, "5", dup=False)
    one.expect_nothing()


def test_acknowledged_in_another_order_the_rest_is_sent_again(client, topic, name):
    """[MQTT-4.4.0-1] of both"""
    one = waiting_for(client, name, topic, *"0123", qos=1)
    got = [one.expect(PUBLISH, payload=n) for n in "0123"]
    one.acknowledge(got[2])
    one.acknowledge(got[0])
    one.settle()
    one.vanish()
    one = client.kept(name)
    one.message(topic, "1", dup=True)
    one.message(topic, "3", dup=True)
    one.expect_nothing()


def test_states_of_many_messages_are_kept_apart(client, topic, name):
    """[MQTT-4.1.0-1] [MQTT-4.4.0-1] of both: one in each state at the moment of the break."""
    one = waiting_for(client, name, topic, *"0123", qos=2)
    got = [one.expect(PUBLISH, payload=n) for n in "0123"]
    one.acknowledge(got[0])
    one.send(ack(PUBREC, got[1].id))
    one.expect(PUBREL, id=got[1].id)
    one.settle()
    one.vanish()
    one = client.kept(name)
    again = [one.receive() for _ in range(3)]
    shown = {(p.kind, p.id, p.payload) for p in again}
    assert shown == {
        (PUBREL, got[1].id, None), (PUBLISH, got[2].id, b"2"), (PUBLISH, got[3].id, b"3"),
    }  # fmt: skip
    one.expect_nothing()


def test_a_clean_start_ends_what_was_under_way(client, topic, name):
    """3.1.1 [MQTT-3.1.2-6]; 5.0 [MQTT-3.1.2-4]"""
    one = waiting_for(client, name, topic, "x", qos=2)
    one.expect(PUBLISH, payload="x")
    one.vanish()
    one = client.kept(name, clean=True)
    one.expect_nothing()


@pytest.mark.parametrize("kind", [PUBACK, PUBREC, PUBCOMP])
def test_an_acknowledgement_of_nothing_hurts_nobody(client, topic, kind):
    """3.1.1 4.3; 5.0 [MQTT-4.3.3-4] asks for PUBREL after any PUBREC, 0x92 if the id is unknown."""
    one = client()
    one.send(ack(kind, 1234))
    if kind == PUBREC:
        got = one.receive()
        if got is not None:  # answered, or ignored as the packet after it shows
            assert got.kind == PUBREL and got.id == 1234 and got.reason in (0, 0x92), got
    one.settle()
    one.subscribe(topic, qos=1)
    one.publish(topic, "x", qos=1)
    one.message(topic, "x")


@pytest.mark.parametrize("sent, wrong", [(1, PUBREC), (2, PUBACK), (2, PUBCOMP)])
def test_the_wrong_acknowledgement_does_not_free_the_message(client, topic, name, sent, wrong):
    """4.3 of both: it ends the connection as an error or is ignored; the message is not lost."""
    one = waiting_for(client, name, topic, "x", qos=sent)
    got = one.expect(PUBLISH, payload="x")
    one.send(ack(wrong, got.id))
    one.vanish()
    client.kept(name).expect(PUBLISH, payload="x", id=got.id, dup=True)


@pytest.mark.mosquitto_deviates("uses an id that is in use")
def test_ids_are_used_again_and_never_while_in_use(v3, topic):
    """3.1.1 [MQTT-2.3.1-4], 5.0 [MQTT-2.2.1-4]: more messages than there are ids, one never acknowledged."""
    one, sender = v3(), v3()
    one.subscribe(topic, qos=1)
    sender.publish(topic, "stuck", qos=1)
    stuck = one.expect(PUBLISH, payload="stuck")
    burst = 15
    packets = b"".join(publish(4, topic, b"", 1, n + 1) for n in range(burst))
    seen = set()
    for _ in range(66_000 // burst):
        sender.send(packets)
        ids = [one.expect(PUBLISH).id for _ in range(burst)]
        seen.update(ids)
        one.send(*[ack(PUBACK, id) for id in ids])
        for n in range(burst):
            sender.expect(PUBACK, id=n + 1)
    assert stuck.id not in seen
