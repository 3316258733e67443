"""A server with --data, killed by kill -9: what it has acknowledged is there when it starts again.

mosquitto, which promises less, is stopped politely when these tests are tried on it.
"""

import pytest

from harness.mqtt_packets import (
    PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, V5, V311, ack, options, publish,
)  # fmt: skip
from harness.testbed import Broker, Clients


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("durable")
    with Broker(folder, data=folder / "data") as running:
        yield running


@pytest.mark.parametrize("qos", [1, 2])
def test_an_acknowledged_message_waits_for_its_receiver(broker, client, topic, name, qos):
    """[MQTT-4.1.0-1] of both, 4.3: PUBACK and PUBREC mean that the server has it."""
    one = client.kept(name)
    one.subscribe(topic, qos=2)
    one.disconnect()
    sender = client()
    for n in range(5):
        sender.publish(topic, str(n), qos=qos)
    broker.restart()
    one = client.kept(name)
    assert one.connack.session_present
    for n in range(5):
        one.message(topic, str(n), qos=qos)
    one.expect_nothing()


def test_a_burst_that_was_acknowledged_is_whole(broker, client, topic, name):
    """[MQTT-4.1.0-1]: as many as had their PUBACK, at the least, in order and without a gap."""
    one = client.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    sender = client()
    for start in range(0, 300, 15):
        sender.send(*[
            publish(client.version, topic, str(start + n), 1, n + 1) for n in range(15)
        ])  # fmt: skip
        for n in range(15):
            sender.expect(PUBACK, id=n + 1)
    broker.restart()
    one = client.kept(name)
    for n in range(300):
        one.message(topic, str(n))
    one.expect_nothing()


def test_retained_messages_survive(broker, client, topic):
    """3.3.1.3 of both"""
    sender = client()
    sender.publish(f"{topic}/kept", "x", qos=1, retain=True)
    sender.publish(f"{topic}/replaced", "old", qos=1, retain=True)
    sender.publish(f"{topic}/replaced", "new", qos=1, retain=True)
    sender.publish(f"{topic}/cleared", "x", qos=1, retain=True)
    sender.publish(f"{topic}/cleared", "", qos=1, retain=True)
    for _ in range(2):
        broker.restart()
        one = client()
        one.subscribe(f"{topic}/+", qos=1)
        got = {(p.topic, p.payload) for p in (one.message(retain=True), one.message(retain=True))}
        assert got == {(f"{topic}/kept", b"x"), (f"{topic}/replaced", b"new")}
        one.expect_nothing()


def test_subscriptions_survive(broker, client, topic, name):
    """[MQTT-4.1.0-1] of both: and those that were ended do not come back."""
    one = client.kept(name)
    one.subscribe(f"{topic}/stays", f"{topic}/goes", qos=1)
    one.unsubscribe(f"{topic}/goes")
    broker.restart()
    one = client.kept(name)
    assert one.connack.session_present
    one.publish(f"{topic}/goes", "x", qos=1)
    one.publish(f"{topic}/stays", "x", qos=1)
    one.message(f"{topic}/stays", "x", qos=1)
    one.expect_nothing()


def test_options_and_identifiers_survive(broker, v5, topic, name):
    """3.8.3.1, 3.8.2.1.2"""
    one = v5.kept(name)
    wanted = options(1, no_local=True, retain_as_published=True)
    one.subscribe((topic, wanted), properties={"subscription_id": 77})
    broker.restart()
    one = v5.kept(name)
    one.publish(topic, "mine", qos=1)
    one.expect_nothing()
    v5().publish(topic, "theirs", qos=1, retain=True, properties={"user_property": ("k", "v")})
    got = one.message(topic, "theirs", retain=True)
    assert dict(got.properties) == {"subscription_id": 77, "user_property": ("k", "v")}


def test_an_unacknowledged_publish_is_sent_again(broker, client, topic, name):
    """[MQTT-4.4.0-1] of both: with DUP and the same id; at QoS 2 also after PUBREC."""
    one = client.kept(name)
    one.subscribe(topic, qos=2)
    sender = client()
    sender.publish(topic, "1", qos=1)
    sender.publish(topic, "2", qos=2)
    sender.publish(topic, "half", qos=2)
    got = [one.expect(PUBLISH, payload=p) for p in ("1", "2", "half")]
    one.send(ack(PUBREC, got[2].id))
    one.answer(PUBREL, got[2].id)
    broker.restart()
    one = client.kept(name)
    again = [one.receive() for _ in range(3)]
    assert {(p.kind, p.id, p.payload) for p in again} == {
        (PUBLISH, got[0].id, b"1"), (PUBLISH, got[1].id, b"2"), (PUBREL, got[2].id, None),
    }  # fmt: skip
    assert all(p.dup for p in again if p.kind == PUBLISH)


def test_what_was_acknowledged_does_not_come_again(broker, client, topic, name):
    """[MQTT-4.3.3-2] (3.1.1), [MQTT-4.3.3-4] (5.0): exactly once at QoS 2 (EMQX CVE-2026-8741)."""
    one = client.kept(name)
    one.subscribe(topic, qos=2)
    client().publish(topic, "x", qos=2)
    one.message(topic, "x")
    one.settle()
    broker.restart()
    one = client.kept(name)
    one.settle()
    # PUBREL may come once more: nobody is told that PUBCOMP was saved, so it may not have been.
    assert [p for p in one._early if p.kind == PUBLISH] == []


@pytest.mark.parametrize("released", [False, True])
def test_6_a_half_received_qos_2_message_is_taken_once(broker, client, topic, name, released):
    """3.1.1 [MQTT-4.3.3-2]; 5.0 [MQTT-4.3.3-10]: the id that had PUBREC is remembered."""
    reader = client.kept(f"{name}R")
    reader.subscribe(topic, qos=2)
    reader.disconnect()
    one = client.kept(name)
    one.send(publish(client.version, topic, "x", 2, 5))
    one.expect(PUBREC, id=5)
    if released:
        one.send(ack(PUBREL, 5))
        one.expect(PUBCOMP, id=5)
    broker.restart()
    one = client.kept(name)
    assert one.connack.session_present
    if not released:
        one.send(publish(client.version, topic, "x", 2, 5, dup=True))
        one.expect(PUBREC, id=5)
    one.send(ack(PUBREL, 5))
    one.expect(PUBCOMP, id=5)
    reader = client.kept(f"{name}R")
    reader.message(topic, "x", qos=2)
    reader.expect_nothing()


def test_sessions_that_end_with_their_connection_are_gone(broker, v3, v5, topic, name):
    """3.1.1 [MQTT-3.1.2-6]; 5.0 3.1.2.11.2"""
    for clients in (v3, v5):
        clients(f"{name}{clients.version}").subscribe(topic, qos=1)
    broker.restart()
    for clients in (v3, v5):
        assert not clients(f"{name}{clients.version}", clean=False).connack.session_present


def test_a_clean_start_is_remembered(broker, client, topic, name):
    """3.1.1 [MQTT-3.1.2-6]; 5.0 [MQTT-3.1.2-4]"""
    client.kept(name).subscribe(topic, qos=1)
    client.kept(name, clean=True)
    broker.restart()
    one = client.kept(name)
    one.publish(topic, "x", qos=1)
    one.expect_nothing()


def test_messages_keep_their_expiry(broker, v5, topic, name):
    """[MQTT-3.3.2-6]"""
    one = v5.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    v5().publish(topic, "x", qos=1, retain=True, properties={"message_expiry": 1000})
    broker.restart()
    got = v5.kept(name).message(topic, "x")
    assert 800 < got.get("message_expiry") <= 1000


@pytest.mark.testbed_only("mosquitto does not end when it is told so while it starts")
def test_a_second_kill_changes_nothing(broker, client, topic, name):
    """[MQTT-4.1.0-1]: what was read back is kept as well as what was written."""
    one = client.kept(name)
    one.subscribe(topic, qos=1)
    one.disconnect()
    client().publish(topic, "x", qos=1)
    for _ in range(3):
        broker.restart()
    one = client.kept(name)
    one.message(topic, "x")
    one.expect_nothing()


@pytest.mark.testbed_only("mosquitto has no such promise")
@pytest.mark.parametrize("version", [V311, V5])
def test_19_state_files_are_private(broker, version, topic, name):
    """Checklist 19 (CVE-2017-9868): nobody else reads queued messages."""
    clients = Clients(broker, version)
    one = clients.kept(name)
    one.subscribe(topic, qos=1)
    one.publish(topic, "secret", qos=1, retain=True)
    clients.close()
    files = [path for path in broker.data.rglob("*") if path.is_file()]
    assert files, "nothing was written"
    for path in files:
        assert path.stat().st_mode & 0o077 == 0 or broker.data.stat().st_mode & 0o077 == 0, path


@pytest.mark.testbed_only("mosquitto stops with an error, which is another choice")
@pytest.mark.parametrize("damage", ["cut", "garbage", "empty"])
def test_19_a_damaged_state_file_does_not_crash_the_server(tmp_path, clients_of, topic, damage):
    """Checklist 19 (mosquitto 2.0.19): it starts with what can be read, or says what is wrong and ends."""
    running = Broker(tmp_path, data=tmp_path / "data")
    with running:
        clients = clients_of(running, V5)
        one = clients.kept("kept")
        one.subscribe(topic, qos=1)
        for n in range(20):
            one.publish(topic, f"message {n}", qos=1, retain=True)
        running.kill()
        for path in [p for p in running.data.rglob("*") if p.is_file()]:
            content = path.read_bytes()
            path.write_bytes({
                "cut": content[: len(content) * 2 // 3],
                "garbage": content[: len(content) // 2] + b"\xa5" * 64 + content[len(content) // 2 :],
                "empty": b"",
            }[damage])  # fmt: skip
        try:
            running.start()
        except AssertionError:
            status = running.process.wait()
            assert status > 0, f"a signal ended it: {running.process}"
            assert str(running.data) in running.process.output, "the message names the file"
            return
        clients_of(running, V5)().settle()
