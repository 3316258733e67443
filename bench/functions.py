"""./dev bench functions: how fast functions start and answer, and what they cost, each beside a peer
in the same run: the bare interpreter, a bare HTTP round trip, crun and runc when they are installed.

A line a measurement: what, our number, the peer's, the goal, and whether it is met. `--json` prints one object.
For a machine that does nothing else.
"""

import argparse
import base64
import json
import os
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVERGRASS_BIN", str(ROOT / "build/bench/bin"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))

from harness import core_socket, isolation, processes  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from harness.core import Core  # noqa: E402
from harness.group import (  # noqa: E402
    Group, entry, function_entry, new_thing, publish_function, subscriptions, zip_of,
)
from run import pss_kb, round_trip  # noqa: E402
from table import Table, percentile  # noqa: E402

PYTHON = "/usr/bin/python3"
HELLO = """
import os, threading

def handler(event, context):
    if event.get('end'):
        threading.Timer(0.01, os._exit, [0]).start()
    return {'hello': 'world'}
"""
NODE_HELLO = """
exports.handler = (event, context, callback) => {
  if (event.end) setTimeout(() => process.exit(0), 10);
  callback(null, { hello: 'world' });
};
"""
ECHO = """
import greengrasssdk
client = greengrasssdk.client('iot-data')

def handler(event, context):
    client.publish(topic='bench/echo', payload=b'{"n":1}')
"""
# As the SDK 1.0 that packages bundle: a connection a call, and a publish that asks for its result.
ECHO_1_0 = """
import base64, json, os
from urllib.request import Request, urlopen

BASE = 'http://localhost:%s/2016-11-01/functions/' % os.environ['GG_DAEMON_PORT']
ROUTER = BASE + os.environ['ROUTER_FUNCTION_ARN']
TOKEN = os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']

def handler(event, context):
    custom = {'custom': {'source': os.environ['MY_FUNCTION_ARN'], 'subject': 'bench/echo10'}}
    posted = urlopen(Request(ROUTER, b'{"n":1}', {
        'Authorization': TOKEN, 'X-Amz-Invocation-Type': 'RequestResponse',
        'X-Amz-Client-Context': base64.b64encode(json.dumps(custom).encode()).decode()}))
    invocation = posted.headers['X-Amz-InvocationId']
    urlopen(Request(ROUTER, headers={'Authorization': TOKEN, 'X-Amz-InvocationId': invocation})).read()
"""
# Takes work and gives results with nothing of a runtime between it and the core.
RAW = """
import os, socket

ARN, TOKEN = os.environ['MY_FUNCTION_ARN'], os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']
HEAD = ' /2016-11-01/functions/%s/work HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: %s\\r\\n' % (ARN, TOKEN)
core = socket.create_connection(('127.0.0.1', int(os.environ['GG_DAEMON_PORT'])))
core.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

def ask(request):
    core.sendall(request.encode())
    answer = b''
    while b'\\r\\n\\r\\n' not in answer:
        answer += core.recv(4096)
    head, _, body = answer.partition(b'\\r\\n\\r\\n')
    fields = dict(line.lower().split(': ', 1) for line in head.decode().split('\\r\\n')[1:])
    while len(body) < int(fields.get('content-length', 0)):
        body += core.recv(4096)
    return fields

while True:
    work = ask('GET' + HEAD + '\\r\\n')
    ask('POST' + HEAD + 'X-Amz-InvocationId: %s\\r\\nContent-Length: 2\\r\\n\\r\\n{}' % work['x-amz-invocationid'])
"""
ORDERED = """
seen = []

def handler(event, context):
    if 'n' in event:
        seen.append(event['n'])
    else:
        return seen
"""


def publish_node_function(endpoints, name, source):
    """The ARN of a numbered version, as publish_function has it of Python ones."""
    made = endpoints.boto("lambda").create_function(
        FunctionName=name, Runtime="nodejs12.x", Handler="index.handler", Publish=True,
        Role=f"arn:aws:iam::{endpoints.account}:role/unused", Code={"ZipFile": zip_of(**{"index.js": source})},
    )  # fmt: skip
    return made["FunctionArn"]


def milliseconds(action):
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


def bare_start(*command, times=40):
    """Milliseconds from fork to end, of each run."""
    environment = processes.clean_env()
    return [
        milliseconds(lambda: subprocess.run(command, env=environment, check=True)) for _ in range(times)
    ]


class Asker:
    """Invokes over one connection to the core's socket."""

    def __init__(self, core):
        self._core = core

    def invoke(self, function, payload):
        """Milliseconds from asking to the result."""
        body = {"function": function, "payloadBase64": base64.b64encode(json.dumps(payload).encode()).decode()}
        status, text = core_socket.ask(self._core, "/invoke", "POST", json.dumps(body))
        answer = json.loads(text)
        assert status == 200 and answer["outcome"] == "success", answer
        return answer

    def function(self, name):
        for f in core_socket.status(self._core)["functions"]:
            if f":{name}:" in f["arn"]:
                return f
        raise KeyError(name)

    def wait_for(self, name, workers, state=None):
        """Until so many workers are there, the function in that state."""
        while True:
            f = self.function(name)
            if f["workers"] == workers and state in (None, f["state"]):
                return
            time.sleep(0.005)


def micros_of(answer):
    return answer["tookMicros"]


def cold_starts(table, asker, name, times, bare, how=""):
    """Each from nothing: the worker ends after its answer, and no worker waits ahead. The median."""
    took = []
    for _ in range(times):
        took.append(micros_of(asker.invoke(name, {"end": True})) / 1000)
        asker.wait_for(name, 0)
        # The core starts the next jail, and the interpreter in it, 100 ms after one was taken, and
        # doesn't tell.
        time.sleep(0.3 if how else 0.15)
    table.add(f"cold start{how}, {name}: p50", percentile(took, 0.5), "ms",
              (percentile(bare, 0.5), "bare interpreter"))  # fmt: skip
    table.add(f"cold start{how}, {name}: p99", percentile(took, 0.99), "ms")
    return percentile(took, 0.5)


def ready_starts(table, asker, name, times, goals):
    """By the worker that waits: all others are at work or ended."""
    took = []
    asker.invoke(name, {})
    asker.wait_for(name, 1, "Waiting")
    for _ in range(times):
        took.append(micros_of(asker.invoke(name, {"end": True})) / 1000)
        asker.wait_for(name, 0)
        asker.wait_for(name, 1, "Waiting")
    table.add(f"cold start with a worker that waits, {name}: p50", percentile(took, 0.5), "ms",
              goal=goals[0])  # fmt: skip
    table.add(f"cold start with a worker that waits, {name}: p99", percentile(took, 0.99), "ms",
              goal=goals[1])  # fmt: skip


def burst(table, asker, name, count, bare):
    """So many invocations at once while there is no worker, more than interpreters wait."""
    took = []
    threads = [
        threading.Thread(target=lambda: took.append(micros_of(asker.invoke(name, {})) / 1000))
        for _ in range(count)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    table.add(f"{count} at once without a worker, {name}: the last answered after", max(took), "ms",
              (percentile(bare, 0.5), "bare interpreter"))  # fmt: skip


def bare_http(times=2000):
    """Microseconds of a round trip of one request and answer between two processes' worth of sockets."""
    server = socket.create_server(("127.0.0.1", 0))
    request, answer = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + b"x" * 150, b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 150
    child = os.fork()
    if child == 0:
        peer, _ = server.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while peer.recv(4096):
            peer.sendall(answer)
        os._exit(0)
    client = socket.create_connection(server.getsockname())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        client.sendall(request)
        client.recv(4096)
        took.append((time.perf_counter() - begun) * 1e6)
    client.close()
    os.waitpid(child, 0)
    server.close()
    return took


def bare_chain(rate, messages, processes=5):
    """Microseconds that messages at this rate take through a ring of processes that hand them on: what
    this machine takes to wake as many sleepers as a message through a function does (the core's thread
    of the device, its main thread, the worker, and both back; the device)."""
    ends = [socket.socketpair() for _ in range(processes + 1)]
    children = []
    for before, after in zip(ends, ends[1:]):
        children.append(os.fork())
        if children[-1] == 0:
            for pair in ends:
                for end in set(pair) - {before[1], after[0]}:
                    end.close()
            while data := before[1].recv(64):
                after[0].sendall(data)
            os._exit(0)
    first, last = ends[0][0], ends[-1][1]
    for end in {end for pair in ends for end in pair} - {first, last}:
        end.close()
    sent, took = [], []
    due = time.perf_counter()
    while len(took) < messages:
        left = due - time.perf_counter()
        if left <= 0 and len(sent) < messages:
            sent.append(time.perf_counter())
            first.sendall(b"x" * 64)
            due += 1 / rate
        elif select.select([last], [], [], left if len(sent) < messages else None)[0]:
            last.recv(64, socket.MSG_WAITALL)
            took.append((time.perf_counter() - sent[len(took)]) * 1e6)
    first.close()
    for child in children:
        os.waitpid(child, 0)
    last.close()
    return took


def containers(table, bare):
    """Engines that start a container a call, with the same program in it."""
    for engine in ("crun", "runc"):
        if not shutil.which(engine):
            continue
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([engine, "spec"], cwd=folder, check=True)
            path = Path(folder, "config.json")
            spec = json.loads(path.read_text())
            spec["process"].update(terminal=False, args=[PYTHON, "-c", "pass"])
            os.mkdir(Path(folder, "rootfs"))
            spec["root"] = {"path": f"{folder}/rootfs", "readonly": False}
            spec["mounts"] = [m for m in spec["mounts"] if m["type"] != "cgroup"] + [
                {"destination": d, "type": "bind", "source": d, "options": ["rbind", "ro"]}
                for d in ("/usr", "/lib", "/lib64", "/bin", "/etc") if os.path.exists(d)
            ]
            path.write_text(json.dumps(spec))
            # crun refuses a host that has both versions of control groups; without the second it works.
            hide = "umount /sys/fs/cgroup/unified 2>/dev/null; " if engine == "crun" else ""
            command = f"{hide}exec {engine} run --bundle {folder} bench$$"
            try:
                took = bare_start("unshare", "-m", "--propagation", "private", "sh", "-c", command, times=20)
            except subprocess.CalledProcessError as failed:
                print(f"{engine} does not run here: {failed}", file=sys.stderr)
                continue
        table.add(f"{engine} run, python3 -c pass: p50", percentile(took, 0.5), "ms",
                  (percentile(bare, 0.5), "bare interpreter"))  # fmt: skip


def measure(folder, options):
    folder, table = Path(folder), Table()
    scale = 0.1 if options.quick else 1
    bare = bare_start(PYTHON, "-c", "pass")
    node = shutil.which("node", path="/usr/local/bin:/usr/bin:/bin")
    containers(table, bare)
    with Cloud(folder / "cloud") as cloud:
        endpoints = cloud.endpoints
        core_thing, device = (new_thing(endpoints, folder / "things", n) for n in ("core", "device"))
        arns = {name: publish_function(endpoints, name, source) for name, source in {
            "hello": HELLO, "plain": HELLO, "warm": HELLO, "raw": RAW, "echo": ECHO, "echo10": ECHO_1_0, "ordered": ORDERED,
        }.items()}  # fmt: skip
        base = [
            function_entry(arns["hello"], pinned=False),
            function_entry(arns["plain"], pinned=False, **isolation.plain()),
            function_entry(arns["warm"], pinned=True),
            function_entry(arns["raw"], pinned=True),
            function_entry(arns["echo"], pinned=True),
            function_entry(arns["echo10"], pinned=True),
            function_entry(arns["ordered"], pinned=True),
        ]
        if node:
            arns["nodehello"] = publish_node_function(endpoints, "nodehello", NODE_HELLO)
            base.append(function_entry(arns["nodehello"], pinned=False, MemorySize=65536))
        routes = subscriptions(
            (device.arn, arns["echo"], "bench/ask"), (arns["echo"], device.arn, "bench/echo"),
            (device.arn, arns["echo10"], "bench/ask10"), (arns["echo10"], device.arn, "bench/echo10"),
        )  # fmt: skip
        group = Group(endpoints, "bench").give(
            cores=[entry(core_thing)], devices=[entry(device)], functions=base, subscriptions=routes
        )
        with Core(folder / "greengrass", endpoints, core_thing) as core:
            core.config["runtime"]["readyWorkers"] = "none"
            core.config["runtime"]["allowFunctionsToRunAsRoot"] = "yes"
            core.write_config()
            core.start()
            group.deploy()
            asker = Asker(core)
            print(f"isolation: {isolation.probe()}", file=sys.stderr)
            contained = cold_starts(table, asker, "hello", int(100 * scale), bare)
            plain = cold_starts(table, asker, "plain", int(100 * scale), bare)
            if node:
                bare_node = bare_start(node, "-e", "0", times=max(int(40 * scale), 10))
                cold_starts(table, asker, "nodehello", max(int(40 * scale), 10), bare_node)
            table.add("cold start: added by isolation, p50", contained - plain, "ms", goal=5)
            table.add("cold start: above the bare interpreter, p50",
                      contained - percentile(bare, 0.5), "ms")  # fmt: skip
            http = bare_http()
            for name, what in (("raw", "a worker without a runtime"), ("warm", "our Python runtime")):
                took = [micros_of(asker.invoke(name, {})) for _ in range(int(3000 * scale))]
                for share, word in ((0.5, "p50"), (0.99, "p99")):
                    # From the answer to GET work to the POST of the result is one round trip.
                    own = percentile(http, share)
                    table.add(f"warm invocation, {what}: {word}", percentile(took, share), "us",
                              (own, "bare HTTP round trip"))  # fmt: skip
                    if name == "raw":
                        table.add(f"warm invocation: added by the core, {word}", percentile(took, share) - own,
                                  "us", goal=150)  # fmt: skip
            ca = group.write_ca(folder / "group.pem")
            chain = bare_chain(500, int(10000 * scale))
            for name, goal, suffix in (("our client", 1000, ""), ("a bundled SDK 1.0", 3000, "10")):
                shown = round_trip(core, device, ca, f"bench/ask{suffix}", f"bench/echo{suffix}",
                                   "--rate", "500", "--messages", str(int(10000 * scale)))  # fmt: skip
                what = f"device -> function -> device, 500/s, {name}"
                for share, word, wanted in ((0.5, "p50", None), (0.99, "p99", goal)):
                    table.add(f"{what}: {word}", shown[f"{word}_us"], "us",
                              (percentile(chain, share), "as many bare hand-overs"), wanted)  # fmt: skip
            queue(table, core, asker)
            core.stop()
            core.config["runtime"]["readyWorkers"] = "interpreter"
            core.write_config()
            core.start()
            asker.invoke("hello", {"end": True})
            time.sleep(0.5)
            waited = cold_starts(table, asker, "hello", int(100 * scale), bare, " in an interpreter that waits")
            table.add("cold start in an interpreter that waits: above the bare interpreter, p50",
                      waited - percentile(bare, 0.5), "ms", goal=5)  # fmt: skip
            time.sleep(0.5)
            burst(table, asker, "hello", 10, bare)
            core.stop()
            core.config["runtime"]["readyWorkers"] = "all"
            core.write_config()
            core.start()
            ready_starts(table, asker, "hello", int(100 * scale), (5, 12))
            if node:
                ready_starts(table, asker, "nodehello", int(100 * scale), (8, None))
            memory(table, endpoints, core, group, base)
            core.stop()
    return table


def queue(table, core, asker):
    """1,000 invocations at once for one worker."""
    count = 1000
    def ask(first):
        for n in range(first, count, 8):
            body = {"function": "ordered", "event": True,
                    "payloadBase64": base64.b64encode(json.dumps({"n": n}).encode()).decode()}  # fmt: skip
            assert core_socket.ask(core, "/invoke", "POST", json.dumps(body))[0] in (200, 202)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    begun = time.perf_counter()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    seen = json.loads(base64.b64decode(asker.invoke("ordered", {})["payloadBase64"]))
    table.add("1,000 queued invocations: lost", count - len(set(seen)), "", goal=0)
    table.add("1,000 queued invocations: worked off in", (time.perf_counter() - begun) * 1000, "ms")


def memory(table, endpoints, core, group, base):
    """What 25 idle functions cost the core itself."""
    before = pss_kb(core.pid)
    more = [
        function_entry(publish_function(endpoints, f"idle{n}", HELLO), pinned=True) for n in range(25)
    ]
    group.give(functions=[*base, *more])
    group.deploy()
    table.add("the core's own memory for an idle function", (pss_kb(core.pid) - before) / 25, "KiB", goal=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    options = parser.parse_args()
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="evergrass-bench-") as folder:
        os.chmod(folder, 0o755)
        table = measure(folder, options)
    table.show(options.json, isolation=isolation.probe())


if __name__ == "__main__":
    main()
