"""./dev bench nodes: QoS 1 messages a second that one, two and three services of one store acknowledge, over one bus and
one PostgreSQL, all of it on this machine: with few processors more services cannot be faster here. `--json` prints
one object. No goals."""

import argparse
import multiprocessing
import os
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVERGRASS_BIN", str(ROOT / "build/bench/bin"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))

from harness import nats, postgres  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from harness.group import new_thing  # noqa: E402
from harness.hub import HubClient  # noqa: E402
from table import Table  # noqa: E402

PUBLISHERS = 3  # processes: one of Python's is slower than a service
IN_FLIGHT = 50


def publish(endpoints, thing, number, seconds, counts):
    """As fast as PUBACKs come, so many under way."""
    client = HubClient(endpoints, f"load-{number}", thing)
    paho, room, over = client._client, threading.Semaphore(IN_FLIGHT), threading.Event()
    paho.max_inflight_messages_set(2 * IN_FLIGHT)
    acknowledged = [0]

    def on_publish(*_):
        acknowledged[0] += 1
        room.release()

    paho.on_publish = on_publish
    threading.Timer(seconds, over.set).start()
    while not over.is_set():
        if room.acquire(timeout=1):
            paho.publish(f"load/{number}", b"x" * 100, 1)
    counts.put(acknowledged[0] / seconds)
    client.close()


def rate(nodes, thing, seconds):
    counts = multiprocessing.Queue()
    work = [
        multiprocessing.Process(target=publish, args=(nodes[n % len(nodes)].endpoints, thing, n, seconds, counts))
        for n in range(PUBLISHERS)
    ]
    for each in work:
        each.start()
    total = sum(counts.get() for _ in work)
    for each in work:
        each.join()
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=10)
    wanted = parser.parse_args()
    if postgres.programs() is None or nats.program() is None:
        sys.exit("postgresql-15, nats-server and libnats3.4 are needed")
    table = Table()
    with tempfile.TemporaryDirectory() as folder, postgres.Postgres() as database, nats.Nats() as bus:
        folder = Path(folder)
        first = Cloud(folder / "0", "--bus", bus.url, store=database.new_database())
        nodes = [first] + [Cloud(folder / str(n), "--bus", bus.url, like=first) for n in (1, 2)]
        thing = None
        for count, each in enumerate(nodes, 1):
            each.start()
            thing = thing or new_thing(first.endpoints, folder, "thing")
            table.add(f"acknowledged by {count} services", rate(nodes[:count], thing, wanted.seconds), "messages/s")
        for each in nodes:
            each.process.stop()
    table.show(wanted.json)


if __name__ == "__main__":
    main()
