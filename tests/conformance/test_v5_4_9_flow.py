"""4.9 Flow control: receive maximum both ways; 4.10 request and response; 4.12 and 4.13."""

import pytest

from harness.mqtt_packets import (
    PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, V5, ack, auth, connect, disconnect, frame, publish,
)  # fmt: skip


def slow(v5, maximum, **arguments):
    return v5(properties={"receive_maximum": maximum, "session_expiry": 60}, **arguments)


# --- The client's receive maximum -----------------------------------------------------------------


@pytest.mark.mosquitto_deviates("sends one too many after an acknowledgement", only="(2|5)-.")
@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.parametrize("maximum", [1, 2, 5])
def test_no_more_than_the_clients_maximum_is_under_way(v5, topic, qos, maximum):
    """[MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2]"""
    one, sender = slow(v5, maximum), v5()
    one.subscribe(topic, qos=2)
    for n in range(maximum + 3):
        sender.publish(topic, str(n), qos=qos)
    got = [one.expect(PUBLISH, payload=str(n)) for n in range(maximum)]
    one.expect_nothing()
    for n in range(3):
        one.acknowledge(got.pop(0))
        got.append(one.expect(PUBLISH, payload=str(maximum + n)))
        one.expect_nothing()


def test_at_qos_2_the_place_is_free_after_pubcomp_only(v5, topic):
    """4.9: PUBREC without error leaves the quota as it is."""
    one, sender = slow(v5, 1), v5()
    one.subscribe(topic, qos=2)
    for n in "01":
        sender.publish(topic, n, qos=2)
    first = one.expect(PUBLISH, payload="0")
    one.send(ack(PUBREC, first.id))
    one.expect(PUBREL, id=first.id)
    one.expect_nothing()
    one.send(ack(PUBCOMP, first.id))
    one.message(topic, "1")


def test_an_error_in_pubrec_frees_the_place(v5, topic):
    """4.9: PUBREC of 0x80 or more"""
    one, sender = slow(v5, 1), v5()
    one.subscribe(topic, qos=2)
    for n in "01":
        sender.publish(topic, n, qos=2)
    one.send(ack(PUBREC, one.expect(PUBLISH, payload="0").id, 0x83))
    one.message(topic, "1")


def test_qos_0_and_other_packets_do_not_wait(v5, topic):
    """[MQTT-4.9.0-3] [MQTT-3.3.4-10]"""
    one, sender = slow(v5, 1), v5()
    one.subscribe(topic, qos=1)
    sender.publish(topic, "1", qos=1)
    held = one.expect(PUBLISH, payload="1")
    sender.publish(topic, "0", qos=0)
    one.expect(PUBLISH, payload="0", qos=0)
    one.subscribe(f"{topic}/more")
    one.publish(f"{topic}/more", "x", qos=1)
    one.message(f"{topic}/more", "x", qos=0)
    one.acknowledge(held)
    one.expect_nothing()


@pytest.mark.mosquitto_deviates("sends again all at once")
def test_the_quota_begins_anew_with_the_connection(v5, topic, name):
    """4.9: and what was under way before counts."""
    one = slow(v5, 2, client_id=name)
    one.subscribe(topic, qos=1)
    sender = v5()
    for n in "0123":
        sender.publish(topic, n, qos=1)
    one.expect(PUBLISH, payload="0")
    one.expect(PUBLISH, payload="1")
    one.vanish()
    one = slow(v5, 1, client_id=name, clean=False)
    for n, dup in (("0", True), ("1", True), ("2", False), ("3", False)):
        held = one.expect(PUBLISH, payload=n, dup=dup)
        one.expect_nothing()
        one.acknowledge(held)


def test_retained_messages_keep_to_the_quota(v5, topic):
    """[MQTT-3.3.4-9]"""
    sender = v5()
    for n in range(5):
        sender.publish(f"{topic}/{n}", str(n), qos=1, retain=True)
    one = slow(v5, 2)
    one.subscribe(f"{topic}/+", qos=1)
    seen = set()
    held = [one.expect(PUBLISH), one.expect(PUBLISH)]
    one.expect_nothing()
    while held:
        first = held.pop(0)
        seen.add(first.payload)
        one.acknowledge(first)
        if len(seen) <= 3:
            held.append(one.expect(PUBLISH))
    assert seen == {str(n).encode() for n in range(5)}


# --- The server's receive maximum -----------------------------------------------------------------


@pytest.mark.mosquitto_deviates("answers 0x97 and goes on")
def test_the_servers_maximum_is_said_and_holds(limited, clients_of, topic):
    """[MQTT-3.3.4-7] [MQTT-3.3.4-8], 3.2.2.3.3: one more is 0x93."""
    one = clients_of(limited("--receive-maximum", 3), V5)()
    assert one.connack.get("receive_maximum") == 3
    one.send(*[publish(V5, topic, "x", 2, id) for id in (1, 2, 3)])
    for id in (1, 2, 3):
        one.expect(PUBREC, id=id)
    one.send(publish(V5, topic, "x", 2, 4))
    one.expect_closed(0x93)


def test_the_servers_maximum_counts_what_is_under_way(limited, clients_of, topic):
    """[MQTT-3.3.4-7]: completed messages and QoS 0 do not count."""
    one = clients_of(limited("--receive-maximum", 2), V5)()
    for n in range(10):
        one.publish(topic, "x", qos=1 + n % 2)
        one.send(publish(V5, topic, "x"))
    one.send(publish(V5, topic, "x", 2, 100))
    one.expect(PUBREC, id=100)
    one.publish(topic, "x", qos=1)
    one.send(ack(PUBREL, 100))
    one.expect(PUBCOMP, id=100)
    one.expect_nothing()


# --- 4.10 Request and response --------------------------------------------------------------------


def test_a_request_finds_its_answer(v5, topic):
    """4.10, [MQTT-3.3.2-15] [MQTT-3.3.2-16]: the server carries topic and correlation both ways."""
    asker, other, worker = v5(), v5(), v5()
    worker.subscribe(f"{topic}/work", qos=1)
    for who, one in (("asker", asker), ("other", other)):
        one.subscribe(f"{topic}/answer/{who}", qos=1)
    for number in range(3):
        for who, one in (("asker", asker), ("other", other)):
            one.publish(f"{topic}/work", f"{who} {number}", qos=1, properties={
                "response_topic": f"{topic}/answer/{who}", "correlation_data": bytes([number, 0, 255]),
            })  # fmt: skip
    for _ in range(6):
        request = worker.message(f"{topic}/work")
        worker.publish(
            request.get("response_topic"), b"done " + request.payload, qos=1,
            properties={"correlation_data": request.get("correlation_data")},
        )  # fmt: skip
    for who, one in (("asker", asker), ("other", other)):
        for number in range(3):
            got = one.message(f"{topic}/answer/{who}", f"done {who} {number}")
            assert got.properties == [("correlation_data", bytes([number, 0, 255]))]


def test_response_information_when_asked_is_a_topic_or_nothing(v5):
    """3.1.2.11.6, 3.2.2.3.15: the server may give it."""
    said = v5(properties={"request_response_info": 1}).connack.get("response_info")
    assert said is None or (said and "+" not in said and "#" not in said)


# --- 4.12 Enhanced authentication -----------------------------------------------------------------


@pytest.mark.parametrize("method", ["SCRAM-SHA-1", "", "x" * 1000])
@pytest.mark.parametrize("data", [None, b"", b"n,,n=user"])
def test_an_unknown_authentication_method_is_refused(v5, method, data):
    """[MQTT-4.12.0-1]: 0x8C, or 0x87 not authorized"""
    properties = {"auth_method": method} | ({} if data is None else {"auth_data": data})
    one = v5.raw()
    one.send(connect(V5, "c", properties=properties))
    one.expect_closed(0x8C, 0x87)


def test_without_a_method_the_server_asks_nothing(v5):
    """[MQTT-4.12.0-6]: neither in CONNACK nor by AUTH"""
    said = v5().connack
    assert said.get("auth_method") is None and said.get("auth_data") is None


@pytest.mark.parametrize("reason", [0x00, 0x18, 0x19])
def test_auth_without_a_method_in_connect_is_an_error(v5, reason):
    """[MQTT-4.12.0-7], 4.12.1: also to authenticate again"""
    one = v5()
    one.send(auth(reason, {"auth_method": "SCRAM-SHA-1"}))
    one.expect_closed(0x82, 0x8C)


def test_auth_before_connect_is_an_error(v5):
    """[MQTT-3.1.0-1]"""
    one = v5.raw()
    one.send(auth(0x18, {"auth_method": "x"}))
    assert one.everything() == b""


# --- 3.14 DISCONNECT and 4.13 handling errors -----------------------------------------------------


@pytest.mark.parametrize("form", [b"", b"\0", b"\0\0"], ids=["empty", "reason", "no-properties"])
def test_every_form_of_a_goodbye_is_read(v5, topic, form):
    """3.14.2.1, 3.14.2.2.1: what is left out is normal and none."""
    one = v5()
    one.send(frame(14, 0, form))
    assert one.everything() == b""


def test_a_goodbye_may_have_properties(v5):
    """3.14.2.2"""
    one = v5()
    one.send(disconnect(0, [("reason_string", "bye"), ("user_property", ("k", "v"))]))
    assert one.everything() == b""


def test_goodbye_may_end_the_session(v5, topic, name):
    """3.14.2.2.2: the expiry becomes 0."""
    one = v5.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect(0, {"session_expiry": 0})
    assert not v5.kept(name).connack.session_present


def test_goodbye_may_change_the_expiry(v5, name):
    """3.14.2.2.2"""
    v5(name, properties={"session_expiry": 5}).disconnect(0, {"session_expiry": 600})
    assert v5.kept(name).connack.session_present


def test_goodbye_may_not_make_a_session_that_was_to_end(v5, name):
    """3.14.2.2.2: expiry 0 in CONNECT and another one in DISCONNECT is a protocol error."""
    for properties in (None, {"session_expiry": 0}):
        one = v5(name, properties=properties)
        one.send(disconnect(0, {"session_expiry": 60}))
        one.expect_closed(0x82)
        assert not v5(name, clean=False).connack.session_present


def test_goodbye_with_the_same_0_is_fine(v5):
    """3.14.2.2.2"""
    one = v5()
    one.send(disconnect(0, {"session_expiry": 0}))
    assert one.everything() == b""


@pytest.mark.parametrize("reason", [0x01, 0x7F, 0xFF])
def test_a_goodbye_with_an_unknown_reason_ends_the_connection(v5, reason):
    """[MQTT-3.14.2-1]"""
    one = v5()
    one.send(disconnect(reason))
    one.expect_closed(0x81, 0x82)


@pytest.mark.mosquitto_deviates("ignores the flags of PINGREQ", only="flags")
@pytest.mark.parametrize(
    "bad, reasons",
    [(b"\xc3\x00", (0x81, 0x82)), (b"\x00\x00", (0x81, 0x82)), (b"\x82\x03\0\1\0", (0x81, 0x82)),
     (b"\x36\x06\0\1t\0\1\0", (0x81, 0x82)), (connect(V5, "again"), (0x82,))],
    ids=["flags", "type", "nothing-subscribed", "qos-3", "second-connect"],
)  # fmt: skip
def test_an_error_is_told_and_the_connection_closed(v5, bad, reasons):
    """[MQTT-4.13.1-1] [MQTT-4.13.2-1] [MQTT-3.14.0-1]: DISCONNECT with the reason, then the end."""
    one = v5()
    one.send(bad)
    one.expect_closed(*reasons)


def test_an_error_hurts_nobody_else(v5, topic):
    """4.13"""
    good, bad = v5(), v5()
    good.subscribe(topic, qos=1)
    bad.send(publish(V5, topic, "last words", 1, 1), b"\x00\x00")
    bad.answer(PUBACK, 1)
    bad.expect_closed(0x81, 0x82)
    good.message(topic, "last words")
    good.settle()
