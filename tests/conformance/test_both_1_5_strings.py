"""1.5.3 (3.1.1), 1.5.4 (5.0): UTF-8 strings, wherever a client may write one."""

import pytest

from harness.mqtt_packets import Will, connect, publish, subscribe, unsubscribe

ILL_FORMED = {
    "cut sequence": b"a\xc3",
    "wrong continuation": b"a\xc3\x28",
    "lone continuation": b"\x80",
    "overlong slash": b"\xc0\xaf",
    "overlong NUL": b"\xc0\x80",
    "high surrogate": b"\xed\xa0\x80",
    "low surrogate": b"\xed\xbf\xbf",
    "surrogate pair": b"\xed\xa0\x80\xed\xb0\x80",
    "over U+10FFFF": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "0xFF": b"\xff",
    "NUL": b"a\x00b",
}

PLACES = {
    "client id": lambda v, text: connect(v, text),
    "will topic": lambda v, text: connect(v, "c", will=Will(text, b"x")),
    "user name": lambda v, text: connect(v, "c", user=text),
    "topic name": lambda v, text: publish(v, text, b"x"),
    "topic name of QoS 2": lambda v, text: publish(v, text, b"x", 2, 1),
    "topic filter": lambda v, text: subscribe(v, 1, [(text, 0)]),
    "second topic filter": lambda v, text: subscribe(v, 1, [("good", 0), (text, 0)]),
    "filter to unsubscribe": lambda v, text: unsubscribe(v, 1, [text]),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", ILL_FORMED)
def test_an_ill_formed_string_ends_the_connection(client, place, fault):
    """3.1.1 [MQTT-1.5.3-1] [MQTT-1.5.3-2] [MQTT-3.1.3-4] [MQTT-3.1.3-10] [MQTT-3.1.3-11] [MQTT-3.3.2-1]
    [MQTT-3.8.3-1] [MQTT-3.10.3-1] [MQTT-4.7.3-2]; 5.0 [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-3.1.3-11]."""
    packet = PLACES[place](client.version, ILL_FORMED[fault])
    one = client.raw() if packet[0] == 0x10 else client()
    one.send(packet)
    # 0x85 and 0x90: the client id and the topic are not valid, which is as true
    one.expect_closed(0x81, 0x82, 0x85, 0x8F, 0x90)


@pytest.mark.parametrize(
    "text",
    ["\ufeff", "a\ufeffb", "\u0451", "\u6c34", "\U0001f4a7", "\u00e5", "a\u030a", " ", "a b", "\ud7ff"],
    ids=["BOM", "BOM-within", "cyrillic", "han", "emoji", "composed", "decomposed", "space",
         "space-within", "last-before-surrogates"],
)  # fmt: skip
def test_any_other_character_passes_unchanged(client, topic, text):
    """3.1.1 [MQTT-1.5.3-3] [MQTT-4.7.3-4]; 5.0 [MQTT-1.5.4-3] [MQTT-4.7.3-4]: a BOM is not stripped,
    nothing is normalized."""
    one = client()
    one.subscribe(f"{topic}/{text}")
    one.publish(f"{topic}/{text}", "x")
    one.message(f"{topic}/{text}", "x")
    one.expect_nothing()


@pytest.mark.parametrize("code", [0x01, 0x1F, 0x7F, 0x9F, 0xFDD0, 0xFFFE, 0xFFFF])
def test_discouraged_characters_pass_or_end_the_connection(client, topic, code):
    """3.1.1 1.5.3, 5.0 1.5.4: control characters and non-characters may be refused, never changed."""
    one, name = client(), f"{topic}/a{chr(code)}b"
    one.send(subscribe(client.version, 1, [(name, 0)]))
    answer = one.receive()
    if answer is None or answer.reasons is None:  # closed, 5.0 perhaps with a word
        return
    if answer.reasons[0] >= 0x80:
        return
    one.publish(name, "x")
    one.message(name, "x")


def test_composed_and_decomposed_letters_are_two_topics(client, topic):
    """[MQTT-4.7.3-4] of both: compared byte by byte."""
    one = client()
    one.subscribe(f"{topic}/\u00e5")
    one.publish(f"{topic}/a\u030a", "x")
    one.expect_nothing()
