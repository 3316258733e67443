"""2.2 (3.1.1), 2.1 (5.0): types, flags and remaining length; 2.3 (3.1.1), 2.2.1 (5.0): packet ids."""

import pytest

from harness.mqtt_packets import (
    AUTH, CONNECT, DISCONNECT, PINGREQ, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, SUBSCRIBE,
    UNSUBACK, UNSUBSCRIBE, V5, connect, frame, publish, property_block, subscribe, text, unsubscribe,
)  # fmt: skip

REQUIRED = {
    CONNECT: 0, PUBACK: 0, PUBREC: 0, PUBREL: 2, PUBCOMP: 0, SUBSCRIBE: 2, UNSUBSCRIBE: 2, PINGREQ: 0,
    DISCONNECT: 0,
}  # fmt: skip


def body_of(version, kind):
    if kind == CONNECT:
        return connect(version, "flags")[2:]
    if kind == SUBSCRIBE:
        return subscribe(version, 1, [("a", 0)])[2:]
    if kind == UNSUBSCRIBE:
        return unsubscribe(version, 1, ["a"])[2:]
    return b"" if kind in (PINGREQ, DISCONNECT) else b"\x00\x01"


@pytest.mark.mosquitto_deviates("ignores the flags of acknowledgements and PINGREQ", only="-(4|5|7|12)-")
@pytest.mark.parametrize(
    "kind, flags",
    [(kind, flags) for kind, right in REQUIRED.items() for flags in range(16) if flags != right],
)
def test_wrong_flags_end_the_connection(client, kind, flags):
    """3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1];
    5.0 [MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1]."""
    one = client.raw() if kind == CONNECT else client()
    one.send(frame(kind, flags, body_of(client.version, kind)))
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("flags", [1, 2, 15])
def test_auth_with_wrong_flags_ends_the_connection(v5, flags):
    """[MQTT-3.15.1-1]"""
    one = v5()
    one.send(frame(AUTH, flags))
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("flags", [0, 15])
def test_type_0_does_not_exist(client, flags):
    """3.1.1 2.2.1, 5.0 2.1.2"""
    one = client()
    one.send(frame(0, flags))
    one.expect_closed(0x81, 0x82)


def test_type_15_does_not_exist_in_3_1_1(v3):
    """3.1.1 2.2.1: reserved; 5.0 made AUTH of it."""
    one = v3()
    one.send(frame(15, 0))
    one.expect_closed()


@pytest.mark.mosquitto_deviates("takes what only a server sends", only="-(9|11|13)")
@pytest.mark.parametrize("kind", [2, SUBACK, UNSUBACK, 13])
def test_what_only_a_server_sends_ends_the_connection(client, kind):
    """3.1.1 table 2.1 and [MQTT-4.8.0-1]; 5.0 table 2-1"""
    one = client()
    body = {2: b"\0\0", 13: b""}.get(kind, b"\0\1" + (b"\0\0" if client.version == V5 else b"\0"))
    one.send(frame(kind, 0, body))
    one.expect_closed(0x81, 0x82)


# --- Remaining length -----------------------------------------------------------------------------


def publish_of(version, topic, remaining):
    """(packet, payload) where the remaining length is exactly this."""
    head = len(publish(version, topic)) - 2
    payload = b"x" * (remaining - head)
    return publish(version, topic, payload), payload


@pytest.mark.parametrize("remaining", [127, 128, 129, 16_383, 16_384, 16_385, 100_000])
def test_each_length_of_the_length_is_read_and_written(client, topic, remaining):
    """3.1.1 2.2.3, 5.0 2.1.4: the sizes where the encoding grows."""
    one = client()
    one.subscribe(topic)
    packet, payload = publish_of(client.version, topic, remaining)
    one.send(packet)
    one.message(topic, payload)


@pytest.mark.parametrize("remaining", [2_097_151, 2_097_152, 2_100_000])
@pytest.mark.parametrize("version", [4, 5])
def test_a_length_of_four_bytes_is_read_and_written(limited, clients_of, topic, version, remaining):
    """3.1.1 2.2.3, 5.0 2.1.4"""
    with clients_of(limited("--max-packet-bytes", 3_000_000), version)() as one:
        one.subscribe(topic)
        packet, payload = publish_of(version, topic, remaining)
        one.send(packet)
        one.message(topic, payload)


@pytest.mark.parametrize("length", [b"\x82\x80\x00", b"\x82\x80\x80\x00"], ids=["three", "four"])
def test_a_length_that_is_not_minimal_is_read_or_refused(v3, length):
    """3.1.1 2.2.3 does not forbid the long form of a small number; it must not be misread."""
    one = v3()
    body = text("t") + b"x" * 127
    one.send(bytes([0x30]) + length + body)
    one.send(b"\xc0\x00")
    answer = one.receive()
    assert answer is None or answer.kind == 13, answer


@pytest.mark.parametrize("first", [0x10, 0x30, 0x82, 0xC0])
def test_a_length_of_five_bytes_ends_the_connection(client, first):
    """3.1.1 2.2.3, 5.0 1.5.5: at most four bytes."""
    one = client.raw() if first == 0x10 else client()
    one.send(bytes([first]) + b"\xff\xff\xff\xff\x01" + b"\0" * 16)
    one.expect_closed(0x81, 0x82, 0x95)


def test_packets_may_arrive_byte_by_byte(client, topic):
    """3.1.1 and 5.0 4.2: the transport is a stream."""
    one = client()
    for packet in (subscribe(client.version, 1, [(topic, 1)]), publish(client.version, topic, "x")):
        for byte in packet:
            one.send(bytes([byte]))
    one.expect(SUBACK, id=1)
    one.message(topic, "x")


def test_packets_may_arrive_in_one_segment(client, topic):
    """3.1.1 and 5.0 4.2"""
    one = client.raw()
    one.send(
        connect(client.version, "") if client.version == V5 else connect(client.version, topic),
        subscribe(client.version, 1, [(topic, 0)]),
        *[publish(client.version, topic, str(n)) for n in range(5)],
        frame(PINGREQ, 0),
    )
    one.expect(2, reason=0)
    one.expect(SUBACK, id=1)
    for n in range(5):
        one.expect(PUBLISH, payload=str(n))
    one.expect(13)


# --- Packet ids -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PUBLISH 1", "PUBLISH 2", "SUBSCRIBE", "UNSUBSCRIBE"])
def test_packet_id_0_ends_the_connection(client, kind):
    """3.1.1 [MQTT-2.3.1-1]; 5.0 [MQTT-2.2.1-3]"""
    one, v = client(), client.version
    one.send({
        "PUBLISH 1": publish(v, "a", "x", 1, 0),
        "PUBLISH 2": publish(v, "a", "x", 2, 0),
        "SUBSCRIBE": subscribe(v, 0, [("a", 0)]),
        "UNSUBSCRIBE": unsubscribe(v, 0, ["a"]),
    }[kind])  # fmt: skip
    one.expect_closed(0x81, 0x82)


@pytest.mark.parametrize("id", [1, 255, 256, 0x7FFF, 0x8000, 0xFFFF])
def test_every_answer_has_the_id_of_what_it_answers(client, topic, id):
    """3.1.1 [MQTT-2.3.1-6] [MQTT-2.3.1-7]; 5.0 [MQTT-2.2.1-5] [MQTT-2.2.1-6]"""
    one, v = client(), client.version
    one.send(subscribe(v, id, [(topic, 0)]))
    one.expect(SUBACK, id=id)
    one.send(unsubscribe(v, id, [topic]))
    one.expect(UNSUBACK, id=id)
    one.send(publish(v, topic, "x", 1, id))
    one.expect(PUBACK, id=id)
    one.send(publish(v, topic, "x", 2, id))
    one.expect(PUBREC, id=id)
    one.send(frame(PUBREL, 2, id.to_bytes(2, "big")))
    one.expect(PUBCOMP, id=id)


def test_ids_of_the_two_directions_are_apart(client, topic):
    """3.1.1 2.3.1, 5.0 2.2.1: client and server choose independently."""
    one, v = client(), client.version
    one.subscribe(topic, qos=1)
    one.send(publish(v, topic, "first", 1, 1))
    one.answer(PUBACK, 1)
    first = one.expect(PUBLISH, payload="first", qos=1)
    one.send(publish(v, topic, "second", 1, first.id))  # in use the other way
    one.answer(PUBACK, first.id)
    second = one.expect(PUBLISH, payload="second", qos=1)
    assert second.id != first.id
    one.acknowledge(first)
    one.acknowledge(second)
    one.expect_nothing()


def test_ids_of_messages_under_way_are_unique(client, topic):
    """3.1.1 [MQTT-2.3.1-2] [MQTT-2.3.1-4]; 5.0 [MQTT-2.2.1-4]"""
    one, sender = client(), client()
    one.subscribe(topic, qos=2)
    for n in range(10):
        sender.publish(topic, str(n), qos=1 + n % 2)
    got = [one.expect(PUBLISH, payload=str(n)) for n in range(10)]
    assert len({p.id for p in got}) == 10
    for p in got:
        one.acknowledge(p)
    one.expect_nothing()


@pytest.mark.parametrize("kind", [PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PUBACK, PUBREC, PUBREL, PUBCOMP])
def test_a_packet_without_its_id_ends_the_connection(client, kind):
    """3.1.1 2.3.1, 5.0 2.2.1"""
    one = client()
    topic = text("a") if kind == PUBLISH else b""
    one.send(frame(kind, 2 if kind in (PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PUBREL) else 0, topic))
    one.expect_closed(0x81, 0x82)


@pytest.mark.mosquitto_deviates("ignores bytes after the last field of acknowledgements")
@pytest.mark.parametrize("kind", [PUBACK, PUBREL])
def test_bytes_after_the_last_field_end_the_connection(client, kind):
    """3.1.1 3.4.1, 5.0 3.4.2: the remaining length is that of the fields."""
    one = client()
    flags = 2 if kind == PUBREL else 0
    extra = b"\0" + property_block(()) + b"?" if client.version == V5 else b"?"
    one.send(frame(kind, flags, b"\0\1" + extra))
    one.expect_closed(0x81, 0x82)
