"""./dev bench cores: many cores connected to one service on the same machine. How long they take to connect, what a
core costs in memory, a bulk deployment to all of them, and how they come back when the service is restarted, while a
user of the API goes on working. `--json` prints one object.

The cores are simulated (bench/cores_load.cpp): connections, polls and reports as greengrassd makes them, no functions.
Each has a thing, a certificate, a definition and a group of its own. For an idle machine.

To make 10,000 groups takes a quarter of an hour and more, for each has an RSA key. So the service's folder is kept as
it was made, in bench/results/cores-COUNT or where --prepared says, and each measurement has a copy of it. `--prepare`
makes it and measures nothing; one that was ended goes on where it was.
"""

import argparse
import concurrent.futures
import json
import os
import resource
import shutil
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

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from harness import processes, waiting  # noqa: E402
from harness.cloud import Cloud  # noqa: E402
from harness.group import ALLOW_ALL  # noqa: E402
from run import pss_kb  # noqa: E402
from table import Table, percentile  # noqa: E402

ROLE = "arn:aws:iam::123456789012:role/bulk"
LOAD = Path(os.environ["EVERGRASS_BIN"]) / "cores_load"
LEAST_PRIORITY = 19


def cpu_seconds(process):
    """User and system time of its threads, but for the one of the lowest priority, which makes keys ahead."""
    ticks = 0
    for stat in Path(f"/proc/{process.pid}/task").glob("*/stat"):
        fields = stat.read_text().rpartition(")")[2].split()
        if int(fields[16]) != LEAST_PRIORITY:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def progress(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def made_before(folder):
    """[thing, certificate PEM, group id, group version] of each core that is whole. A line that was torn is none."""
    try:
        lines = (folder / "made.jsonl").read_text().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def prepare(folder, count):
    """The folder of a service with so many cores, and what made_before() reads of it. One key for all, since who makes
    keys is not what is measured."""
    before = made_before(folder)
    if len(before) >= count:
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "csr.pem").exists():
        subprocess.run(
            ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=core",
             "-keyout", folder / "key.pem", "-out", folder / "csr.pem"],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    progress(f"{count - len(before)} cores are made, once, in {folder}")
    (folder / "made.jsonl").write_text("".join(json.dumps(core) + "\n" for core in before))
    with Cloud(folder / "cloud") as cloud, open(folder / "made.jsonl", "a", buffering=1) as made:
        policies = cloud.endpoints.boto("iot").list_policies()["policies"]
        if not policies:
            cloud.endpoints.boto("iot").create_policy(policyName="core", policyDocument=json.dumps(ALLOW_ALL))
        have = {core[0] for core in before}
        wanted = [name for name in (f"core-{number:05}" for number in range(count)) if name not in have]
        new_cores(cloud.endpoints, (folder / "csr.pem").read_text(), wanted, made)


def new_cores(endpoints, csr, names, made_to):
    """Things, certificates and groups; a line of `made_to` for each that is whole."""
    mine, lock, begun, made_now = threading.local(), threading.Lock(), time.monotonic(), []

    def one(name):
        if not hasattr(mine, "iot"):
            mine.iot, mine.greengrass = endpoints.boto("iot"), endpoints.boto("greengrass")
        arn = mine.iot.create_thing(thingName=name)["thingArn"]
        made = mine.iot.create_certificate_from_csr(certificateSigningRequest=csr, setAsActive=True)
        mine.iot.attach_policy(policyName="core", target=made["certificateArn"])
        mine.iot.attach_thing_principal(thingName=name, principal=made["certificateArn"])
        core = {"Id": name, "ThingArn": arn, "CertificateArn": made["certificateArn"], "SyncShadow": False}
        definition = mine.greengrass.create_core_definition(InitialVersion={"Cores": [core]})["LatestVersionArn"]
        group = mine.greengrass.create_group(Name=name, InitialVersion={"CoreDefinitionVersionArn": definition})
        with lock:
            made_to.write(json.dumps([name, made["certificatePem"], group["Id"], group["LatestVersion"]]) + "\n")
            made_now.append(name)
            if len(made_now) % 100 == 0:
                took = time.monotonic() - begun
                progress(f"{len(made_now)} of {len(names)} made in {took:.0f} s")

    # boto3 makes clients on one thread at a time.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(one, names))


class Load:
    """cores_load, and what it said last."""

    def __init__(self, endpoints, folder, cores):
        file = Path(folder, "cores.json")
        file.write_text(json.dumps({
            "key": Path(folder, "key.pem").read_text(),
            "cores": [{"thing": name, "certificate": pem} for name, pem, *_ in cores],
        }))  # fmt: skip
        self.count = len(cores)
        self.state = {"mqtt": 0, "polling": 0, "deployed": 0, "certified": 0, "refused": 0}
        self._changed = threading.Condition()
        mqtt_port, https_port = (where.rpartition(":")[2] for where in (endpoints.iot_mqtt, endpoints.iot_https))
        self._process = subprocess.Popen(
            [LOAD, "--mqtt-port", mqtt_port, "--https-port", https_port, "--ca-file", endpoints.ca_file,
             "--cores", file],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self.state = json.loads(line)
                self._changed.notify_all()
        with self._changed:
            self.state = {**self.state, "ended": True}
            self._changed.notify_all()

    def wait(self, what, condition):
        """Seconds until `condition` holds of what it says."""
        begun, told = time.monotonic(), 0
        with self._changed:
            while not condition(self.state):
                assert "ended" not in self.state, f"cores_load ended before {what}"
                self._changed.wait(1)
                if time.monotonic() - told > 5:
                    told = time.monotonic()
                    progress(f"{what}: {self.state}")
        return time.monotonic() - begun

    def all_connected(self, state):
        return state["mqtt"] == self.count and state["polling"] == self.count

    def wait_connected(self, what):
        return self.wait(what, self.all_connected)

    def end(self):
        self._process.stdin.close()
        self._process.wait()


class ApiUser:
    """Asks for a group, ten times a second, and notes how long that takes and each error that a user of boto3 with
    its default retries sees."""

    def __init__(self, endpoints, group):
        self._client = boto3.client(
            "greengrass", endpoint_url=endpoints.api, region_name=endpoints.region, verify=str(endpoints.ca_file),
            aws_access_key_id=endpoints.access_key_id, aws_secret_access_key=endpoints.secret_access_key,
            config=Config(connect_timeout=5, read_timeout=60),
        )  # fmt: skip
        self._group = group
        self.seconds, self.errors = [], []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def _work(self):
        while not self._ends.wait(0.1):
            begun = time.monotonic()
            try:
                self._client.get_group(GroupId=self._group)
            except Exception as failure:  # noqa: BLE001 any is what is counted
                self.errors.append(repr(failure))
            self.seconds.append(time.monotonic() - begun)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._ends.set()
        self._thread.join()

    def add_to(self, table, when):
        table.add(f"{when}: errors of an API user in {len(self.seconds)} requests", len(self.errors), "", goal=0)
        table.add(f"{when}: p50 of an API user's requests", percentile(self.seconds, 0.5) * 1000, "ms")
        table.add(f"{when}: slowest of an API user's requests", max(self.seconds) * 1000, "ms")
        for each in self.errors[:3]:
            progress(each)


def bulk_deployment(service, endpoints, load, cores, table, name, share):
    s3, greengrass = endpoints.boto("s3"), endpoints.boto("greengrass")
    text = "".join(
        json.dumps({"GroupId": group, "GroupVersionId": version, "DeploymentType": "NewDeployment"}) + "\n"
        for _, _, group, version in cores
    )
    s3.put_object(Bucket="bulk", Key=name, Body=text.encode())
    before, begun, used = load.state["deployed"], time.monotonic(), cpu_seconds(service)
    with ApiUser(endpoints, cores[0][2]) as user:
        bulk = greengrass.start_bulk_deployment(
            InputFileUri=f"s3://bulk/{name}", ExecutionRoleArn=ROLE
        )["BulkDeploymentId"]  # fmt: skip
        load.wait(name, lambda state: state["deployed"] - before >= len(cores))
        status = waiting.until(
            lambda: "the bulk deployment ends",
            lambda: (lambda s: s if s["BulkDeploymentStatus"] == "Completed" else None)(
                greengrass.get_bulk_deployment_status(BulkDeploymentId=bulk)
            ),
        )
    took = time.monotonic() - begun
    counted = status["BulkDeploymentMetrics"]
    assert counted["RecordsProcessed"] == len(cores) and not counted["InvalidInputRecords"], counted
    # The goal is for 10,000.
    table.add(f"{name} to all, from the call to the last Success", took, "s", goal=60 * share)
    table.add(f"{name}: the service's CPU for a core", (cpu_seconds(service) - used) * 1000 / len(cores), "ms")
    user.add_to(table, name)


def measure(folder, options):
    folder, table = Path(folder), Table()
    count, share = options.cores, options.cores / 10000
    prepare(options.prepared, count)
    shutil.copytree(options.prepared, folder, dirs_exist_ok=True)
    cores = made_before(folder)[:count]
    with Cloud(folder / "cloud") as cloud:
        endpoints = cloud.endpoints
        endpoints.boto("s3").create_bucket(Bucket="bulk")
        idle = pss_kb(cloud.process.pid)
        begun, used = time.monotonic(), cpu_seconds(cloud.process)
        load = Load(endpoints, folder, cores)
        load.wait_connected("connecting")
        table.add(f"{count} cores connected, two connections each", time.monotonic() - begun, "s")
        table.add("the service's CPU for a core", (cpu_seconds(cloud.process) - used) * 1000 / count, "ms")
        table.add("memory of the service", pss_kb(cloud.process.pid), "KiB")
        table.add("memory a connected core", (pss_kb(cloud.process.pid) - idle) / count, "KiB")
        for name in ("first deployment", "second deployment"):
            bulk_deployment(cloud.process, endpoints, load, cores, table, name, share)
            # Which the first deployment has each core ask for.
            load.wait("server certificates", lambda state: state["certified"] == count)
        cloud.process.stop()
        load.wait("all cut off", lambda state: state["mqtt"] == 0 and state["polling"] == 0)
        cloud.start()
        begun, used = time.monotonic(), cpu_seconds(cloud.process)
        with ApiUser(endpoints, cores[0][2]) as user:
            load.wait_connected("coming back")
        table.add("all back after a restart", time.monotonic() - begun, "s", goal=max(90 * share, 10))
        table.add("coming back: the service's CPU for a core", (cpu_seconds(cloud.process) - used) * 1000 / count, "ms")
        user.add_to(table, "coming back")
        table.add("memory after it", pss_kb(cloud.process.pid), "KiB")
        load.end()
    return table


def most_cores():
    """Two connections each at the service, which needs some files besides."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(10000, (hard - 400) // 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="500 cores, and the goals' share of time for them")
    parser.add_argument("--cores", type=int, default=most_cores(), help="how many (10,000, or what ulimit -Hn allows)")
    parser.add_argument("--prepared", type=Path, help="where the cores are kept that were made once")
    parser.add_argument("--prepare", action="store_true", help="only make them")
    options = parser.parse_args()
    if options.quick:
        options.cores = 500
    options.prepared = options.prepared or ROOT / f"bench/results/cores-{options.cores}"
    processes.adopt_orphans()
    if options.prepare:
        prepare(options.prepared, options.cores)
        return
    with tempfile.TemporaryDirectory(prefix="evergrass-bench-") as folder:
        table = measure(folder, options)
    table.show(options.json)


if __name__ == "__main__":
    main()
