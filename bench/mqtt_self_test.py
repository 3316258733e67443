"""Tries the judge itself: a relay does to the messages what no broker may, and mqtt_load must notice each."""

import json
import socket
import subprocess
import threading

MESSAGES = 500
VICTIM = 200  # the message that something happens to
NO_FAULT = dict.fromkeys(("lost", "reordered", "duplicated", "corrupt", "misrouted", "ack_faults"), 0)


class SelfTestFailed(Exception):
    """mqtt_load cannot be trusted."""


def _packets(stream):
    """(first byte, body, all bytes) of each MQTT packet."""
    while head := stream.read(1):
        length, shift, raw = 0, 0, head
        while True:
            byte = stream.read(1)
            raw += byte
            length |= (byte[0] & 0x7F) << shift
            shift += 7
            if byte[0] < 0x80:
                break
        body = stream.read(length)
        yield head[0], body, raw + body


def _drop(messages):
    del messages[VICTIM]


def _double(messages):
    messages.insert(VICTIM, messages[VICTIM])


def _swap(messages):
    messages[VICTIM], messages[VICTIM + 1] = messages[VICTIM + 1], messages[VICTIM]


def _flip_at(offset):
    def flip(messages):
        damaged = bytearray(messages[VICTIM])
        damaged[offset] ^= 0x10
        messages[VICTIM] = bytes(damaged)

    return flip


def _mark_as_again(messages):
    damaged = bytearray(messages[VICTIM])
    damaged[0] |= 0x08  # DUP
    messages[VICTIM] = bytes(damaged)


def _other_topic(messages):
    messages[VICTIM] = messages[VICTIM].replace(b"bench/pair/0", b"bench/pair/1")


# name: (what happens to the list of PUBLISH packets, to that of their PUBACKs, the faults to be found).
# A message that is damaged or goes astray did not arrive either.
CASES = {
    "nothing": (None, None, {}),
    "a message is lost": (_drop, None, {"lost": 1}),
    "a message comes twice": (_double, None, {"duplicated": 1}),
    "two messages change places": (_swap, None, {"reordered": 1}),
    "a bit of the content flips": (_flip_at(-1), None, {"corrupt": 1, "lost": 1}),
    "a bit of the stamp flips": (_flip_at(-64 + 9), None, {"corrupt": 1, "lost": 1}),
    "a first delivery has DUP": (_mark_as_again, None, {"corrupt": 1, "lost": 1}),
    "a message has another topic": (_other_topic, None, {"misrouted": 1, "lost": 1}),
    "two PUBACKs change places": (None, _swap, {"ack_faults": 2}),
}


def _relay(listener, qos, on_messages, on_acks):
    """As much of a broker as one pair needs; it passes the messages on when it has all of them."""
    connections = []
    try:
        for _ in range(2):  # the subscriber connects first
            connection, _ = listener.accept()
            connections.append(connection)
            stream = connection.makefile("rb")
            packets = _packets(stream)
            next(packets)
            connection.sendall(b"\x20\x02\x00\x00")
            if len(connections) == 1:
                next(packets)
                connection.sendall(b"\x90\x03\x00\x01" + bytes([qos]))
        subscriber, publisher = connections
        messages, acks = [], []
        for _ in range(MESSAGES):
            _, body, raw = next(packets)
            messages.append(raw)
            topic_end = 2 + int.from_bytes(body[:2], "big")
            acks.append(b"\x40\x02" + body[topic_end : topic_end + 2])
        if on_messages:
            on_messages(messages)
        if on_acks:
            on_acks(acks)
        if qos:
            publisher.sendall(b"".join(acks))
        subscriber.sendall(b"".join(messages))
        while subscriber.recv(65536):  # PUBACKs, until the load is done
            pass
    except OSError:
        pass  # the load has ended
    finally:
        for connection in connections:
            connection.close()


def run(program):
    """Raises SelfTestFailed when the load generator did not see what was done to its messages."""
    for name, (on_messages, on_acks, expected) in CASES.items():
        for qos in (0, 1):
            if on_acks and not qos:
                continue
            with socket.create_server(("127.0.0.1", 0)) as listener:
                relay = threading.Thread(target=_relay, args=(listener, qos, on_messages, on_acks), daemon=True)
                relay.start()
                done = subprocess.run(
                    [program, "--port", str(listener.getsockname()[1]), "traffic", "--shape", "pairs",
                     "--qos", str(qos), "--messages", str(MESSAGES), "--window", str(2 * MESSAGES),
                     "--inflight", str(2 * MESSAGES)],
                    capture_output=True, text=True,
                )  # fmt: skip
                relay.join(timeout=20)
            try:
                result = json.loads(done.stdout)
            except ValueError:
                raise SelfTestFailed(f"{name}, QoS {qos}: {done.stderr.strip()}") from None
            if result["faults"] != {**NO_FAULT, **expected} or result["ok"] != (not expected):
                raise SelfTestFailed(f"{name}, QoS {qos}: found {result['faults']}, wanted {expected}")
