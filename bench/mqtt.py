"""./dev bench mqtt: our broker against Debian's mosquitto, as docs/benchmarks.md describes.

Each load runs against our broker, mosquitto as it comes, and mosquitto with set_tcp_nodelay, in turn, and
that again --repeat times; the medians count. Progress goes to standard error, the table to standard output,
and all of it to bench/results/mqtt.json and mqtt.svg.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mqtt_plan
import mqtt_report
import mqtt_self_test
from mqtt_brokers import Broker, BrokerError, Mosquitto, Ours, group_json
from mqtt_figures import Figures, NotMeasured

ROOT = Path(__file__).resolve().parent.parent


class LoadError(Exception):
    """The load could not run to its end."""


class Bench:
    """What all runs share: programs, cores, certificates, groups."""

    def __init__(self, options, directory, with_crowd):
        self.quick = options.quick
        self.deep = options.deep
        self.connections = options.connections
        self.load_program = options.bin / "mqtt_load"
        broker_core, load_core = options.cores
        self.broker_core = ["taskset", "-c", str(broker_core)]
        self.load_core = ["taskset", "-c", str(load_core)]
        self.certificates = Path(directory) / "certificates"
        self.group = Path(directory) / "group.json"
        self.crowd = Path(directory) / "crowd.json"
        self.prepare(options.bin / "mqtt_load_certificates", with_crowd)

    def prepare(self, maker, with_crowd):
        self.certificates.mkdir()
        devices = 2 * mqtt_plan.PAIRS
        wanted = max(devices, self.connections) if with_crowd else devices
        subprocess.run([maker, self.certificates, str(wanted)], check=True)
        lines = (self.certificates / "devices.txt").read_text().splitlines()
        fingerprints = [line.split()[1] for line in lines]
        table = mqtt_plan.subscriptions()
        self.group.write_text(json.dumps(group_json(fingerprints[:devices], table), indent=1))
        self.crowd.write_text(json.dumps(group_json(fingerprints[: self.connections], []), indent=1))

    def load_command(self, broker, arguments, protocol=4):
        command = [*self.load_core, self.load_program, "--port", broker.port, "--broker-pid", broker.pid]
        if broker.certificates:
            command += ["--certificates", broker.certificates]
        return [str(part) for part in [*command, "--protocol", protocol, *arguments]]

    def load(self, broker, arguments, protocol=4):
        """What mqtt_load measured; with `ok` false when a message was lost, doubled, late in order or damaged."""
        command = self.load_command(broker, arguments, protocol)
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise LoadError(done.stderr.strip() or f"mqtt_load ended with {done.returncode}") from None

    def run(self, cell, kind):
        certificates = self.certificates if cell.tls else None
        seconds = 0.5 if self.quick else cell.seconds
        arguments = ["traffic", *cell.load, "--size", cell.size, "--seconds", seconds]
        with Broker(kind, certificates, self.group, self.broker_core) as broker:
            return self.load(broker, arguments, cell.protocol)


class Progress:
    def __init__(self, total):
        self.began = time.monotonic()
        self.done = 0
        self.total = total

    def __call__(self, text):
        self.done += 1
        spent = time.monotonic() - self.began
        print(f"[{spent:5.0f}s {self.done:4}/{self.total}] {text}", file=sys.stderr, flush=True)


def measure_cells(bench, cells, kinds, repeat, progress):
    """{cell name: {broker name: [result or {"error": text}]}}."""
    runs = {cell.name: {kind.name: [] for kind in kinds} for cell in cells}
    for cell in cells:
        for turn in range(repeat):
            # Each broker is first, second and last in turn, for what the one before leaves behind.
            for kind in kinds[turn % len(kinds) :] + kinds[: turn % len(kinds)]:
                try:
                    result = bench.run(cell, kind)
                    said = mqtt_report.one_run(cell, result)
                except (BrokerError, LoadError, subprocess.TimeoutExpired) as error:
                    result = {"ok": False, "error": str(error)}
                    said = f"FAILED: {error}"
                runs[cell.name][kind.name].append(result)
                progress(f"{cell.title}, {cell.channel}, {kind.name}: {said}")
    return runs


def measure_figures(bench, figures, kinds, repeat, progress):
    """{figure name: {broker name: {"median": number, "runs": [...]} or {"reason": text}}}."""
    measured = {figure.name: {} for figure in figures}
    measuring = Figures(bench)
    for figure in figures:
        # Thousands of connections and callgrind differ little from run to run and take long.
        times = 1 if figure.name.startswith("connection") or figure.name == "instructions" else repeat
        for kind in kinds:
            try:
                values = [measuring.measure(figure, kind) for _ in range(times)]
                found = {"median": statistics.median(values), "runs": values}
                said = f"{found['median']:.4g} {figure.unit}"
            except (NotMeasured, BrokerError, LoadError, subprocess.TimeoutExpired) as error:
                found = {"reason": str(error)}
                said = f"not measured: {error}"
            measured[figure.name][kind.name] = found
            progress(f"{figure.title}, {kind.name}: {said}")
    return measured


def machine():
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "load_before": os.getloadavg()[0]}


def two_cores(text):
    first, _, second = text.partition(",")
    if not (first.isdigit() and second.isdigit()) or first == second:
        raise argparse.ArgumentTypeError("two different cores, such as 0,1")
    return int(first), int(second)


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError("a whole number above 0")
    return int(text)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short runs, once each: a look, no measurement")
    parser.add_argument("--only", metavar="NAME", action="append", default=[],
                        help="only what has NAME in its name; may be given again")
    parser.add_argument("--list", action="store_true", help="the names, and nothing else")
    parser.add_argument("--repeat", type=positive, help="runs of each load against each broker (5)")
    parser.add_argument("--deep", action="store_true", help="also instructions, with callgrind")
    parser.add_argument("--connections", type=positive, default=10_000, help="how many are held at once (10000)")
    parser.add_argument("--cores", type=two_cores, default=(0, 1), help="the broker's and the load's (0,1)")
    parser.add_argument("--bin", type=Path, default=ROOT / "build/bench/bin", help="where the programs are")
    parser.add_argument("--broker-binary", type=Path, help="our broker (mqtt_testbed of --bin)")
    parser.add_argument("--no-ours", action="store_true", help="only mosquitto: tries the instrument itself")
    parser.add_argument("--results", type=Path, default=ROOT / "bench/results", help="directory of the results")
    parser.add_argument("--json", action="store_true", help="prints the JSON instead of the table")
    options = parser.parse_args()  # fmt: skip
    options.repeat = options.repeat or (1 if options.quick else 5)
    return options


def chosen(things, only):
    return [thing for thing in things if not only or any(part in thing.name for part in only)]


def check(options, kinds):
    """Says what is missing before anything is started."""
    programs = [options.bin / "mqtt_load", options.bin / "mqtt_load_certificates"]
    programs += [kind.program for kind in kinds if isinstance(kind, Ours)]
    for program in programs:
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is not there; `./dev build bench` builds it")
    for tool in ("taskset", "mosquitto"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed; packages.apt names what the benchmarks need")
    if max(options.cores) not in os.sched_getaffinity(0) or min(options.cores) not in os.sched_getaffinity(0):
        sys.exit(f"cores {options.cores} are not both ours; choose two with --cores")


def main():
    options = read_options()
    cells = chosen(mqtt_plan.cells(), options.only)
    figures = chosen(mqtt_plan.FIGURES, options.only)
    if options.list:
        print("\n".join(thing.name for thing in [*cells, *figures]))
        return 0
    if not cells and not figures:
        sys.exit("nothing has such a name; --list names all")
    # A cell that is held against another one needs that too.
    names = {cell.name for cell in cells} | {cell.against for cell in cells}
    cells = [cell for cell in mqtt_plan.cells() if cell.name in names]
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # Debian's place of mosquitto
    kinds = [Mosquitto("mosquitto"), Mosquitto("nodelay", nodelay=True)]
    if not options.no_ours:
        kinds.insert(0, Ours(options.broker_binary or options.bin / "mqtt_testbed"))
    check(options, kinds)

    figure_kinds = [kind for kind in kinds if kind.name != "mosquitto"]
    progress = Progress(len(cells) * len(kinds) * options.repeat + len(figures) * len(figure_kinds))
    if os.getloadavg()[0] > 0.5:
        print(f"Something else runs here (load {os.getloadavg()[0]:.1f}): the numbers will not hold", file=sys.stderr)
    print("Trying the judge itself", file=sys.stderr, flush=True)
    mqtt_self_test.run(options.bin / "mqtt_load")
    with tempfile.TemporaryDirectory(prefix="mqtt-bench-") as directory:
        bench = Bench(options, directory, any(figure.name.startswith("connection") for figure in figures))
        document = {
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": machine(),
            "mosquitto": kinds[-1].version(),
            "repeat": options.repeat,
            "quick": options.quick,
        }
        runs = measure_cells(bench, cells, kinds, options.repeat, progress)
        numbers = measure_figures(bench, figures, figure_kinds, options.repeat, progress)
    document["cells"] = mqtt_report.judge_cells(cells, runs)
    document["figures"] = mqtt_report.judge_figures(figures, numbers)

    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "mqtt.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.results / "mqtt.svg").write_text(mqtt_report.svg(document))
    print(json.dumps(document) if options.json else mqtt_report.table(document))
    return 1 if mqtt_report.ours_at_fault(document) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except mqtt_self_test.SelfTestFailed as failure:
        sys.exit(f"mqtt_load does not see a fault that was made on purpose: {failure}")
