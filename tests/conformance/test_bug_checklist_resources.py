"""The checklist's "Resources": floods, slowness, full disks. The other lines: test_bug_checklist.py."""

import socket

import pytest

from harness import testbed, waiting
from harness.mqtt_packets import PUBACK, V5, V311, connect, publish
from harness.processes import Process
from harness.testbed import Broker

VERSIONS = pytest.mark.parametrize("version", [V311, V5], ids=["v311", "v5"])
MB = 1024  # in the kilobytes of memory_kb()


def test_17_slow_loris(broker, client):
    """Checklist 17: hundreds who send one byte of CONNECT and wait keep nobody out."""
    slow = [client.raw() for _ in range(300)]
    for one in slow:
        one.send(b"\x10")
    for _ in range(20):
        client().settle()
    for one in slow:
        one.close()


def test_17_half_open_tls(tmp_path, pki):
    """Checklist 17: connections that never begin, or never end, their handshake."""
    with Broker(tmp_path, tls=pki) as running:
        half = [socket.create_connection(running.address) for _ in range(200)]
        for number, one in enumerate(half):
            if number % 2:
                one.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        for _ in range(5):
            with running.wire(V311) as good:
                good.connect("good")
        for one in half:
            one.close()
        running.check()


@pytest.mark.testbed_only("starts the testbed in a shell of its own")
def test_17_descriptors_run_out(tmp_path):
    """Checklist 17: the server waits, does not spin or end, and serves again when some are free."""
    limited = Broker(tmp_path)
    if b"__ubsan_handle" in testbed.PROGRAM.read_bytes():
        pytest.skip("the sanitizer's look at a vtable takes descriptors, and complains when there are none")
    with Process("bash", "-c", f'ulimit -n 64; exec "{testbed.PROGRAM}" --port 0 --open',
                 env=testbed.environment()) as process:
        limited.process = process
        port = process.wait_for_line(r'"port": ?(\d+)').group(1)
        limited.port = int(port)
        many = [socket.create_connection(limited.address) for _ in range(100)]
        assert process.running()
        for one in many:
            one.close()

        def served():
            assert process.running(), f"it ended: {process}"
            with limited.wire(V311) as good:
                good.send(connect(V311, "good"))
                answer = good.receive()
                return answer is not None and answer.reason == 0

        waiting.until("the server serves again", served)
        assert process.stop() == 0


@VERSIONS
def test_17_a_subscriber_that_never_reads(limited, clients_of, version, topic):
    """Checklist 17: its queue is bounded, and its publisher and others go on."""
    running = limited("--session-queue-bytes", 1_000_000)
    clients = clients_of(running, version)
    deaf, sender, good = clients(), clients(), clients()
    deaf.subscribe(topic, qos=1)
    good.subscribe(f"{topic}/good", qos=1)
    before = running.memory_kb()
    for n in range(600):
        sender.publish(topic, b"x" * 100_000, qos=n % 2)
    sender.publish(f"{topic}/good", "x", qos=1)
    good.message(f"{topic}/good", "x")
    assert running.memory_kb() - before < 40 * MB  # of the 60 MB that were sent


@VERSIONS
def test_17_a_session_that_is_away_is_bounded(limited, clients_of, version, topic, name):
    """Checklist 17: 40 MB for a client that does not come; what it gets then is within its bound and in order."""
    running = limited("--session-queue-bytes", 1_000_000)
    clients = clients_of(running, version)
    one = clients.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    sender = clients()
    before = running.memory_kb()
    for n in range(400):
        sender.publish(topic, f"{n:04}".encode() + b"x" * 100_000, qos=1, reason=AnyReason())
    assert running.memory_kb() - before < 30 * MB
    one = clients.kept(name)
    one.settle()
    got = [int(p.payload[:4]) for p in one._early]
    assert got == sorted(got) and 0 < len(got) <= 20


class AnyReason:
    """PUBACK may tell the publisher that a queue is full (0x97), or not."""

    def __eq__(self, reason):
        return reason in (0, 0x10, 0x97)


def test_17_a_retained_message_for_each_of_many_topics(limited, clients_of, topic):
    """Checklist 17: taken up to a limit, at a bounded cost each; afterwards all is as before."""
    running = limited()
    one = clients_of(running, V311)()
    before, count = running.memory_kb(), 20_000
    for start in range(0, count, 500):
        one.send(*[publish(V311, f"{topic}/{n}", b"x", 0, retain=True) for n in range(start, start + 500)])
        one.settle()
    assert running.memory_kb() - before < count * 2  # two kilobytes each
    one.settle()


@pytest.mark.testbed_only("its limit of retained messages")
def test_17_a_million_retained_topics(limited, clients_of, topic):
    """Checklist 17: what is over the limit costs neither memory nor the server's time."""
    limit, count, burst = 5_000, 1_000_000, 20_000
    running = limited("--max-retained", limit)
    one = clients_of(running, V311)()
    before = running.memory_kb()
    for start in range(0, count, burst):
        one.send(*[publish(V311, f"{topic}/{n}", b"x", 0, retain=True) for n in range(start, start + burst)])
        one.settle()
    assert running.memory_kb() - before < 20 * MB
    other = clients_of(running, V311)()
    other.subscribe(f"{topic}/#")
    other.settle()
    assert len(other._early) == limit


def test_17_a_subscriber_to_many_filters_is_bounded(broker, client, topic):
    """Checklist 17: beyond a limit the server says no; it does not end."""
    one = client()
    for start in range(0, 5000, 100):
        got = one.subscribe(*[f"{topic}/{n}/+/#" for n in range(start, start + 100)])
        assert all(reason in (0, 0x80, 0x97) for reason in got.reasons)
    one.disconnect()
    client().settle()


@pytest.mark.testbed_only("starts the testbed in a shell of its own")
@VERSIONS
def test_18_a_disk_that_takes_nothing_more(tmp_path, version):
    """Checklist 18: files may not grow over 256 KB. No message is acknowledged and then lost."""
    data, limited = tmp_path / "data", Broker(tmp_path)
    data.mkdir()
    command = f'trap "" XFSZ; ulimit -f 256; exec "{testbed.PROGRAM}" --port 0 --open --data "{data}"'
    keep = {"clean": False, **({"properties": {"session_expiry": 600}} if version == V5 else {})}
    taken = []
    with Process("bash", "-c", command, env=testbed.environment()) as process:
        limited.process = process
        limited.port = int(process.wait_for_line(r'"port": ?(\d+)').group(1))
        with limited.wire(version) as one:
            one.connect("kept", **keep)
            one.subscribe("t", qos=1)
            one.disconnect()
        with limited.wire(version) as sender:
            sender.connect("sender")
            for n in range(40):
                if not sender.send(publish(version, "t", f"{n:02}".encode() + b"x" * 20_000, 1, n + 1)):
                    break
                got = sender.receive()
                if got is None or got.kind != PUBACK:
                    break
                if got.reason in (0, 0x10):
                    taken.append(n)
        assert process.running(), f"a full disk ended it: {process}"
        limited.kill()
    assert taken, "not even the first message was taken"
    with Broker(tmp_path / "again", data=data) as again, again.wire(version) as one:
        one.connect("kept", **keep)
        one.settle()
        got = [int(p.payload[:2]) for p in one._early if p.kind == 3]
        assert set(taken) <= set(got), f"acknowledged and lost: {sorted(set(taken) - set(got))}"
