"""4.8.2 Shared subscriptions."""

import pytest

from harness.mqtt_packets import PUBLISH, SUBACK, V5, ack, options, subscribe


def share(topic, group="g"):
    return f"$share/{group}/{topic}"


def drain(client):
    """Payloads of what has arrived; all is acknowledged."""
    client.settle()
    got = [client.receive() for _ in list(client._early)]
    assert all(p.kind == PUBLISH for p in got), [str(p) for p in got]
    for p in got:
        client.acknowledge(p)
    return [p.payload for p in got]


@pytest.mark.mosquitto_deviates("takes it", only=r"g\]|g/\]|//t|share/\+/t|/#\]")
@pytest.mark.parametrize(
    "bad", ["$share/g", "$share/g/", "$share//t", "$share/+/t", "$share/a+/t", "$share/#", "$share/a#/t"]
)
def test_a_malformed_share_is_refused(v5, bad):
    """[MQTT-4.8.2-1] [MQTT-4.8.2-2]: the connection ends, or SUBACK says 0x8F."""
    one = v5()
    one.send(subscribe(V5, 1, [(bad, 0)]))
    got = one.receive()
    if got is not None and got.kind == SUBACK:
        assert got.reasons[0] in (0x8F, 0x80), got
    elif got is not None:
        assert got.reason in (0x81, 0x82, 0x8F) and one.receive() is None


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_each_message_goes_to_one_member(v5, topic, qos):
    """4.8.2: every message once in the group, in order at each; both have a share of the work."""
    members = [v5(), v5(), v5()]
    for one in members:
        assert one.subscribe(share(topic), qos=qos).reasons == [qos]
    sender = v5()
    for n in range(30):
        sender.publish(topic, f"{n:02}", qos=qos)
    got = [drain(one) for one in members]
    assert sorted(sum(got, [])) == [f"{n:02}".encode() for n in range(30)]
    for part in got:
        assert part and part == sorted(part), got


def test_groups_are_apart(v5, topic):
    """4.8.2: each group gets its copy, and so does who subscribes alone."""
    first, second, alone = v5(), v5(), v5()
    first.subscribe(share(topic, "first"))
    second.subscribe(share(topic, "second"))
    alone.subscribe(topic)
    v5().publish(topic, "x")
    for one in (first, second, alone):
        assert drain(one) == [b"x"]


def test_filters_of_one_group_name_are_apart(v5, topic):
    """4.8.2: a shared subscription is the pair of name and filter."""
    first, second = v5(), v5()
    first.subscribe(share(f"{topic}/+"))
    second.subscribe(share(f"{topic}/a"))
    v5().publish(f"{topic}/a", "x")
    assert drain(first) == [b"x"] and drain(second) == [b"x"]


def test_a_member_may_subscribe_alone_besides(v5, topic):
    """4.8.2: then it gets its own copy and takes part in the group."""
    one = v5()
    one.subscribe(share(topic), qos=1)
    one.subscribe(topic, qos=1)
    v5().publish(topic, "x", qos=1)
    assert drain(one) == [b"x", b"x"]


def test_wildcards_in_a_share_match_as_usual(v5, topic):
    """4.8.2, 4.7"""
    one = v5()
    one.subscribe(share(f"{topic}/+/c"), share(f"/{topic}/#"))
    for name in (f"{topic}/b/c", f"{topic}/c", f"/{topic}", f"/{topic}/x"):
        one.publish(name, name)
    assert drain(one) == [n.encode() for n in (f"{topic}/b/c", f"/{topic}", f"/{topic}/x")]


@pytest.mark.mosquitto_deviates("sends them")
def test_no_retained_messages_for_a_share(v5, topic):
    """3.8.4: they are not sent when a shared subscription is made; whatever retain handling says."""
    one = v5()
    one.publish(topic, "x", qos=1, retain=True)
    for handling in (0, 1, 2):
        one.subscribe((share(topic), options(1, retain_handling=handling)))
        one.expect_nothing()


def test_members_have_their_own_qos(v5, topic):
    """[MQTT-4.8.2-3]"""
    members = {qos: v5() for qos in (0, 1, 2)}
    for qos, one in members.items():
        one.subscribe(share(topic), qos=qos)
    sender = v5()
    for n in range(12):
        sender.publish(topic, str(n), qos=2)
    count = 0
    for qos, one in members.items():
        one.settle()
        for p in [one.receive() for _ in list(one._early)]:
            assert p.qos == qos
            one.acknowledge(p)
            count += 1
    assert count == 12


def test_a_share_names_its_subscription_identifier(v5, topic):
    """[MQTT-3.3.4-3]"""
    one = v5()
    one.subscribe(share(topic), properties={"subscription_id": 5})
    one.publish(topic, "x")
    one.message(topic, "x", properties={"subscription_id": 5})


def test_who_leaves_the_share_gets_nothing_more(v5, topic):
    """3.10.4, 4.8.2"""
    one, other = v5(), v5()
    for member in (one, other):
        member.subscribe(share(topic))
    assert one.unsubscribe(share(topic)).reasons == [0]
    assert one.unsubscribe(share(topic)).reasons == [0x11]
    for n in range(6):
        other.publish(topic, str(n))
    assert drain(one) == []
    assert len(drain(other)) == 6


def test_unsubscribing_alone_leaves_the_share(v5, topic):
    """[MQTT-3.10.4-1]: the two filters are different strings."""
    one = v5()
    one.subscribe(share(topic))
    assert one.unsubscribe(topic).reasons == [0x11]
    one.publish(topic, "x")
    assert drain(one) == [b"x"]


def test_a_member_that_disconnects_is_passed_over(v5, topic):
    """4.8.2"""
    one, other = v5(), v5()
    for member in (one, other):
        member.subscribe(share(topic), qos=1)
    one.disconnect()
    for n in range(6):
        other.publish(topic, str(n), qos=1)
    assert len(drain(other)) == 6


def test_unacknowledged_messages_of_a_member_that_leaves(v5, topic):
    """[MQTT-4.8.2-5]: at QoS 1 another member may get them when the session ended; nobody gets them twice."""
    one, other = v5(), v5()
    one.subscribe(share(topic), qos=1)
    sender = v5()
    for n in range(5):
        sender.publish(topic, str(n), qos=1)
    for n in range(5):
        one.expect(PUBLISH, payload=str(n))
    other.subscribe(share(topic), qos=1)
    one.vanish()
    sender.publish(topic, "after", qos=1)
    got = drain(other)
    assert got[-1] == b"after" and got[:-1] in ([], [str(n).encode() for n in range(5)])


def test_a_message_under_way_at_qos_2_stays_with_its_member(v5, topic, name):
    """[MQTT-4.8.2-4]: the exchange is completed with the client that has begun it, when it comes back."""
    one, other = v5.kept(name), v5()
    one.subscribe(share(topic), qos=2)
    sender = v5()
    sender.publish(topic, "x", qos=2)
    first = one.expect(PUBLISH, payload="x")
    other.subscribe(share(topic), qos=2)
    one.vanish()
    other.expect_nothing()
    one = v5.kept(name)
    one.expect(PUBLISH, payload="x", id=first.id, dup=True)
    one.send(ack(5, first.id))
    one.expect(6, id=first.id)
    one.vanish()
    one = v5.kept(name)
    one.expect(6, id=first.id)
    one.send(ack(7, first.id))
    one.expect_nothing()
    other.expect_nothing()


def test_a_group_whose_members_are_all_away_loses_nothing(v5, topic, name):
    """4.8.2, 4.1: the message waits in a member's session (or in the group's) and comes once."""
    names = [f"{name}{n}" for n in "ab"]
    for one in names:
        client = v5.kept(one)
        client.subscribe(share(topic), qos=1)
        client.disconnect()
    sender = v5()
    for n in range(6):
        sender.publish(topic, str(n), qos=1)
    got = []
    for one in names:
        got += drain(v5.kept(one))
    assert sorted(got) == [str(n).encode() for n in range(6)]


def test_a_refusal_at_qos_1_does_not_go_round(v5, topic):
    """[MQTT-4.8.2-6]: a negative PUBACK ends it; no other member gets it."""
    one, other = v5(), v5()
    one.subscribe(share(topic), qos=1)
    v5().publish(topic, "x", qos=1)
    got = one.expect(PUBLISH, payload="x")
    other.subscribe(share(topic), qos=1)
    one.send(ack(4, got.id, 0x80))
    one.expect_nothing()
    other.expect_nothing()


def test_subscribing_twice_is_one_membership(v5, topic):
    """[MQTT-3.8.4-3]"""
    one = v5()
    one.subscribe(share(topic), qos=1)
    one.subscribe(share(topic), qos=0)
    one.publish(topic, "x", qos=1)
    one.message(topic, "x", qos=0)
    one.expect_nothing()
