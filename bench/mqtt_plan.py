"""What is measured and what is wanted of it, as data. docs/benchmarks.md says what each line means."""

from dataclasses import dataclass, field

# How a goal is held against what was measured.
RATE = "messages/s, ratio"  # ours to the better mosquitto; more is better
CPU = "broker CPU a message, ratio"  # ours to the better mosquitto; less is better
P99_RATIO = "p99, ratio"  # ours to mosquitto with nodelay; less is better
P99 = "p99, us"  # ours; less is better

PAIRS = 200
FANNED = 200


@dataclass(frozen=True)
class Cell:
    """One load, run against each broker."""

    name: str
    title: str
    load: tuple  # arguments of `mqtt_load traffic`
    tls: bool
    size: int
    measure: str
    goal: float
    protocol: int = 4
    # A cell whose goal is a ratio to another one of ours, not to mosquitto.
    against: str = ""
    # Latency needs a longer run than a rate.
    seconds: float = 2.0

    @property
    def channel(self):
        size = f"{self.size // 1024} KiB" if self.size >= 1024 else f"{self.size} B"
        return f"{'TLS' if self.tls else 'plain'} {size}"

    @property
    def more_is_better(self):
        return self.measure == RATE

    def value(self, result):
        """The measured number of one run."""
        if self.measure == RATE:
            return result["messages_per_second"]
        if self.measure == CPU:
            return result["broker_cpu_us"]
        return result["latency_us"]["p99"]


@dataclass(frozen=True)
class Row:
    """A line of the goals' table: one load at plain 64 B, plain 1 KiB, TLS 64 B, TLS 1 KiB."""

    name: str
    title: str
    load: tuple
    measure: str
    goals: tuple = field(default=())


def _shape(shape, clients, qos, batch, window):
    return (
        "--shape", shape, "--clients", str(clients), "--qos", str(qos),
        "--batch", str(batch), "--window", str(window),
    )  # fmt: skip


CHANNELS = ((False, 64), (False, 1024), (True, 64), (True, 1024))

ROWS = (
    Row("pair-qos0", "one pair, QoS 0", _shape("pairs", 1, 0, 32, 512), RATE, (5, 5, 5, 3)),
    Row("pair-qos1", "one pair, QoS 1", _shape("pairs", 1, 1, 32, 512), RATE, (2.5, 2.5, 2.5, 2)),
    Row("fan-out-qos0", f"1 -> {FANNED}, QoS 0", _shape("fan-out", FANNED, 0, 32, 128), RATE, (10, 4, 4, 2.5)),
    Row("fan-out-qos1", f"1 -> {FANNED}, QoS 1", _shape("fan-out", FANNED, 1, 32, 128), RATE, (8, 6, 4, 2.5)),
    Row("pairs-cpu", f"{PAIRS} pairs, one message a write", _shape("pairs", PAIRS, 0, 1, 1), CPU, (0.75, 0.75, 0.85, 0.85)),
    Row("fan-in-cpu", f"{FANNED} -> 1, one message a write", _shape("fan-in", FANNED, 0, 1, 1), CPU, (0.9, 1.1, 0.95, 1.1)),
)  # fmt: skip

LOCK_STEP = _shape("pairs", 1, 0, 1, 1)
OFFERED = (*_shape("pairs", PAIRS, 1, 1, 1), "--rate", "30000")
DEEP = _shape("pairs", 1, 0, 32, 32)  # each write is the broker's only work: the same on any machine


def _name(row, tls, size):
    return f"{row}-{'tls' if tls else 'plain'}-{size}"


def cells():
    made = [
        Cell(_name(row.name, tls, size), row.title, row.load, tls, size, row.measure, goal)
        for row in ROWS
        for (tls, size), goal in zip(CHANNELS, row.goals)
    ]
    for row, load in (
        ("pair-qos0", _shape("pairs", 1, 0, 4, 32)),
        ("pair-qos1", _shape("pairs", 1, 1, 4, 32)),
        ("fan-out-qos0", _shape("fan-out", FANNED, 0, 1, 4)),
        ("fan-out-qos1", _shape("fan-out", FANNED, 1, 1, 4)),
    ):
        title = next(r.title for r in ROWS if r.name == row)
        for tls in (False, True):
            made.append(Cell(_name(row, tls, 65536), title, load, tls, 65536, RATE, 0.95))
    made += [
        Cell(_name("lock-step", tls, 64), "lock-step round trip", LOCK_STEP, tls, 64, P99_RATIO, 1.0)
        for tls in (False, True)
    ]
    offered = f"{PAIRS} pairs, QoS 1, 30,000/s offered"
    made += [
        Cell(_name("offered", tls, 64), offered, OFFERED, tls, 64, P99, 300, seconds=4.0) for tls in (False, True)
    ]
    for row in ROWS[:2]:
        name = _name(row.name, False, 64)
        made.append(
            Cell(f"{name}-v5", f"{row.title}, MQTT 5 to 3.1.1", row.load, False, 64, RATE, 0.9,
                 protocol=5, against=name)
        )  # fmt: skip
    order = (RATE, CPU, P99_RATIO, P99)
    return sorted(made, key=lambda cell: (bool(cell.against), order.index(cell.measure)))


@dataclass(frozen=True)
class Figure:
    """A number of ours that has a limit of its own, whatever the peer has."""

    name: str
    title: str
    limit: float
    unit: str
    tls: bool = False


FIGURES = (
    Figure("system-calls", "system calls a message, one pair QoS 0, 32 a write", 0.3, ""),
    Figure("instructions", "instructions a message, one pair QoS 0, 32 a write", 1000, ""),
    Figure("idle-memory", "idle memory", 9.0, "MiB", tls=True),
    Figure("connection-plain", "memory of a plain connection", 2.0, "KiB"),
    Figure("connection-tls", "memory of a TLS connection", 25.0, "KiB", tls=True),
    Figure("handshake-full", "broker CPU of a full handshake", 700, "us", tls=True),
    Figure("handshake-resumed", "broker CPU of a resumed handshake", 250, "us", tls=True),
)


def subscriptions():
    """The table that lets the loads above through: (source device, subject, target device)."""
    sources, targets = range(0, 2 * PAIRS, 2), range(1, 2 * PAIRS, 2)
    table = [(s, f"bench/pair/{i}", t) for i, (s, t) in enumerate(zip(sources, targets))]
    table += [(0, "bench/all", 2 * i + 1) for i in range(FANNED)]
    table += [(2 * i, f"bench/in/{i}", 1) for i in range(FANNED)]
    return table
