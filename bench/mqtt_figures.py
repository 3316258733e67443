"""The numbers of one broker alone: system calls, instructions, memory, handshakes."""

import json
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import mqtt_plan
from mqtt_brokers import Broker, pss_kib


class NotMeasured(Exception):
    """Says what is missing on this machine."""


def _perf_calls(pid, command):
    """System calls of all threads of `pid` while `command` runs, and what that printed."""
    with tempfile.NamedTemporaryFile("r") as out:
        done = subprocess.run(
            ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", str(pid), "-o", out.name, *command],
            capture_output=True, text=True,
        )  # fmt: skip
        counted = re.search(r"^(\d+),.*sys_enter", out.read(), re.MULTILINE)
    if done.returncode != 0 or not counted:
        return None
    return int(counted.group(1)), done.stdout


def _strace_calls(pid, command):
    """As _perf_calls; slower, so that a broker finds more to do in each turn."""
    with tempfile.NamedTemporaryFile("r") as out:
        tracer = subprocess.Popen(
            ["strace", "-f", "-c", "-U", "name,calls", "-p", str(pid), "-o", out.name],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            if "attached" not in tracer.stderr.readline():
                return None
            done = subprocess.run(command, capture_output=True, text=True)
        finally:
            if tracer.poll() is None:
                tracer.send_signal(signal.SIGINT)
            tracer.wait()
            tracer.stderr.close()
        counted = re.search(r"^total\s+(\d+)|^\s*(\d+)\s+total", out.read(), re.MULTILINE)
    if done.returncode != 0 or not counted:
        return None
    return int(counted.group(1) or counted.group(2)), done.stdout


class Figures:
    def __init__(self, bench):
        self.bench = bench

    def measure(self, figure, kind):
        """The figure of one broker. Raises NotMeasured."""
        method = getattr(self, figure.name.replace("-", "_"))
        return method(figure, kind)

    def broker(self, figure, kind, **more):
        return Broker(kind, self.bench.certificates if figure.tls else None, **more)

    def system_calls(self, figure, kind):
        messages = 100_000 if self.bench.quick else 500_000
        for tool, count in (("perf", _perf_calls), ("strace", _strace_calls)):
            if not shutil.which(tool):
                continue
            with self.broker(figure, kind, group=self.bench.group, before=self.bench.broker_core) as broker:
                command = self.bench.load_command(
                    broker, ["traffic", *mqtt_plan.DEEP, "--messages", str(messages)]
                )
                counted = count(broker.pid, command)
            if counted:
                calls, printed = counted
                return calls / json.loads(printed)["messages_all"]
        raise NotMeasured("needs perf or strace, and leave to use them")

    def instructions(self, figure, kind):
        """Two runs that differ only in their messages: the difference has no start-up in it."""
        if not self.bench.deep:
            raise NotMeasured("--deep measures it")
        if not shutil.which("valgrind"):
            raise NotMeasured("needs valgrind")
        few, many = (self._collected(figure, kind, count) for count in (10_000, 60_000))
        return (many - few) / 50_000

    def _collected(self, figure, kind, messages):
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "callgrind"
            before = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
            with self.broker(figure, kind, group=self.bench.group, before=before, patience=120) as broker:
                self.bench.load(broker, ["traffic", *mqtt_plan.DEEP, "--messages", str(messages)])
            collected = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
        if not collected:
            raise NotMeasured("callgrind wrote no totals; did the broker end on SIGTERM?")
        return int(collected.group(1))

    def idle_memory(self, figure, kind):
        with self.broker(figure, kind, group=self.bench.group, before=self.bench.broker_core) as broker:
            return pss_kib(broker.pid) / 1024

    def _connections(self, figure, kind):
        count = self.bench.connections
        with self.broker(figure, kind, group=self.bench.crowd, before=self.bench.broker_core) as broker:
            before = pss_kib(broker.pid)
            command = self.bench.load_command(broker, ["hold", "--count", str(count)])
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as load:
                held = "held" in load.stdout.readline()
                after = pss_kib(broker.pid) if held else 0
                _, said = load.communicate()  # ends its input: it pings each connection and leaves
            if load.returncode != 0:
                raise NotMeasured(f"{count} connections did not stay: {said.strip()}")
        return (after - before) / count

    connection_plain = _connections
    connection_tls = _connections

    def _handshakes(self, figure, kind, *more):
        count = 200 if self.bench.quick else 2000
        with self.broker(figure, kind, group=self.bench.group, before=self.bench.broker_core) as broker:
            result = self.bench.load(broker, ["handshakes", "--count", str(count), *more])
        if more and result["resumed"] < count:
            raise NotMeasured(f"only {result['resumed']} of {count} handshakes were resumed")
        return result["broker_cpu_us"]

    def handshake_full(self, figure, kind):
        return self._handshakes(figure, kind)

    def handshake_resumed(self, figure, kind):
        return self._handshakes(figure, kind, "--resume")
