"""3.1 and 3.2 of 3.1.1: what CONNECT and CONNACK have of their own there."""

import pytest

from harness.mqtt_packets import CONNACK, SUBACK, V311, Will, connect, subscribe


def test_an_empty_client_id_with_a_clean_session_is_served(v3, topic):
    """[MQTT-3.1.3-6]: as if the server had chosen one that is unique."""
    one, other = v3(""), v3("")
    one.subscribe(topic)
    other.publish(topic, "x")
    one.message(topic, "x")


def test_an_empty_client_id_without_a_clean_session_is_refused(v3):
    """[MQTT-3.1.3-7] [MQTT-3.1.3-8] [MQTT-3.2.2-4] [MQTT-3.2.2-5]: code 2, and the end."""
    one = v3.raw()
    one.send(connect(V311, "", clean=False))
    one.expect(CONNACK, reason=2, session_present=False)
    assert one.everything() == b""


@pytest.mark.parametrize("level", [6, 7, 200])
def test_an_unacceptable_level_is_told_by_code_1(v3, level):
    """[MQTT-3.1.2-2] [MQTT-3.2.2-4] [MQTT-3.2.2-5]: in 5.0's words too, since the server speaks both."""
    one = v3.raw()
    one.send(connect(V311, "c", level=level))
    assert one.everything() in (b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00")


@pytest.mark.parametrize("flags", [0x42, 0x46])
def test_a_password_needs_a_user_name(v3, flags):
    """[MQTT-3.1.2-22]"""
    one = v3.raw()
    will = Will("t", b"x") if flags & 4 else None
    one.send(connect(V311, "c", password="p", will=will, flags=flags))
    one.expect_closed()


def test_connack_has_two_bytes(v3, name):
    """3.2.1, 3.2.2, [MQTT-3.1.4-4]"""
    one = v3.raw()
    one.send(connect(V311, name))
    assert one._exactly(4) == b"\x20\x02\x00\x00"


def test_no_packet_of_5_0_tells_an_error(v3):
    """[MQTT-4.8.0-1] and 3.14: the server closes; DISCONNECT is a client's word in 3.1.1."""
    one = v3()
    one.send(b"\xff\x00")
    assert one.everything() == b""


def test_a_session_without_clean_flag_does_not_end_by_itself(v3, v5, topic, name):
    """[MQTT-3.1.2-4], 3.1.2.4: 3.1.1 knows no expiry; also after a graceful DISCONNECT."""
    one = v3(name, clean=False)
    one.subscribe(topic, qos=1)
    one.disconnect()
    v5().publish(topic, "x", qos=1)
    one = v3(name, clean=False)
    assert one.connack.session_present
    one.message(topic, "x")


def test_a_clean_session_takes_its_state_with_it(v3, topic, name):
    """[MQTT-3.1.2-6]: neither its own nor an older session's state is there afterwards."""
    v3(name, clean=False).subscribe(topic, qos=1)
    v3(name, clean=True).disconnect()
    one = v3(name, clean=False)
    assert not one.connack.session_present
    one.publish(topic, "x", qos=1)
    one.expect_nothing()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_suback_grants_what_was_asked(v3, topic, qos):
    """[MQTT-3.8.4-5] [MQTT-3.9.3-2]"""
    one = v3()
    one.send(subscribe(V311, 1, [(topic, qos)]))
    one.expect(SUBACK, id=1, reasons=[qos])


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_qos_2_reader_of_lower_messages_gets_them_as_they_are(v3, topic, qos):
    """[MQTT-3.8.4-6]"""
    one, sender = v3(), v3()
    one.subscribe(topic, qos=2)
    sender.publish(topic, "x", qos=qos)
    one.message(topic, "x", qos=qos)
