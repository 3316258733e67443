"""./dev bench service: how many API requests a second the service answers over kept-alive TLS, from wrk, an
HTTP load generator, on the same cores. `--json` prints one object.

The requests are signed once, as a client would for each: the service checks every signature. The peer, where it is
installed, is nginx, which hands out a file of the answer's size over TLS and does nothing else. `--moto PYTHON` adds
moto's server, which answers the same requests from memory (python3 -m pip install 'moto[server]'). For an idle machine;
the processor time of a request, all threads together, says something on a busy one too.
"""

import argparse
import contextlib
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
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVERGRASS_BIN", str(ROOT / "build/bench/bin"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from harness import postgres, processes, waiting  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from run import pss_kb  # noqa: E402
from service_peers import Moto, Nginx  # noqa: E402
from table import Table  # noqa: E402

CONNECTIONS = 32
GROUPS = 60  # each has a certificate authority of its own
UNLIKE = 100
PAGE = 50  # of ListGroups, when the caller names no size

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


# These one after the other, and again; it costs wrk more.
SEVERAL = """
local requests, last = {}, 0
init = function(args)
  %s
end
request = function()
  last = last %% #requests + 1
  return requests[last]
end
"""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def several(requests):
    """(url, headers) of GETs."""
    lines = []
    for url, headers in requests:
        parts = urlsplit(url)
        fields = ", ".join(f"[{quoted(k)}] = {quoted(v)}" for k, v in headers)
        lines.append(f"requests[#requests + 1] = wrk.format(nil, {quoted(f'{parts.path}?{parts.query}')}, {{{fields}}})")
    return SEVERAL % "\n  ".join(lines)


# Requests a second; the rest in microseconds, `processor` of the server for each request.
Run = namedtuple("Run", "rate p50 p99 processor")


def processor_seconds(pid):
    """What the scheduler counted for all threads of it, user and system."""
    return sum(int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


class Load:
    """Runs wrk; one thread, since the service is to have the other core."""

    def __init__(self, folder, seconds):
        self._folder, self._seconds = Path(folder), seconds

    def run(self, pid, url, method="GET", headers=(), body=None, instead=()):
        """Of the server `pid`; `instead`: several requests in turn. Raises when an answer was an error."""
        script = self._folder / "load.lua"
        script.write_text(SCRIPT % {
            "method": method, "body": "nil" if body is None else quoted(body),
            "headers": "\n".join(f"wrk.headers[{quoted(k)}] = {quoted(v)}" for k, v in headers),
        } + (several(instead) if instead else ""))  # fmt: skip
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


Request = namedtuple("Request", "name method path body goal")


def subscription_definition(greengrass):
    """Its version's ARN."""
    return greengrass.create_subscription_definition(
        InitialVersion={"Subscriptions": [
            {"Id": "one", "Source": "cloud", "Subject": "a/b", "Target": "GGShadowService"}
        ]}
    )["LatestVersionArn"]  # fmt: skip


def requests_of(greengrass, groups):
    """Makes what they ask for: so many groups, and a definition for new versions of the first one."""
    made = [greengrass.create_group(Name=f"bench{n}") for n in range(groups)]
    group = f"/greengrass/groups/{made[0]['Id']}"
    body = json.dumps({"SubscriptionDefinitionVersionArn": subscription_definition(greengrass)})
    return [
        Request("GetGroup", "GET", group, None, 10000),
        Request(f"ListGroups, {PAGE} of {GROUPS}", "GET", "/greengrass/groups", None, 10000),
        Request("ListGroups, 1", "GET", "/greengrass/groups?MaxResults=1", None, 10000),
        Request("CreateGroupVersion, durable", "POST", f"{group}/versions", body, 1000),
    ]


def compare_with_moto(table, load, ours, moto, request):
    """`ours` is our rate of the same request."""
    url, headers = signed(moto.door, "greengrass", request.method, request.path, request.body)
    rate = load.run(moto.pid, url, request.method, headers, request.body).rate
    table.add(f"{request.name}: times moto's rate by {moto.spoken}", ours / rate, "x",
              (rate, "moto's requests/s"))  # fmt: skip


def measure(folder, options):
    folder, table = Path(folder), Table()
    load = Load(folder, 1 if options.quick else 10)
    files = Path(folder, "tls")
    files.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1", "-keyout", files / "key.pem",
         "-out", files / "cert.pem"],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    certificate = files / "cert.pem", files / "key.pem"
    with contextlib.ExitStack() as peers, Cloud(folder / "cloud") as cloud:
        endpoints = cloud.endpoints
        requests = requests_of(endpoints.boto("greengrass"), GROUPS)
        print(f"idle: {pss_kb(cloud.process.pid)} KiB", file=sys.stderr)
        nginx = Nginx(folder, load, *certificate)
        peers.callback(nginx.stop)
        motos = []
        for tls in ((), certificate) if options.moto else ():
            moto = peers.enter_context(Moto(options.moto, *tls))
            # It has no pages: its list is as long as our page.
            motos.append((moto, requests_of(moto.greengrass, PAGE)))
        for nth, (name, method, path, body, goal) in enumerate(requests):
            url, headers = signed(endpoints, "greengrass", method, path, body)
            peer = nginx.rate(size_of(url, headers)) if method == "GET" else None
            run = load.run(cloud.process.pid, url, method, headers, body)
            table.add(f"{name}: requests/s", run.rate, "", peer, at_least=goal)
            table.add(f"{name}: p50", run.p50, "us")
            table.add(f"{name}: p99", run.p99, "us")
            table.add(f"{name}: processor time a request", run.processor, "us")
            for moto, same in motos if "MaxResults" not in path else ():
                compare_with_moto(table, load, run.rate, moto, same[nth])
        # More answers than are kept: each is read from the store, as after a change.
        unlike = [signed(endpoints, "greengrass", "GET", f"/greengrass/groups?unlike={n}") for n in range(UNLIKE)]
        run = load.run(cloud.process.pid, endpoints.api, instead=unlike)
        table.add(f"ListGroups, {PAGE} of {GROUPS}, none kept: requests/s", run.rate, "")
        table.add(f"ListGroups, {PAGE} of {GROUPS}, none kept: processor time a request", run.processor, "us")
        table.add("memory after it", pss_kb(cloud.process.pid), "KiB")
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="a second for each load instead of ten")
    parser.add_argument(
        "--store", choices=["sqlite", "postgresql"], default="sqlite", help="PostgreSQL runs on the same cores"
    )
    parser.add_argument(
        "--moto", metavar="PYTHON", help="an interpreter that has moto's server, which is measured beside ours"
    )
    options = parser.parse_args()
    if options.moto and not shutil.which(options.moto):
        parser.error(f"--moto {options.moto}: there is no such program")
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
