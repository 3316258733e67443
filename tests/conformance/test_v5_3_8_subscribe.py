"""3.8 of 5.0: subscription options and identifiers."""

import pytest

from harness.mqtt_packets import PUBLISH, SUBACK, V5, options, subscribe

# --- No local -------------------------------------------------------------------------------------


def test_no_local_keeps_ones_own_messages_away(v5, topic):
    """[MQTT-3.8.3-3]"""
    one, other = v5(), v5()
    one.subscribe((topic, options(1, no_local=True)))
    one.publish(topic, "mine", qos=1)
    one.expect_nothing()
    other.publish(topic, "theirs", qos=1)
    one.message(topic, "theirs")


def test_without_no_local_ones_own_messages_come(v5, topic):
    """3.8.3.1"""
    one = v5()
    one.subscribe((topic, options(1, no_local=False)))
    one.publish(topic, "mine", qos=1)
    one.message(topic, "mine")


def test_no_local_is_of_one_subscription(v5, topic):
    """[MQTT-3.8.3-3]: another filter of the same client may take the message."""
    one = v5()
    one.subscribe((f"{topic}/a", options(no_local=True)), (f"{topic}/+", options()))
    one.publish(f"{topic}/a", "x")
    one.message(f"{topic}/a", "x")
    one.expect_nothing()


@pytest.mark.mosquitto_deviates("keeps the option of the first SUBSCRIBE")
def test_no_local_can_be_changed(v5, topic):
    """[MQTT-3.8.4-3]"""
    one = v5()
    one.subscribe((topic, options(no_local=True)))
    one.subscribe((topic, options(no_local=False)))
    one.publish(topic, "x")
    one.message(topic, "x")
    one.subscribe((topic, options(no_local=True)))
    one.publish(topic, "x")
    one.expect_nothing()


def test_no_local_goes_by_client_id(v5, topic, name):
    """[MQTT-3.8.3-3]: what an earlier connection of the same client sent is its own too."""
    one = v5.kept(name)
    one.subscribe((topic, options(1, no_local=True)))
    one.disconnect()
    one = v5.kept(name)
    one.publish(topic, "mine", qos=1)
    one.expect_nothing()


@pytest.mark.mosquitto_deviates("takes it")
def test_a_shared_subscription_has_no_no_local(v5, topic):
    """[MQTT-3.8.3-4]: a protocol error"""
    one = v5()
    one.send(subscribe(V5, 1, [(f"$share/g/{topic}", options(no_local=True))]))
    one.expect_closed(0x82)


# --- Retain as published --------------------------------------------------------------------------


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("as_published", [False, True])
def test_retain_as_published(v5, topic, retain, as_published):
    """[MQTT-3.3.1-12] [MQTT-3.3.1-13]"""
    one, sender = v5(), v5()
    one.subscribe((topic, options(1, retain_as_published=as_published)))
    sender.publish(topic, "x", qos=1, retain=retain)
    one.message(topic, "x", retain=retain and as_published)


@pytest.mark.parametrize("as_published", [False, True])
def test_a_retained_message_has_the_flag_at_subscribe(v5, topic, as_published):
    """3.3.1.3: whatever the option says."""
    one = v5()
    one.publish(topic, "x", qos=1, retain=True)
    one.subscribe((topic, options(1, retain_as_published=as_published)))
    one.message(topic, "x", retain=True)


def test_retain_as_published_holds_for_who_was_away(v5, topic, name):
    """[MQTT-3.3.1-13], 4.1"""
    one = v5.kept(name)
    one.subscribe((topic, options(1, retain_as_published=True)))
    one.disconnect()
    v5().publish(topic, "x", qos=1, retain=True)
    v5.kept(name).message(topic, "x", retain=True)


# --- Retain handling ------------------------------------------------------------------------------


@pytest.mark.parametrize("handling, first, again", [(0, True, True), (1, True, False), (2, False, False)])
def test_retain_handling(v5, topic, handling, first, again):
    """[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4]"""
    v5().publish(topic, "x", qos=1, retain=True)
    one = v5()
    for wanted in (first, again, again):
        one.subscribe((topic, options(1, retain_handling=handling)))
        if wanted:
            one.message(topic, "x", retain=True)
        one.expect_nothing()


def test_retain_handling_1_after_unsubscribe_is_new_again(v5, topic):
    """[MQTT-3.3.1-10]"""
    one = v5()
    one.publish(topic, "x", qos=1, retain=True)
    for _ in range(2):
        one.subscribe((topic, options(1, retain_handling=1)))
        one.message(topic, "x", retain=True)
        one.unsubscribe(topic)


def test_retain_handling_1_knows_a_kept_subscription(v5, topic, name):
    """[MQTT-3.3.1-10]: the subscription exists, although the connection is new."""
    one = v5.kept(name)
    one.publish(topic, "x", qos=1, retain=True)
    one.subscribe((topic, options(1, retain_handling=1)))
    one.message(topic, "x", retain=True)
    one.disconnect()
    one = v5.kept(name)
    one.subscribe((topic, options(1, retain_handling=1)))
    one.expect_nothing()


def test_retain_handling_3_is_an_error(v5, topic):
    """3.8.3.1: a protocol error"""
    one = v5()
    one.send(subscribe(V5, 1, [(topic, options(retain_handling=3))]))
    one.expect_closed(0x81, 0x82)


def test_each_filter_has_its_own_options(v5, topic):
    """3.8.3.1"""
    one = v5()
    for part in "abc":
        one.publish(f"{topic}/{part}", part, qos=1, retain=True)
    got = one.subscribe(
        (f"{topic}/a", options(0, retain_handling=0)),
        (f"{topic}/b", options(1, no_local=True, retain_handling=2)),
        (f"{topic}/c", options(2, retain_as_published=True, retain_handling=1)),
    )
    assert got.reasons == [0, 1, 2]
    first, second = one.message(), one.message()
    assert {(p.topic, p.qos) for p in (first, second)} == {(f"{topic}/a", 0), (f"{topic}/c", 1)}
    one.expect_nothing()


# --- Subscription identifiers ---------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 127, 128, 16_383, 16_384, 2_097_152, 268_435_455])
def test_a_message_names_its_subscription(v5, topic, number):
    """[MQTT-3.3.4-3]"""
    one = v5()
    one.subscribe(topic, properties={"subscription_id": number})
    one.publish(topic, "x")
    one.message(topic, "x", properties={"subscription_id": number})


def test_a_subscription_without_identifier_has_none(v5, topic):
    """[MQTT-3.3.4-3]"""
    one = v5()
    one.subscribe(f"{topic}/a", properties={"subscription_id": 7})
    one.subscribe(f"{topic}/b")
    one.publish(f"{topic}/b", "x")
    one.message(f"{topic}/b", "x", properties=[])


def test_all_filters_of_a_packet_have_its_identifier(v5, topic):
    """3.8.2.1.2"""
    one = v5()
    one.subscribe(f"{topic}/a", f"{topic}/b", properties={"subscription_id": 7})
    for part in "ab":
        one.publish(f"{topic}/{part}", "x")
        one.message(f"{topic}/{part}", "x", properties={"subscription_id": 7})


def test_overlapping_subscriptions_name_all_identifiers(v5, topic):
    """[MQTT-3.3.4-4] [MQTT-3.3.4-5]: in one copy, or one in each."""
    one, sender = v5(), v5()
    one.subscribe(f"{topic}/#", properties={"subscription_id": 1}, qos=1)
    one.subscribe(f"{topic}/+", properties={"subscription_id": 2}, qos=1)
    one.subscribe(f"{topic}/a", properties={"subscription_id": 300}, qos=1)
    one.subscribe(f"{topic}/a/#", qos=1)
    sender.publish(f"{topic}/a", "x", qos=1)
    one.settle()
    copies = [one.receive() for _ in list(one._early)]
    assert all(p.kind == PUBLISH and p.topic == f"{topic}/a" for p in copies)
    named = sorted(number for p in copies for number in p.all("subscription_id"))
    assert named == [1, 2, 300]
    assert len(copies) == 1 or all(len(p.all("subscription_id")) <= 1 for p in copies)


def test_the_same_filter_again_replaces_the_identifier(v5, topic):
    """[MQTT-3.8.4-3]: also by none."""
    one = v5()
    for said in ({"subscription_id": 1}, {"subscription_id": 2}, None):
        one.subscribe(topic, properties=said)
        one.publish(topic, "x")
        one.message(topic, "x", properties=said or [])


def test_a_retained_message_names_its_subscription(v5, topic):
    """[MQTT-3.3.4-3]"""
    one = v5()
    one.publish(topic, "x", qos=1, retain=True)
    one.subscribe(topic, properties={"subscription_id": 9})
    one.message(topic, "x", retain=True, properties={"subscription_id": 9})


def test_identifiers_stay_with_the_session(v5, topic, name):
    """[MQTT-4.1.0-1], 3.8.2.1.2"""
    one = v5.kept(name)
    one.subscribe(topic, properties={"subscription_id": 9}, qos=1)
    one.disconnect()
    v5().publish(topic, "x", qos=1)
    one = v5.kept(name)
    one.message(topic, "x", properties={"subscription_id": 9})
    one.publish(topic, "y", qos=1)
    one.message(topic, "y", properties={"subscription_id": 9})


def test_identifiers_of_two_clients_are_apart(v5, topic):
    """3.8.2.1.2"""
    one, other = v5(), v5()
    one.subscribe(topic, properties={"subscription_id": 1})
    other.subscribe(topic, properties={"subscription_id": 2})
    one.publish(topic, "x")
    one.message(topic, "x", properties={"subscription_id": 1})
    other.message(topic, "x", properties={"subscription_id": 2})


# --- SUBACK and UNSUBACK --------------------------------------------------------------------------


def test_user_properties_of_a_subscribe_are_read(v5, topic):
    """3.8.2.1.3, 3.10.2.1.2: they change nothing."""
    one = v5()
    assert one.subscribe(topic, properties={"user_property": ("k", "v")}).reasons == [0]
    assert one.unsubscribe(topic, properties={"user_property": ("k", "v")}).reasons == [0]


def test_a_bad_filter_among_good_ones(v5, topic):
    """[MQTT-3.8.4-6] [MQTT-3.9.3-1]: told by its place with 0x8F, or the connection ends."""
    one = v5()
    one.send(subscribe(V5, 1, [(f"{topic}/a", 1), ("a/#/b", 1), (f"{topic}/c", 1)]))
    got = one.receive()
    assert got is None or got.kind != SUBACK or got.reasons == [1, 0x8F, 1], got
