"""2.2.2 Properties: which packet may have which, how often, and how they may be wrong."""

import pytest

from harness.mqtt_packets import (
    AUTH, CONNACK, CONNECT, DISCONNECT, NAMES, PROPERTIES, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL,
    SUBSCRIBE, UNSUBSCRIBE, V5, WILL, Will, ack, connect, disconnect, one_property, publish, subscribe,
    unsubscribe,
)  # fmt: skip

SAMPLE = {"byte": 1, "u16": 1, "u32": 60, "varint": 1, "string": "t", "binary": b"t", "pair": ("k", "v")}
KINDS = [CONNECT, WILL, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT]


def shown(kind):
    return "will" if kind == WILL else NAMES[kind] if isinstance(kind, int) else str(kind)


def packet_with(kind, block):
    """A good packet, but for its properties, which are this block."""
    if kind == CONNECT:
        return connect(V5, "properties", properties=block)
    if kind == WILL:
        return connect(V5, "properties", will=Will("t", b"x", properties=block))
    if kind == PUBLISH:
        return publish(V5, "t", "x", properties=block)
    if kind == SUBSCRIBE:
        return subscribe(V5, 1, [("t", 0)], block)
    if kind == UNSUBSCRIBE:
        return unsubscribe(V5, 1, ["t"], block)
    if kind == DISCONNECT:
        return disconnect(0, block)
    return ack(kind, 1, 0, block)


def expect_refused(v5, kind, block, *reasons):
    one = v5.raw() if kind in (CONNECT, WILL) else v5(properties={"session_expiry": 60})
    one.send(packet_with(kind, block))
    one.expect_closed(*reasons)


def sample(name):
    return one_property(name, SAMPLE[PROPERTIES[name][1]])


WRONG = [(k, n) for k in KINDS for n, row in PROPERTIES.items() if k not in row[2]]
TWICE = [
    (k, n) for k in KINDS for n, row in PROPERTIES.items()
    if k in row[2] and n not in ("user_property", "subscription_id", "auth_data", "server_reference")
]  # fmt: skip


@pytest.mark.parametrize("kind, name", WRONG, ids=shown)
def test_a_property_of_another_packet_is_malformed(v5, kind, name):
    """2.2.2.2 and table 2-4"""
    expect_refused(v5, kind, sample(name), 0x81, 0x82)


@pytest.mark.parametrize("kind, name", TWICE, ids=shown)
def test_a_property_twice_is_a_protocol_error(v5, kind, name):
    """3.1.2.11, 3.1.3.2, 3.3.2.3, 3.4.2.2 ...: only user properties and the server's subscription ids repeat."""
    # 0x8C: the authentication method is unknown anyway; 0x94: so is the alias
    expect_refused(v5, kind, sample(name) * 2, 0x81, 0x82, 0x8C)


@pytest.mark.parametrize("kind", KINDS, ids=shown)
@pytest.mark.parametrize("identifier", [0x00, 0x04, 0x0A, 0x14, 0x2B, 0x7F, 0x80 | 0x01])
def test_a_property_that_does_not_exist_is_malformed(v5, kind, identifier):
    """2.2.2.2"""
    head = bytes([identifier]) + (b"\x02" if identifier & 0x80 else b"")
    expect_refused(v5, kind, head + b"\x01\x01", 0x81, 0x82)


@pytest.mark.parametrize("kind", KINDS, ids=shown)
def test_a_property_cut_at_any_byte_is_malformed(v5, kind):
    """2.2.2.1: the length of the properties ends within one."""
    user = one_property("user_property", ("key", "value"))
    for length in range(1, len(user)):
        expect_refused(v5, kind, user[:length], 0x81, 0x82)


@pytest.mark.parametrize("kind", KINDS, ids=shown)
def test_properties_longer_than_the_packet_are_malformed(v5, kind):
    """2.2.2.1"""
    one = v5.raw() if kind in (CONNECT, WILL) else v5()
    good = packet_with(kind, one_property("user_property", ("k", "v")))
    at = good.index(b"\x26\x00\x01k\x00\x01v") - 1
    assert good[at] == 7
    one.send(good[:at] + b"\xff\xff\x7f" + good[at + 1 :])
    one.send(b"\0" * 200)
    got = one.receive()
    assert got is None or got.reason >= 0x80 or got.kind in (CONNACK,), got


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in (DISCONNECT,)], ids=shown)
def test_user_properties_may_repeat(v5, kind):
    """3.1.2.11.8, 3.3.2.3.7 ...: the same name too."""
    block = b"".join(one_property("user_property", pair) for pair in [("k", "v")] * 3 + [("", "")])
    if kind in (CONNECT, WILL):
        one = v5.raw()
        one.send(packet_with(kind, block))
        one.expect(CONNACK, reason=0)
        one.disconnect()
    else:
        one = v5()
        one.send(packet_with(kind, block))
        one.settle()


@pytest.mark.parametrize("bad", [b"\xc3\x28", b"a\0b"], ids=["ill-formed", "NUL"])
@pytest.mark.parametrize("kind", KINDS, ids=shown)
@pytest.mark.parametrize("place", [0, 1], ids=["name", "value"])
def test_user_properties_are_utf_8(v5, kind, bad, place):
    """[MQTT-1.5.7-1] [MQTT-1.5.4-1] [MQTT-1.5.4-2]"""
    pair = (bad, "v") if place == 0 else ("k", bad)
    expect_refused(v5, kind, one_property("user_property", pair), 0x81, 0x82)


BAD_VALUES = [
    (CONNECT, "request_problem_info", 2, ()),
    (CONNECT, "request_response_info", 2, ()),
    (CONNECT, "receive_maximum", 0, ()),
    (CONNECT, "maximum_packet_size", 0, ()),
    (CONNECT, "auth_data", b"x", ()),
    (CONNECT, "auth_method", b"\xff", ()),
    (WILL, "response_topic", "a/+", (0x90,)),
    (WILL, "response_topic", "a/#", (0x90,)),
    (WILL, "content_type", b"\xc3\x28", ()),
    (PUBLISH, "response_topic", "a/+", (0x90,)),
    (PUBLISH, "response_topic", "#", (0x90,)),
    (PUBLISH, "response_topic", b"\xff", (0x90,)),
    (PUBLISH, "content_type", b"\xff", ()),
    (PUBLISH, "content_type", b"a\0b", ()),
    (PUBLISH, "subscription_id", 1, ()),
    (PUBLISH, "topic_alias", 0, (0x94,)),
    (SUBSCRIBE, "subscription_id", 0, ()),
    (PUBACK, "reason_string", b"\xff", ()),
    (DISCONNECT, "reason_string", b"\xff", ()),
]


@pytest.mark.mosquitto_deviates(
    "takes it", only="auth_data|response_topic-'|PUBLISH-subscription_id"
)
@pytest.mark.parametrize(
    "kind, name, value, more", BAD_VALUES, ids=[f"{shown(k)}-{n}-{v!r}" for k, n, v, _ in BAD_VALUES]
)
def test_a_value_that_is_not_allowed_is_an_error(v5, kind, name, value, more):
    """3.1.2.11.3 to 3.1.2.11.10, [MQTT-3.3.2-8] [MQTT-3.3.2-13] [MQTT-3.3.2-14] [MQTT-3.3.2-19]
    [MQTT-3.3.4-6], 3.8.2.1.2"""
    expect_refused(v5, kind, one_property(name, value), 0x81, 0x82, 0x8C, *more)


def test_two_subscription_ids_in_a_subscribe_are_an_error(v5):
    """3.8.2.1.2"""
    expect_refused(v5, SUBSCRIBE, sample("subscription_id") * 2, 0x81, 0x82)


@pytest.mark.parametrize("encoded", [b"\xff\xff\xff\xff\x01", b"\xff\xff\xff\xff\xff"])
def test_a_variable_byte_integer_has_four_bytes_at_most(v5, encoded):
    """1.5.5"""
    expect_refused(v5, SUBSCRIBE, b"\x0b" + encoded, 0x81, 0x82)


def test_a_packet_without_property_length_is_malformed(v5):
    """[MQTT-2.2.2-1]"""
    for packet in (b"\x82\x06\0\1\0\1t\0", b"\xa2\x05\0\1\0\1t"):
        one = v5()
        one.send(packet)
        one.expect_closed(0x81, 0x82, 0x8F)


def test_auth_is_not_in_use(v5):
    """4.12, 3.15: AUTH without an authentication method in CONNECT is a protocol error."""
    one = v5()
    one.send(bytes([AUTH << 4, 0]))
    one.expect_closed(0x82, 0x8C)
