"""./dev bench service: how many API requests a second the service answers over kept-alive TLS, from wrk, an
HTTP load generator, on the same cores. `--json` prints one object.

The requests are signed once, as a client would for each: the service checks every signature. The peer, where it is
installed, is nginx, which hands out a file of the answer's size over TLS and does nothing else. For an idle machine;
the processor time of a request, all threads together, says something on a busy one too.
"""

import argparse
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVERGRASS_BIN", str(ROOT / "build/bench/bin"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from harness import postgres, processes, waiting  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.processes import Process  # noqa: E402
from run import pss_kb  # noqa: E402
from table import Table  # noqa: E402

CONNECTIONS = 32
GROUPS = 60  # each has a certificate authority of its own

# What wrk sends: one request with the headers and the body that it is given, and the end's figures.
SCRIPT = """
wrk.method = "%(method)s"
wrk.body = %(body)s
%(headers)s
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("figures %%d %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.timeout, e.status, latency:percentile(50), latency:percentile(99),
    summary.bytes))
end
"""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# Requests a second; the rest in microseconds, `processor` of the server for each request.
Run = namedtuple("Run", "rate p50 p99 processor")


def processor_seconds(pid):
    """What the scheduler counted for all threads of it, user and system."""
    return sum(int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


class Load:
    """Runs wrk; one thread, since the service is to have the other core."""

    def __init__(self, folder, seconds):
        self._folder, self._seconds = Path(folder), seconds

    def run(self, pid, url, method="GET", headers=(), body=None):
        """Of the server `pid`. Raises when an answer was an error."""
        script = self._folder / "load.lua"
        script.write_text(SCRIPT % {
            "method": method, "body": "nil" if body is None else quoted(body),
            "headers": "\n".join(f"wrk.headers[{quoted(k)}] = {quoted(v)}" for k, v in headers),
        })  # fmt: skip
        before = processor_seconds(pid)
        done = processes.run("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{self._seconds}s", "-s", script, url)
        figures = re.search(r"^figures (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout, re.M)
        requests, micros, broken, refused, p50, p99 = (int(n) for n in figures.groups())
        if broken or refused:
            raise RuntimeError(f"{method} {url}: {broken} connections broke, {refused} of {requests} refused")
        spent = processor_seconds(pid) - before
        return Run(requests / (micros / 1e6), p50, p99, spent * 1e6 / requests)


def signed(endpoints, service, method, path, body=None):
    """(url, headers) as botocore signs them."""
    url = endpoints.api + path
    headers = {"Content-Type": "application/json"} if body is not None else {}
    request = AWSRequest(method, url, data=body, headers=headers)
    keys = Credentials(endpoints.access_key_id, endpoints.secret_access_key)
    SigV4Auth(keys, service, endpoints.region).add_auth(request)
    return url, [(k, v) for k, v in request.headers.items() if k.lower() != "host"]


def size_of(url, headers):
    """Of the answer's body."""
    asked = urllib.request.Request(url, headers=dict(headers))
    with urllib.request.urlopen(asked, context=ssl._create_unverified_context()) as answer:
        return len(answer.read())


class Nginx:
    """A TLS server that hands out files, or nothing where it is not installed."""

    def __init__(self, folder, load, cert, key):
        self._folder, self._load, self._port = Path(folder, "nginx"), load, free_port()
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
        self._server = None
        if not program:
            return
        self._folder.mkdir()
        (self._folder / "nginx.conf").write_text(
            f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; worker_processes 1;\n"
            f"error_log {self._folder}/error.log; pid {self._folder}/pid;\n"
            "events {}\n"
            f"http {{ access_log off; keepalive_requests 100000000; server {{ listen 127.0.0.1:{self._port} ssl;\n"
            f"  ssl_certificate {cert}; ssl_certificate_key {key}; root {self._folder}; }} }}\n"
        )
        self._server = Process(program, "-p", self._folder, "-c", self._folder / "nginx.conf")
        waiting.until("nginx listens", lambda: (self._folder / "pid").exists())

    def rate(self, size):
        """Requests/s for a file of so many bytes, as Table.add() has a peer; None without nginx."""
        if self._server is None:
            return None
        (self._folder / "answer").write_bytes(b"x" * size)
        run = self._load.run(self._server.pid, f"https://127.0.0.1:{self._port}/answer")
        return run.rate, f"nginx with a file of {size} bytes"

    def stop(self):
        if self._server is not None:
            self._server.stop()


def measure(folder, options):
    folder, table = Path(folder), Table()
    load = Load(folder, 1 if options.quick else 10)
    with Cloud(folder / "cloud") as cloud:
        endpoints = cloud.endpoints
        greengrass = endpoints.boto("greengrass")
        greengrass_groups = [greengrass.create_group(Name=f"bench{n}") for n in range(GROUPS)]
        group = greengrass_groups[0]["Id"]
        definition = greengrass.create_subscription_definition(
            InitialVersion={"Subscriptions": [
                {"Id": "one", "Source": "cloud", "Subject": "a/b", "Target": "GGShadowService"}
            ]}
        )["LatestVersionArn"]  # fmt: skip
        print(f"idle: {pss_kb(cloud.process.pid)} KiB", file=sys.stderr)
        files = Path(folder, "tls")
        files.mkdir()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
             "/CN=127.0.0.1", "-days", "1", "-keyout", files / "key.pem", "-out", files / "cert.pem"],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        nginx = Nginx(folder, load, files / "cert.pem", files / "key.pem")
        body = json.dumps({"SubscriptionDefinitionVersionArn": definition})
        for name, method, path, body, goal in (
            ("GetGroup", "GET", f"/greengrass/groups/{group}", None, 10000),
            (f"ListGroups, 50 of {GROUPS}", "GET", "/greengrass/groups", None, 10000),
            ("ListGroups, 1", "GET", "/greengrass/groups?MaxResults=1", None, 10000),
            ("CreateGroupVersion, durable", "POST", f"/greengrass/groups/{group}/versions", body, 1000),
        ):
            url, headers = signed(endpoints, "greengrass", method, path, body)
            peer = nginx.rate(size_of(url, headers)) if method == "GET" else None
            run = load.run(cloud.process.pid, url, method, headers, body)
            table.add(f"{name}: requests/s", run.rate, "", peer, at_least=goal)
            table.add(f"{name}: p50", run.p50, "us")
            table.add(f"{name}: p99", run.p99, "us")
            table.add(f"{name}: processor time a request", run.processor, "us")
        nginx.stop()
        table.add("memory after it", pss_kb(cloud.process.pid), "KiB")
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="a second for each load instead of ten")
    parser.add_argument(
        "--store", choices=["sqlite", "postgresql"], default="sqlite", help="PostgreSQL runs on the same cores"
    )
    options = parser.parse_args()
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="evergrass-bench-") as folder:
        if options.store == "postgresql":
            with postgres.Postgres() as Cloud.postgres:
                table = measure(folder, options)
        else:
            table = measure(folder, options)
    table.show(options.json)


if __name__ == "__main__":
    main()
