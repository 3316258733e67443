"""MQTT under connections cut, clients taken over and a server killed by kill -9, every message in a ledger.

The clients keep to the standard: they keep their sessions, send again what was not acknowledged and
forget an identifier only when its exchange is complete. So what is lost or doubled is the server's doing.
"""

import pytest

from harness.mqtt_ledger import Client, Ledger, check, settle
from harness.mqtt_packets import V5, V311
from harness.testbed import Broker

TOPICS = 5


def soak(broker, chance, steps, kills, losses=None):
    """Sent = delivered + what is in the file `losses`; without one, nothing may be lost. (ledger, clients)"""
    ledger = Ledger(losses)
    clients = []
    for n in range(6):
        filters = {f"soak/{t}": chance.choice((1, 2)) for t in chance.sample(range(TOPICS), 3)}
        max_packet = 2_000 if losses and n == 1 else None
        clients.append(Client(f"soak{n}", (V311, V5)[n % 2], filters, broker, ledger, max_packet))
    killed_at = set(chance.sample(range(steps), kills))
    try:
        for one in clients:  # nothing is owed to who has not subscribed
            one.connect()
            one.handle(one.wire.receive())
            assert one.subscribed
        for step in range(steps):
            if step in killed_at:
                broker.restart()
                for one in clients:
                    one.cut()
            one, dice = chance.choice(clients), chance.random()
            if one.wire is None:
                one.connect()
            elif dice < 0.02:
                one.cut()
            elif dice < 0.03:
                one.take_over()
            elif dice < 0.75:
                for _ in range(chance.randint(1, 8)):
                    topic, qos, filler = chance.randrange(TOPICS), chance.choice((1, 2)), chance.choice((5, 900, 3000))
                    expiry = 1 if losses and chance.random() < 0.1 else None
                    one.publish(f"soak/{topic}", qos, filler, expiry)
            if chance.random() < 0.7:
                one.pump()
        settle(clients, ledger)
        for one in clients:
            check(one, ledger)
        return ledger, clients
    finally:
        for one in clients:
            one.close()


def in_words(ledger, clients):
    whys = {}
    for messages in ledger.lost().values():
        for why in (each for line in messages.values() for each in line):
            whys[why] = whys.get(why, 0) + 1
    print(f"{len(ledger.published)} messages published, {sum(len(one.got) for one in clients)} delivered, lost: {whys}")
    return whys


@pytest.mark.parametrize("threads", [1, 3])
def test_no_acknowledged_message_is_lost_by_kills_cuts_and_take_overs(tmp_path, chance, rounds, threads):
    steps, kills = rounds((1500, 12), (40_000, 400))
    with Broker(tmp_path, "--threads", threads, data=tmp_path / "data") as broker:
        ledger, clients = soak(broker, chance, steps, kills)
        in_words(ledger, clients)
        assert len(ledger.published) > steps


@pytest.mark.parametrize("threads", [1, 3])
def test_no_acknowledged_message_is_lost_by_cuts_and_take_overs_alone(tmp_path, chance, rounds, threads):
    with Broker(tmp_path, "--threads", threads) as broker:
        in_words(*soak(broker, chance, rounds(1500, 40_000), 0))


def small(tmp_path, threads, **more):
    """A server whose sessions hold little, and that writes down what it drops."""
    losses = tmp_path / "losses"
    flags = ["--threads", threads, "--session-queue-bytes", 30_000, "--losses", losses]
    return losses, Broker(tmp_path, *flags, **more)


@pytest.mark.parametrize("threads", [1, 3])
def test_what_is_sent_is_delivered_or_counted(tmp_path, chance, rounds, threads):
    losses, server = small(tmp_path, threads)
    with server as broker:
        ledger, clients = soak(broker, chance, rounds(2500, 40_000), 0, losses)
        whys, lost = in_words(ledger, clients), ledger.lost()
    assert {"queue full", "packet too large"} <= set(whys)
    for one in clients:
        got = set(one.got)
        for number, lines in lost.get(one.name, {}).items():
            if ledger.published[number][2] == 2:  # of QoS 1 may have been sent again
                assert number not in got, f"{one.name} got {number}, which is said to be lost: {lines}"
                assert len(lines) == 1, f"{number} is counted more than once for {one.name}: {lines}"


@pytest.mark.parametrize("threads", [1, 3])
def test_what_is_sent_is_delivered_or_counted_over_kills(tmp_path, chance, rounds, threads):
    losses, server = small(tmp_path, threads, data=tmp_path / "data")
    steps, kills = rounds((1500, 12), (40_000, 400))
    with server as broker:
        ledger, clients = soak(broker, chance, steps, kills, losses)
        assert "queue full" in in_words(ledger, clients)
