"""Clients of MQTT that come and go at random, and a ledger of what each of them has to get."""

import json
import select

from . import waiting
from .mqtt_packets import (
    CONNACK, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, V5, ack, connect, pingreq, publish, subscribe,
)  # fmt: skip


class Ledger:
    """What each client has to get.

    `losses`: the server's file of what it dropped (--losses). Each message has a topic of its own then, so that a
    line there tells which one it was.
    """

    def __init__(self, losses=None):
        self.losses = losses
        self.count = 0
        self.published = {}  # number: (sender, topic, qos)
        self.acknowledged = set()

    def new(self, sender, topic, qos):
        self.count += 1
        self.published[self.count] = (sender, topic, qos)
        return self.count

    def name_of(self, number):
        """The topic as it is published."""
        topic = self.published[number][1]
        return f"{topic}/{number}" if self.losses else topic

    def filter_of(self, topic):
        return f"{topic}/+" if self.losses else topic

    def owed_to(self, client):
        return [n for n in sorted(self.acknowledged) if self.published[n][1] in client.filters]

    def lost(self):
        """{client: {number: [why, …]}}, of what the server says."""
        all = {}
        if self.losses and self.losses.exists():
            for line in self.losses.read_text().splitlines():
                entry = json.loads(line)
                number = int(entry["topic"].rpartition("/")[2])
                all.setdefault(entry["client"], {}).setdefault(number, []).append(entry["why"])
        return all

    def missing(self, client, lost):
        """Numbers that it should have got, and of which nobody says why not."""
        got, excused = set(client.got), lost.get(client.name, {})
        return [n for n in self.owed_to(client) if n not in got and n not in excused]


class Client:
    """One client over all its connections. Never waits but for CONNACK."""

    def __init__(self, name, version, filters, broker, ledger, max_packet=None):
        self.max_packet = max_packet  # 5.0
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
        properties = None
        if self.version == V5:
            properties = {"session_expiry": 3600, "receive_maximum": 20}
            if self.max_packet:
                properties["maximum_packet_size"] = self.max_packet
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
            filters = [(self.ledger.filter_of(topic), qos) for topic, qos in self.filters.items()]
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

    def publish(self, topic, qos, filler, expiry=None):
        """`expiry`: seconds, with 5.0."""
        if self.wire is None or not self.subscribed or len(self.sending) >= 20:
            return
        number, id = self.ledger.new(self.name, topic, qos), self.next_id()
        properties = {"message_expiry": expiry} if expiry and self.version == V5 else None
        name, content = self.ledger.name_of(number), f"{number} {'x' * filler}"
        packet = publish(self.version, name, content, qos, id, properties=properties)
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
        assert packet.topic == self.ledger.name_of(number), f"{packet} was published to {topic}"
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
    got, lost = set(client.got), ledger.lost()
    missing = ledger.missing(client, lost)
    assert not missing, f"{client.name} did not get {len(missing)} acknowledged messages: {missing[:20]}"
    twice = [
        n for n in got
        if client.got.count(n) > 1 and min(ledger.published[n][2], client.filters[ledger.published[n][1]]) == 2
    ]  # fmt: skip
    assert not twice, f"{client.name} got QoS 2 messages more than once: {twice[:20]}"
    last = {}
    for number in dict.fromkeys(client.got):  # first deliveries
        sender, topic, qos = ledger.published[number]
        if number in lost.get(client.name, {}):  # and sent again, when there was room
            continue
        key = (sender, topic, qos)
        assert last.get(key, 0) < number, f"{client.name} got {number} of {key} after {last[key]}"
        last[key] = number


def settle(clients, ledger):
    """All are connected and everything has been acknowledged and delivered."""

    def quiet():
        for one in clients:
            if one.wire is None:
                one.connect()
            one.pump()
        if any(not one.wire or not one.subscribed or one.sending or one.received_ids for one in clients):
            return False
        lost = ledger.lost()
        return not any(ledger.missing(one, lost) for one in clients)

    def what():
        lost = {one.name: ledger.missing(one, ledger.lost())[:10] for one in clients}
        waits = {one.name: [entry[0] for entry in one.sending.values()][:10] for one in clients}
        return f"all that was acknowledged arrives; missing: {lost}; not acknowledged: {waits}"

    waiting.until(what, quiet)
    for one in clients:  # what is under way, and nothing after it
        one.send(pingreq())
        while one.wire and (packet := one.wire.receive()) is not None and packet.kind != PINGRESP:
            one.handle(packet)
