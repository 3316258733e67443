"""Three services of one store, each in a network of its own, and what a cable that is pulled does: nobody is told."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import nats, network, postgres, waiting
from harness.cloud import Cloud
from harness.group import new_thing
from harness.hub import HubClient

NO_NETWORK = network.missing_right()

pytestmark = [
    pytest.mark.skipif(
        postgres.programs() is None, reason="PostgreSQL's server is not installed (postgresql-15)"
    ),
    pytest.mark.skipif(
        nats.program() is None,
        reason="NATS's server or client library is not installed (nats-server, libnats3.4)",
    ),
    pytest.mark.skipif(NO_NETWORK is not None, reason=str(NO_NETWORK)),
]


class Node(Cloud):
    """A service in its place. What is asked of it is asked from there."""

    def __init__(self, folder, place, bus, **options):
        super().__init__(folder, "--bus", bus.url, **options)
        self.place, self.wrap = place, place.wrap

    def client(self, name, thing, **options):
        with self.place.inside():
            return HubClient(self.endpoints, name, thing, **options)

    def list_things(self):
        with self.place.inside():
            return [each["thingName"] for each in self.endpoints.boto("iot").list_things()["things"]]


@pytest.fixture
def fleet(tmp_path):
    with network.Network() as net, postgres.Postgres(net.address) as database, nats.Nats(net.address) as bus:
        a = Node(tmp_path / "a", net.place(), bus, store=database.new_database())
        b, c = (Node(tmp_path / name, net.place(), bus, like=a) for name in "bc")
        name = a.store[1].partition("///")[2].partition("?")[0]
        for each in (a, b, c):
            each.store = ["--store", f"postgresql://evergrass@{net.address}/{name}", *a.store[2:]]
        with a, b, c:
            yield a, b, c


def test_a_service_whose_cable_is_pulled_loses_nothing_and_comes_back(fleet, tmp_path):
    a, b, c = fleet
    with a.place.inside():
        thing = new_thing(a.endpoints, tmp_path, "device")
    stays = a.client("stays", thing, keep=600)
    stays.subscribe("cable/#", 1)
    moves = c.client("moves", thing, keep=600)
    moves.subscribe("cable/#", 1)
    at_c = c.client("publisher", thing)
    at_c.publish("cable/c", "before")
    c.place.pull()
    with ThreadPoolExecutor() as pool:
        behind = pool.submit(at_c.publish, "cable/c", "behind")  # has no answer until the cable is back
        c.process.wait_for_line("The bus is gone")
        assert not behind.done()
        with b.client("others", thing) as others:
            for number in range(5):
                others.publish("cable/b", str(number))
        assert sorted(stays.payloads(6)) == ["0", "1", "2", "3", "4", "before"]
        elsewhere = b.client("moves", thing, keep=600)
        assert elsewhere.resumed
        # What was delivered at c just before the cable was pulled may come twice.
        got = set(elsewhere.payloads(5))
        while not {"0", "1", "2", "3", "4"} <= got:
            got.add(elsewhere.receive().payload.decode())
        c.place.mend()
        behind.result()
    assert stays.payloads(1) == ["behind"]
    moves.wait_closed()  # it was taken over meanwhile, as c hears now
    waiting.until("c answers from the store again", lambda: c.list_things() == ["device"])
    for each in (stays, moves, elsewhere, at_c):
        each.close()
