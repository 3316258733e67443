"""MQTT under connections cut, clients taken over and a server killed by kill -9, every message in a ledger.

The clients keep to the standard: they keep their sessions, send again what was not acknowledged and
forget an identifier only when its exchange is complete. So what is lost or doubled is the server's doing.
"""

import select

import pytest

from harness import waiting
from harness.mqtt_packets import (
    CONNACK, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, V5, V311, ack, connect, pingreq, publish,
    subscribe,
)  # fmt: skip
from harness.testbed import Broker

TOPICS = 5


class Ledger:
    """What each client has to get, has got, and may have got."""

    def __init__(self):
        self.count = 0
        self.published = {}  # number: (sender, topic, qos)
        self.acknowledged = set()

    def new(self, sender, topic, qos):
        self.count += 1
        self.published[self.count] = (sender, topic, qos)
        return self.count

    def owed_to(self, client):
        return [n for n in sorted(self.acknowledged) if self.published[n][1] in client.filters]


class Client:
    """One client over all its connections. Never waits but for CONNACK."""

    def __init__(self, name, version, filters, broker, ledger):
        self.name, self.version, self.broker, self.ledger = name, version, broker, ledger
        self.filters = filters  # topic: granted QoS
        self.wire = None
        self.older = []  # connections that were left open when a newer one took over
        self.subscribed = False
        self.ids = 0
        self.sending = {}  # packet id: [number, qos, packet, released], in order
        self.received_ids = set()  # QoS 2: PUBREC sent, PUBREL not come
        self.got = []

    # Connections

    def connect(self):
        self.wire = None
        wire = self.broker.wire(self.version)
        properties = {"session_expiry": 3600, "receive_maximum": 20} if self.version == V5 else None
        wire.send(connect(self.version, self.name, clean=False, properties=properties))
        answer = wire.receive()
        if answer is None:
            wire.close()
            return
        assert answer.kind == CONNACK and answer.reason == 0, str(answer)
        assert answer.session_present or not self.subscribed, f"the session of {self.name} is lost"
        if not answer.session_present:
            self.subscribed = False
        self.wire = wire
        if not self.subscribed:
            filters = [(topic, qos) for topic, qos in self.filters.items()]
            self.send(subscribe(self.version, self.next_id(), filters))
        for id, (_, qos, packet, released) in list(self.sending.items()):
            self.send(ack(PUBREL, id) if released else bytes([packet[0] | 8]) + packet[1:])

    def take_over(self):
        if self.wire:
            self.older.append(self.wire)
        self.connect()

    def cut(self):
        if self.wire:
            self.wire.close()
            self.wire = None

    def send(self, packet):
        if self.wire and not self.wire.send(packet):
            self.cut()

    # What it says

    def next_id(self):
        while True:
            self.ids = self.ids % 0xFFFF + 1
            if self.ids not in self.sending:
                return self.ids

    def publish(self, topic, qos, filler):
        if self.wire is None or not self.subscribed or len(self.sending) >= 20:
            return
        number, id = self.ledger.new(self.name, topic, qos), self.next_id()
        packet = publish(self.version, topic, f"{number} {'x' * filler}", qos, id)
        self.sending[id] = [number, qos, packet, False]
        self.send(packet)

    # What it hears

    def pump(self):
        """Handles what has come; does not wait for more. True if there was anything."""
        anything = False
        while self.wire and self.readable():
            packet = self.wire.receive()
            if packet is None:
                self.cut()
                break
            anything = True
            self.handle(packet)
        return anything

    def readable(self):
        return self.wire._early or select.select([self.wire._socket], [], [], 0)[0]

    def handle(self, packet):
        kind, id = packet.kind, packet.id
        if kind == SUBACK:
            assert all(reason < 0x80 for reason in packet.reasons), str(packet)
            self.subscribed = True
        elif kind == PUBLISH:
            self.hear(packet)
        elif kind == PUBREL:
            self.received_ids.discard(id)
            self.send(ack(PUBCOMP, id))
        elif kind == PUBREC and id in self.sending:
            assert packet.reason < 0x80, str(packet)
            self.ledger.acknowledged.add(self.sending[id][0])
            self.sending[id][3] = True
            self.send(ack(PUBREL, id))
        elif kind in (PUBACK, PUBCOMP) and id in self.sending:
            assert packet.reason < 0x80 or kind == PUBCOMP, str(packet)
            self.ledger.acknowledged.add(self.sending.pop(id)[0])

    def hear(self, packet):
        number = int(packet.payload.split()[0])
        sender, topic, qos = self.ledger.published[number]
        assert packet.topic == topic, f"{packet} was published to {topic}"
        assert packet.qos == min(qos, self.filters[topic]), str(packet)
        if packet.qos == 2:
            if packet.id not in self.received_ids:
                self.got.append(number)
                self.received_ids.add(packet.id)
            self.send(ack(PUBREC, packet.id))
        else:
            self.got.append(number)
            self.send(ack(PUBACK, packet.id))

    def close(self):
        for wire in [*self.older, *([self.wire] if self.wire else [])]:
            wire.close()


def check(client, ledger):
    """Nothing acknowledged is missing; QoS 2 came once; each sender's messages to a topic are in order."""
    got = set(client.got)
    missing = [n for n in ledger.owed_to(client) if n not in got]
    assert not missing, f"{client.name} did not get {len(missing)} acknowledged messages: {missing[:20]}"
    twice = [
        n for n in got
        if client.got.count(n) > 1 and min(ledger.published[n][2], client.filters[ledger.published[n][1]]) == 2
    ]  # fmt: skip
    assert not twice, f"{client.name} got QoS 2 messages more than once: {twice[:20]}"
    last = {}
    for number in dict.fromkeys(client.got):  # first deliveries
        sender, topic, qos = ledger.published[number]
        key = (sender, topic, qos)
        assert last.get(key, 0) < number, f"{client.name} got {number} of {key} after {last[key]}"
        last[key] = number


def soak(broker, chance, steps, kills):
    ledger = Ledger()
    clients = []
    for n in range(6):
        filters = {f"soak/{t}": chance.choice((1, 2)) for t in chance.sample(range(TOPICS), 3)}
        clients.append(Client(f"soak{n}", (V311, V5)[n % 2], filters, broker, ledger))
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
                    one.publish(f"soak/{chance.randrange(TOPICS)}", chance.choice((1, 2)), chance.choice((5, 900, 3000)))
            if chance.random() < 0.7:
                one.pump()
        settle(clients, ledger)
        for one in clients:
            check(one, ledger)
        return len(ledger.published), sum(len(one.got) for one in clients)
    finally:
        for one in clients:
            one.close()


def settle(clients, ledger):
    """All are connected and everything has been acknowledged and delivered."""

    def quiet():
        for one in clients:
            if one.wire is None:
                one.connect()
            one.pump()
        return all(one.wire and one.subscribed and not one.sending and not one.received_ids for one in clients) and all(
            set(ledger.owed_to(one)) <= set(one.got) for one in clients
        )

    def what():
        lost = {one.name: [n for n in ledger.owed_to(one) if n not in set(one.got)][:10] for one in clients}
        waits = {one.name: [entry[0] for entry in one.sending.values()][:10] for one in clients}
        return f"all that was acknowledged arrives; missing: {lost}; not acknowledged: {waits}"

    waiting.until(what, quiet)
    for one in clients:  # what is under way, and nothing after it
        one.send(pingreq())
        while one.wire and (packet := one.wire.receive()) is not None and packet.kind != PINGRESP:
            one.handle(packet)


@pytest.mark.parametrize("threads", [1, 3])
def test_no_acknowledged_message_is_lost_by_kills_cuts_and_take_overs(tmp_path, chance, rounds, threads):
    steps, kills = rounds((1500, 12), (40_000, 400))
    with Broker(tmp_path, "--threads", threads, data=tmp_path / "data") as broker:
        published, delivered = soak(broker, chance, steps, kills)
        print(f"{published} messages published, {delivered} delivered, {kills} kills")
        assert published > steps


@pytest.mark.parametrize("threads", [1, 3])
def test_no_acknowledged_message_is_lost_by_cuts_and_take_overs_alone(tmp_path, chance, rounds, threads):
    with Broker(tmp_path, "--threads", threads) as broker:
        published, delivered = soak(broker, chance, rounds(1500, 40_000), 0)
        print(f"{published} messages published, {delivered} delivered")
