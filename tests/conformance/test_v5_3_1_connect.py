"""3.1 and 3.2 of 5.0: CONNECT, CONNACK and their properties."""

import pytest

from harness.mqtt_packets import (
    CONNACK, PUBACK, PUBREC, SUBACK, UNSUBACK, V5, Will, connect, disconnect, publish, subscribe,
    unsubscribe,
)  # fmt: skip


def test_an_empty_client_id_is_given_one(v5):
    """[MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]: unique, and good for a later connection."""
    ids = [v5("").connack.get("assigned_client_id") for _ in range(3)]
    assert all(ids) and len(set(ids)) == 3
    one = v5("", properties={"session_expiry": 60})
    name = one.connack.get("assigned_client_id")
    one.disconnect()
    assert v5(name, clean=False).connack.session_present


def test_an_empty_client_id_goes_without_clean_start_too(v5):
    """[MQTT-3.1.3-6]: unlike 3.1.1"""
    one = v5("", clean=False, properties={"session_expiry": 60})
    assert one.connack.get("assigned_client_id") and not one.connack.session_present


def test_a_client_id_of_ones_own_is_not_replaced(v5):
    """3.2.2.3.7"""
    assert v5().connack.get("assigned_client_id") is None


def test_a_password_needs_no_user_name(v5):
    """3.1.2.9: unlike 3.1.1"""
    v5(password=b"p")


def test_everything_that_is_not_said_is_allowed(v5):
    """3.2.2.3.4 to 3.2.2.3.13, [MQTT-3.2.2-9]: this server has no lesser QoS, and retained messages."""
    said = v5().connack
    assert said.get("maximum_qos") is None  # 2 is never written
    for name in ("retain_available", "wildcard_available", "subscription_ids_available",
                 "shared_available"):  # fmt: skip
        assert said.get(name, 1) == 1, name
    assert said.get("receive_maximum", 65_535) > 0
    assert said.get("maximum_packet_size", 1) > 0


def test_no_response_information_unless_asked(v5):
    """[MQTT-3.1.2-28]"""
    assert v5().connack.get("response_info") is None
    assert v5(properties={"request_response_info": 0}).connack.get("response_info") is None


@pytest.mark.parametrize("level", [6, 200])
def test_an_unacceptable_level_is_told(v5, level):
    """[MQTT-3.1.2-2] [MQTT-3.2.2-6] [MQTT-3.2.2-7]: 0x84, or 3.1.1's code 1"""
    one = v5.raw()
    one.send(connect(V5, "c", level=level))
    assert one.everything() in (b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00")


@pytest.mark.parametrize(
    "properties",
    [{"session_expiry": 0}, {"session_expiry": 0xFFFFFFFF}, {"receive_maximum": 65_535},
     {"maximum_packet_size": 0xFFFFFFFF}, {"topic_alias_maximum": 0}, {"topic_alias_maximum": 65_535},
     {"request_problem_info": 0}, {"request_problem_info": 1}, {"request_response_info": 1},
     {"user_property": ("", "")}],
    ids=lambda p: "-".join(map(str, *p.items())),
)  # fmt: skip
def test_the_edges_of_each_property_are_accepted(v5, properties):
    """3.1.2.11"""
    v5(properties=properties).settle()


# --- Session expiry -------------------------------------------------------------------------------


@pytest.mark.parametrize("properties", [None, {"session_expiry": 0}])
def test_without_expiry_the_session_ends_with_the_connection(v5, name, properties):
    """3.1.2.11.2"""
    for leave in ("disconnect", "vanish"):
        getattr(v5(name, clean=False, properties=properties), leave)()
        assert not v5(name, clean=False, properties=properties).connack.session_present


@pytest.mark.parametrize("seconds", [60, 0xFFFFFFFF])
def test_with_expiry_the_session_stays(v5, topic, name, seconds):
    """[MQTT-3.1.2-23] [MQTT-3.1.2-5]"""
    one = v5(name, properties={"session_expiry": seconds})
    one.subscribe(topic, qos=1)
    one.vanish()
    v5().publish(topic, "x", qos=1)
    one = v5(name, clean=False, properties={"session_expiry": seconds})
    assert one.connack.session_present
    one.message(topic, "x")


def test_the_expiry_is_that_of_the_last_connect(v5, name):
    """3.1.2.11.2: it is set anew each time."""
    v5(name, properties={"session_expiry": 60}).vanish()
    assert v5(name, clean=False).connack.session_present  # says 0 now
    v5(name, clean=False).vanish()
    assert not v5(name, clean=False).connack.session_present


def test_a_clean_start_keeps_what_comes_after(v5, topic, name):
    """[MQTT-3.1.2-4]: clean start and expiry are two questions."""
    one = v5(name, clean=True, properties={"session_expiry": 60})
    one.subscribe(topic, qos=1)
    one.vanish()
    one = v5(name, clean=False)
    assert one.connack.session_present
    one.publish(topic, "x", qos=1)
    one.message(topic, "x")


def test_a_takeover_with_clean_start_begins_anew(v5, topic, name):
    """[MQTT-3.1.4-3] [MQTT-3.1.4-4]"""
    older = v5(name, properties={"session_expiry": 60})
    older.subscribe(topic, qos=1)
    newer = v5(name, clean=True, properties={"session_expiry": 60})
    assert not newer.connack.session_present
    older.expect_closed(0x8E)
    newer.publish(topic, "x", qos=1)
    newer.expect_nothing()


# --- Maximum packet size --------------------------------------------------------------------------


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_message_over_the_clients_maximum_is_left_out(v5, topic, qos):
    """[MQTT-3.1.2-24] [MQTT-3.1.2-25]: as if it had been sent; the next one comes; others get it."""
    small, large = v5(properties={"maximum_packet_size": 100}), v5()
    small.subscribe(topic, qos=qos)
    large.subscribe(topic, qos=qos)
    sender = v5()
    sender.publish(topic, b"x" * 200, qos=qos)
    sender.publish(topic, "after", qos=qos)
    small.message(topic, "after")
    small.expect_nothing()
    large.message(topic, b"x" * 200)
    large.message(topic, "after")


@pytest.mark.mosquitto_deviates("sends packets that are one byte too large")
def test_the_maximum_is_exact(v5, topic):
    """[MQTT-3.1.2-24]: it is of the whole packet."""
    small = v5(properties={"maximum_packet_size": 100})
    small.subscribe(topic)
    room = 100 - len(publish(V5, topic))
    sender = v5()
    sender.publish(topic, b"x" * (room + 1))
    sender.publish(topic, b"y" * room)
    small.message(topic, b"y" * room)
    small.expect_nothing()


def test_user_properties_count_for_the_maximum(v5, topic):
    """[MQTT-3.1.2-24]: a message may not be stripped of them."""
    small = v5(properties={"maximum_packet_size": 100})
    small.subscribe(topic, qos=1)
    sender = v5()
    sender.publish(topic, "x", qos=1, properties={"user_property": ("k", "v" * 100)})
    sender.publish(topic, "after", qos=1)
    small.message(topic, "after")


def test_a_message_that_waits_meets_the_maximum_of_the_new_connection(v5, topic, name):
    """[MQTT-3.1.2-24] [MQTT-3.1.2-25]"""
    one = v5.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    sender = v5()
    sender.publish(topic, b"x" * 500, qos=1)
    sender.publish(topic, "after", qos=1)
    one = v5.kept(name, properties={"maximum_packet_size": 100})
    one.message(topic, "after")
    one.expect_nothing()


def test_no_answer_is_over_the_maximum(v5, topic):
    """[MQTT-3.1.2-24] [MQTT-3.2.2-19] [MQTT-3.4.2-2] [MQTT-3.9.2-1]: reason strings go first."""
    one = v5(properties={"maximum_packet_size": 30})
    for packet in (subscribe(V5, 1, [(topic, 1)]), unsubscribe(V5, 2, ["never"]),
                   publish(V5, f"{topic}/nobody", "x", 1, 3)):  # fmt: skip
        one.send(packet)
        first = one._exactly(2)
        assert first[1] + 2 <= 30
        one._exactly(first[1])
    one.send(b"\0\0")
    assert len(one.everything()) <= 30


# --- Problem information --------------------------------------------------------------------------


def test_without_problem_information_there_are_no_reason_strings(v5, topic):
    """[MQTT-3.1.2-29]: on PUBLISH, CONNACK and DISCONNECT alone."""
    one = v5(properties={"request_problem_info": 0})
    one.subscribe(f"{topic}/a")
    one.send(unsubscribe(V5, 10, ["never"]))
    assert not one.answer(UNSUBACK, 10).properties
    one.send(subscribe(V5, 11, [(f"{topic}/b", 1)]))
    assert not one.answer(SUBACK, 11).properties
    for qos, kind in ((1, PUBACK), (2, PUBREC)):
        one.send(publish(V5, f"{topic}/nobody", "x", qos, 20 + qos))
        assert not one.answer(kind, 20 + qos).properties
    v5().publish(f"{topic}/a", "x", properties={"user_property": ("k", "v")})
    one.message(f"{topic}/a", properties={"user_property": ("k", "v")})


# --- Keep alive, limits of the server -------------------------------------------------------------


def test_a_server_keep_alive_is_said(limited, clients_of):
    """[MQTT-3.1.2-21] [MQTT-3.2.2-21]: to those who want a longer one or none; 3.2.2.3.14"""
    v5 = clients_of(limited("--server-keep-alive", 10), V5)
    for wanted in (0, 60, 65_535):
        assert v5(keep_alive=wanted).connack.get("server_keep_alive") == 10
    assert v5(keep_alive=10).connack.get("server_keep_alive", 10) == 10


@pytest.mark.testbed_only("mosquitto's is ten seconds at the least")
def test_a_server_keep_alive_is_enforced(limited, clients_of):
    """[MQTT-3.1.2-22] [MQTT-3.2.2-22]"""
    one = clients_of(limited("--server-keep-alive", 1), V5)(keep_alive=600)
    assert one.connack.get("server_keep_alive") == 1
    one.expect_closed(0x8D)


def test_a_servers_maximum_packet_size_is_said(limited, clients_of):
    """[MQTT-3.2.2-15]"""
    v5 = clients_of(limited("--max-packet-bytes", 1000), V5)
    assert v5().connack.get("maximum_packet_size") == 1000


def test_a_servers_maximum_packet_size_is_enforced(limited, clients_of, topic):
    """[MQTT-3.2.2-15], 4.13: 0x95; up to it all is well."""
    v5 = clients_of(limited("--max-packet-bytes", 1000), V5)
    one = v5()
    one.subscribe(topic)
    most = v5().connack.get("maximum_packet_size", 1000)
    payload = b"x" * (most - len(publish(V5, topic)) - 1)
    one.publish(topic, payload)
    one.message(topic, payload)
    one.send(publish(V5, topic, b"x" * 1100))
    one.expect_closed(0x95)


def test_a_connect_over_the_maximum_is_refused(limited, clients_of):
    """3.2.2.2: 0x95 in CONNACK, or no word"""
    one = clients_of(limited("--max-packet-bytes", 1000), V5).raw()
    one.send(connect(V5, "c", will=Will("t", b"x" * 2000)))
    one.expect_closed(0x95)


def test_a_full_server_says_so_or_closes(limited, clients_of):
    """3.2.2.2: 0x89 busy, 0x97 quota, 0x9F rate; those who are in stay."""
    v5 = clients_of(limited("--max-connections", 2), V5)
    inside = [v5(), v5()]
    one = v5.raw()
    one.send(connect(V5, "third"))
    one.expect_closed(0x88, 0x89, 0x97, 0x9F, 0x9C)
    for client in inside:
        client.settle()
    inside[0].disconnect()
    v5().settle()


# --- Wills ----------------------------------------------------------------------------------------


def test_disconnect_with_will_message_sends_it(v5, topic):
    """3.14.2.1: reason 0x04"""
    watcher = v5()
    watcher.subscribe(topic)
    v5(will=Will(topic, b"on purpose")).disconnect(0x04)
    watcher.message(topic, "on purpose")


@pytest.mark.mosquitto_deviates("sends the will after 0x04 alone")
@pytest.mark.parametrize("reason", [0x80, 0x81, 0x83, 0x97])
def test_disconnect_with_an_error_sends_the_will(v5, topic, reason):
    """[MQTT-3.1.2-8] [MQTT-3.14.4-3]: only reason 0x00 takes it away."""
    watcher = v5()
    watcher.subscribe(topic)
    v5(will=Will(topic, b"x")).disconnect(reason)
    watcher.message(topic, "x")


def test_a_wills_properties_are_passed_on(v5, topic):
    """3.1.3.2 [MQTT-3.1.3-10]: in the order of the user properties."""
    watcher = v5()
    watcher.subscribe(topic, qos=2)
    said = [
        ("payload_format", 1), ("content_type", "text/plain"), ("response_topic", "answer/here"),
        ("correlation_data", b"\x00\xff"), ("user_property", ("b", "1")), ("user_property", ("a", "2")),
        ("user_property", ("b", "1")),
    ]  # fmt: skip
    v5(will=Will(topic, "w\u00e5s", 1, properties=[*said, ("message_expiry", 500)])).vanish()
    got = watcher.message(topic, "w\u00e5s", qos=1)
    assert 490 < got.get("message_expiry") <= 500
    rest = [pair for pair in got.properties if pair[0] != "message_expiry"]
    assert dict(rest) | {"user_property": 0} == dict(said) | {"user_property": 0}
    assert got.all("user_property") == [("b", "1"), ("a", "2"), ("b", "1")]


@pytest.mark.mosquitto_deviates("waits for the delay although the session has ended")
def test_a_delay_without_a_session_is_none(v5, topic):
    """3.1.3.2.2: the session ends with the connection, and the will is sent then at the latest."""
    watcher = v5()
    watcher.subscribe(topic)
    v5(will=Will(topic, b"now", properties={"will_delay": 3600})).vanish()
    watcher.message(topic, "now")


@pytest.mark.mosquitto_deviates("waits for the delay although the session has ended")
def test_a_takeover_with_clean_start_sends_a_delayed_will(v5, topic, name):
    """3.1.2.5, 3.1.4: the session of the will has ended."""
    watcher = v5()
    watcher.subscribe(topic)
    will = Will(topic, b"ended", properties={"will_delay": 3600})
    v5(name, will=will, properties={"session_expiry": 7200}).vanish()
    v5(name, clean=True)
    watcher.message(topic, "ended")


def test_a_takeover_that_resumes_the_session_stops_a_delayed_will(v5, topic, name):
    """[MQTT-3.1.3-9]"""
    watcher = v5()
    watcher.subscribe(topic)
    will = Will(topic, b"never", properties={"will_delay": 3600})
    v5(name, will=will, properties={"session_expiry": 7200})
    newer = v5(name, clean=False, properties={"session_expiry": 7200})
    newer.publish(topic, "marker")
    watcher.message(topic, "marker")
    newer.disconnect(0, {"session_expiry": 0})
    v5().publish(topic, "marker")
    watcher.message(topic, "marker")


def test_disconnect_takes_a_delayed_will_away(v5, topic, name):
    """[MQTT-3.1.2-10] [MQTT-3.14.4-3]"""
    watcher = v5()
    watcher.subscribe(topic)
    will = Will(topic, b"never", properties={"will_delay": 60})
    one = v5(name, will=will, properties={"session_expiry": 120})
    one.send(disconnect(0))
    one.everything()
    v5(name, clean=True).publish(topic, "marker")
    watcher.message(topic, "marker")


def test_nothing_follows_a_refusal(v5):
    """[MQTT-3.2.2-6] [MQTT-3.2.2-7]"""
    one = v5.raw()
    one.send(connect(V5, "c", properties={"auth_method": "UNKNOWN"}), publish(V5, "t", "x"))
    got = one.receive()
    if got is not None:
        assert got.kind == CONNACK and got.reason >= 0x80 and not got.session_present
        assert one.everything() == b""
