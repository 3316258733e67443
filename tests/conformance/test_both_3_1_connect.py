"""3.1 and 3.2 CONNECT and CONNACK: what both versions share."""

import itertools

import pytest

from harness import waiting
from harness.mqtt_packets import (
    CONNACK, PINGRESP, PUBLISH, V5, V311, Will, connect, disconnect, frame, pingreq, publish,
    subscribe, text, unsubscribe,
)  # fmt: skip


@pytest.mark.parametrize("packet", ["PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", "PINGREQ", "DISCONNECT"])
def test_the_first_packet_is_connect(client, packet):
    """[MQTT-3.1.0-1] of both"""
    v = client.version
    one = client.raw()
    one.send({
        "PUBLISH": publish(v, "a", "x"),
        "SUBSCRIBE": subscribe(v, 1, [("a", 0)]),
        "UNSUBSCRIBE": unsubscribe(v, 1, ["a"]),
        "PINGREQ": pingreq(),
        "DISCONNECT": disconnect(),
    }[packet])  # fmt: skip
    assert one.everything() == b""


@pytest.mark.parametrize("second", [V311, V5])
def test_a_second_connect_ends_the_connection(client, name, second):
    """[MQTT-3.1.0-2] of both"""
    one = client(name)
    one.send(connect(second, name))
    one.expect_closed(0x82)


@pytest.mark.parametrize("protocol", ["MQTX", "mqtt", "MQTT ", "MQT", "", "MQIsdp"])
def test_another_protocol_name_is_not_served(client, protocol):
    """[MQTT-3.1.2-1] of both"""
    one = client.raw()
    one.send(connect(client.version, "c", name=protocol))
    assert one.everything() in (b"", b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00")


@pytest.mark.mosquitto_deviates("132 is its bridges' private form of 4", only="132")
@pytest.mark.parametrize("level", [0, 1, 2, 6, 100, 132, 255])
def test_another_protocol_level_is_refused(client, level):
    """[MQTT-3.1.2-2] of both: in words that one of the two versions understands."""
    one = client.raw()
    one.send(connect(client.version, "c", level=level))
    assert one.everything() in (b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00")


def test_the_reserved_connect_flag_is_0(client):
    """[MQTT-3.1.2-3] of both"""
    one = client.raw()
    one.send(connect(client.version, "c", flags=0x03))
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("flags", [0x0A, 0x12, 0x1A, 0x22, 0x3A])
def test_without_a_will_its_qos_and_retain_are_0(client, flags):
    """3.1.1 [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15]; 5.0 [MQTT-3.1.2-11] [MQTT-3.1.2-13]"""
    one = client.raw()
    one.send(connect(client.version, "c", flags=flags))
    one.expect_closed(0x81, 0x82)


def test_a_wills_qos_is_not_3(client):
    """3.1.1 [MQTT-3.1.2-14]; 5.0 [MQTT-3.1.2-12]"""
    one = client.raw()
    one.send(connect(client.version, "c", will=Will("t", b"x"), flags=0x1E))
    one.expect_closed(0x81, 0x82)


def test_the_payload_has_the_fields_that_the_flags_say(client):
    """[MQTT-3.1.3-1] of both; user name and password 3.1.1 [MQTT-3.1.2-19] [MQTT-3.1.2-21]"""
    for flags in (0x06, 0x82, 0xC2, 0xC6):  # announced and not there
        one = client.raw()
        one.send(connect(client.version, "c", flags=flags))
        one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("extra", ["user", "will"])
def test_the_payload_has_no_field_that_the_flags_deny(client, extra):
    """3.1.1 [MQTT-3.1.2-18] [MQTT-3.1.2-11]; 5.0 [MQTT-3.1.2-16] [MQTT-3.1.2-9]"""
    one = client.raw()
    fields = {"user": {"user": "u"}, "will": {"will": Will("t", b"x")}}[extra]
    one.send(connect(client.version, "c", flags=0x02, **fields))
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("fields", [{"user": "u"}, {"user": "", "password": ""},
                                    {"user": "u", "password": b"\x00\xff"}])  # fmt: skip
def test_user_name_and_password_are_read(client, fields):
    """3.1.1 3.1.3.4, 3.1.3.5: the password is any bytes; 5.0 3.1.3.5, 3.1.3.6"""
    client(**fields)


def test_all_fields_at_once(client, topic):
    """[MQTT-3.1.3-1] of both"""
    client(user="u", password=b"p", will=Will(topic, b"gone", 2, True), keep_alive=600)


@pytest.mark.parametrize("length", [1, 22, 23])
def test_client_ids_of_letters_and_digits_are_allowed(client, length):
    """[MQTT-3.1.3-5] of both"""
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for start in range(0, len(letters), length):
        client(letters[start : start + length]).disconnect()


@pytest.mark.parametrize("id", ["a/b", "a b", "+", "#", "$SYS", "\u00e5\u6c34", "x" * 128])
def test_other_client_ids_are_taken_or_refused_by_the_code(client, id):
    """3.1.1 [MQTT-3.1.3-9]; 5.0 [MQTT-3.1.3-8]"""
    one = client.raw()
    one.send(connect(client.version, id))
    answer = one.expect(CONNACK)
    assert answer.reason in ((0, 0x85) if client.version == V5 else (0, 2))
    if answer.reason:
        assert one.receive() is None


def test_connack_comes_before_anything_else(client, name, topic):
    """[MQTT-3.2.0-1] of both: also when messages wait."""
    client.kept(name).subscribe(topic, qos=1)
    client().publish(topic, "x", qos=1)
    one = client.kept(name)
    assert one.connack.session_present  # connect() has taken the very first packet as CONNACK
    one.message(topic, "x")


@pytest.mark.parametrize("clean", [True, False])
def test_a_new_session_is_not_present(client, name, clean):
    """3.1.1 [MQTT-3.2.2-1] [MQTT-3.2.2-3]; 5.0 [MQTT-3.2.2-2]"""
    assert not client(name, clean=clean).connack.session_present


def test_a_kept_session_is_present(client, name):
    """3.1.1 [MQTT-3.2.2-2]; 5.0 [MQTT-3.2.2-3]"""
    for _ in range(3):
        before = client.kept(name)
        before.disconnect()
    assert before.connack.session_present


def test_a_clean_start_is_without_session_and_ends_what_was(client, name, topic):
    """3.1.1 [MQTT-3.1.2-6] [MQTT-3.2.2-1]; 5.0 [MQTT-3.1.2-4] [MQTT-3.2.2-2]"""
    one = client.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    client().publish(topic, "lost", qos=1)
    one = client.kept(name, clean=True)
    assert not one.connack.session_present
    client().publish(topic, "lost too", qos=1)
    one.expect_nothing()


def test_packets_after_connect_need_not_wait_for_connack(client, topic):
    """3.1.1 3.1.4, 5.0 3.1.4: non-normative there, relied on by clients."""
    one = client.raw()
    one.send(connect(client.version, topic), pingreq())
    one.expect(CONNACK, reason=0)
    one.expect(PINGRESP)


# --- Two connections of one client ----------------------------------------------------------------


@pytest.mark.mosquitto_deviates("closes without a DISCONNECT", only="v5")
def test_the_newer_connection_of_a_client_id_wins(client, name):
    """3.1.1 [MQTT-3.1.4-2]; 5.0 [MQTT-3.1.4-3]: and 5.0 says why."""
    older = client(name)
    newer = client(name)
    told = older.expect_closed(0x8E)
    assert client.version == V311 or told is not None, "5.0 must say 0x8E"
    newer.expect_nothing()


@pytest.mark.parametrize("other", [V311, V5])
def test_versions_do_not_separate_client_ids(client, clients_of, broker, name, other):
    """3.1.1 [MQTT-3.1.4-2]; 5.0 [MQTT-3.1.4-3]"""
    older = client(name)
    newer = clients_of(broker, other)(name)
    older.expect_closed(0x8E)
    newer.expect_nothing()


def test_a_takeover_carries_the_session_over(client, name, topic):
    """[MQTT-4.1.0-1] of both: nothing that waits for an acknowledgement is lost."""
    older = client.kept(name)
    older.subscribe(topic, qos=1)
    client().publish(topic, "x", qos=1)
    older.expect(PUBLISH, payload="x")
    newer = client.kept(name)
    assert newer.connack.session_present
    newer.message(topic, "x", dup=True)


def test_a_takeover_sends_the_will_of_the_older(client, name, topic):
    """3.1.1 [MQTT-3.1.2-8]; 5.0 3.1.2.5: the server closed that connection without DISCONNECT."""
    watcher = client()
    watcher.subscribe(topic)
    client(name, will=Will(topic, b"gone"))
    client(name)
    watcher.message(topic, "gone")


# --- Keep alive -----------------------------------------------------------------------------------


def test_silence_of_one_and_a_half_keep_alives_ends_the_connection(client, topic):
    """3.1.1 [MQTT-3.1.2-24]; 5.0 [MQTT-3.1.2-22]: and the will is sent."""
    watcher = client()
    watcher.subscribe(topic)
    silent = client(keep_alive=1, will=Will(topic, b"asleep"))
    silent.expect_closed(0x8D)
    watcher.message(topic, "asleep")


@pytest.mark.parametrize("keep_alive", [0, 0xFFFF])
def test_keep_alive_0_and_the_longest_keep_the_connection(client, keep_alive):
    """3.1.1 and 5.0 3.1.2.10: 0 turns it off; the longest does not wrap (CVE-2020-13849)."""
    quiet = client(keep_alive=keep_alive)
    client(keep_alive=1).expect_closed(0x8D)  # after which 0 or a wrapped number would be over
    quiet.expect_nothing()


def test_any_packet_keeps_the_connection(client, topic):
    """3.1.1 [MQTT-3.1.2-23]; 5.0 [MQTT-3.1.2-20]: while another client that said nothing is closed."""
    busy = client(keep_alive=1)
    silent = client(keep_alive=2)
    packets = itertools.cycle(
        [pingreq(), publish(client.version, topic, "x"), subscribe(client.version, 1, [("a", 0)])]
    )

    def closed():
        busy.send(next(packets))
        return silent.closed_by_now(0.2)

    waiting.until("the silent client is closed", closed)
    busy.settle()


# --- Malformed ------------------------------------------------------------------------------------


def test_a_connect_cut_at_any_byte_is_refused(client):
    """3.1.1 [MQTT-3.1.4-1], 5.0 [MQTT-3.1.4-1]: the length is right, the fields are not all there."""
    whole = connect(client.version, "abc", will=Will("t", b"w"), user="u", password="p")
    assert whole[1] < 128
    for length in range(len(whole) - 2):
        one = client.raw()
        one.send(frame(1, 0, whole[2 : 2 + length]))
        assert one.everything()[:1] in (b"", b"\x20"), length


def test_bytes_after_the_payload_are_refused(client):
    """3.1.1 [MQTT-3.1.4-1], 5.0 [MQTT-3.1.4-1]"""
    one = client.raw()
    whole = connect(client.version, "abc")
    one.send(frame(1, 0, whole[2:] + text("more")))
    one.expect_closed(0x81, 0x82)
