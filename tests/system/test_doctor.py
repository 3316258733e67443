"""`evergrass doctor`: what keeps a core from running, and what its exit status and reports say."""

import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from harness import core as cores
from harness import processes
from harness.group import new_thing
from harness.openssl import Files
from harness.ports import free_port
from harness.processes import BIN


class Doctor:
    """One run on a core's folder; its findings by their names."""

    def __init__(self, core, *options):
        junit = core.root.parent / "doctor.xml"
        self.done = processes.run(
            BIN / "evergrass", "doctor", "--root", core.root, *cores.start_options(),
            "--json", "--junit", junit, *options, check=False,
        )  # fmt: skip
        self.answer = json.loads(self.done.stdout)
        self.checks = {one["id"]: one for one in self.answer["checks"]}
        self.junit = ElementTree.parse(junit).getroot()

    def failed(self):
        return {id for id, one in self.checks.items() if one["status"] == "failed"}

    def status(self, id):
        return self.checks[id]["status"]


def own_faults(doctor):
    """What failed of the core and its service, whatever this machine is."""
    return {id for id in doctor.failed() if not id.startswith("host.")}


@pytest.fixture(scope="module")
def thing(service, tmp_path_factory):
    return new_thing(service.endpoints, tmp_path_factory.mktemp("thing"), "doctored")


@pytest.fixture
def core(service, thing, tmp_path):
    with cores.Core(tmp_path / "greengrass", service.endpoints, thing) as made:
        yield made


def test_a_good_root_passes_and_junit_says_the_same(core):
    doctor = Doctor(core)
    assert own_faults(doctor) == set(), doctor.done.stdout
    for way in ("mqtt", "https"):
        for step in ("resolve", "connect", "tls", "chain", "name", "client-certificate"):
            assert doctor.status(f"{way}.{step}") in ("ok", "warning"), doctor.checks[f"{way}.{step}"]
        assert doctor.status(f"{way}.client-certificate") == "ok"
    assert doctor.done.returncode == doctor.answer["exitStatus"]
    if not doctor.failed():
        assert doctor.done.returncode in (0, 1)
    cases = {case.get("name"): case for case in doctor.junit.iter("testcase")}
    assert set(cases) == set(doctor.checks)
    assert {name for name, case in cases.items() if case.find("failure") is not None} == doctor.failed()
    assert int(doctor.junit.get("tests")) == len(doctor.checks)


def test_a_running_core_keeps_its_ports_and_its_session(core):
    core.start()
    core.wait_for_log("Connected to the cloud")
    before = core.log().count("Connected to the cloud")
    doctor = Doctor(core)
    assert own_faults(doctor) == set(), doctor.done.stdout
    assert "running core" in doctor.checks["core.ipc-port"]["found"]
    assert doctor.checks["core.running"]["found"].endswith(f"PID {core.pid}")
    (core.root / "greengrassd.pid").rename(core.root / "put-aside")  # as of one in the foreground
    assert Doctor(core, "--offline").status("core.running") == "ok"
    (core.root / "put-aside").rename(core.root / "greengrassd.pid")
    assert core.log().count("Connected to the cloud") == before
    core.stop()


def test_a_certificate_that_is_not_registered_is_told_from_all_the_rest(core, tmp_path):
    files = Files(tmp_path / "pki")
    files.authority("elsewhere")
    certificate = files.signed("stranger", "elsewhere")
    named = core.config["coreThing"]
    (core.root / "certs" / named["certPath"]).write_text(certificate)
    (core.root / "certs" / named["keyPath"]).write_text(files.text("stranger.key"))
    doctor = Doctor(core)
    assert own_faults(doctor) == {"mqtt.client-certificate", "https.client-certificate"}
    assert "registered" in doctor.checks["mqtt.client-certificate"]["remedy"]
    assert doctor.done.returncode == 2


def test_a_key_of_another_certificate_is_told_and_not_shown(core, tmp_path):
    files = Files(tmp_path / "pki")
    files.request("other")
    (core.root / "certs" / core.config["coreThing"]["keyPath"]).write_text(files.text("other.key"))
    doctor = Doctor(core)
    assert own_faults(doctor) == {"core.key"}
    assert doctor.status("mqtt.client-certificate") == "skipped"
    assert doctor.done.returncode == 2


def test_an_expired_certificate_is_told_with_its_date(core, tmp_path):
    key, certificate = (core.root / "certs" / core.config["coreThing"][name] for name in ("keyPath", "certPath"))
    request = tmp_path / "old.csr"
    for command in (
        ["req", "-new", "-key", key, "-subj", "/CN=old", "-out", request],
        ["x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-out", certificate],
    ):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    doctor = Doctor(core, "--offline")
    assert own_faults(doctor) == {"core.certificate"}
    assert "expired at 20" in doctor.checks["core.certificate"]["found"]


def test_a_wrong_ca_fails_the_chain_and_not_the_name(core, tmp_path):
    (core.root / "certs" / "root.ca.pem").write_text(Files(tmp_path / "pki").authority("another"))
    doctor = Doctor(core)
    assert own_faults(doctor) == {"mqtt.chain", "https.chain"}
    assert "root.ca.pem" in doctor.checks["mqtt.chain"]["remedy"]
    assert doctor.status("mqtt.name") == "ok"
    assert doctor.done.returncode == 2


def test_a_closed_port_fails_at_connecting_and_skips_what_follows(core):
    core.config["coreThing"]["iotMqttPort"] = free_port()
    core.write_config()
    doctor = Doctor(core)
    assert own_faults(doctor) == {"mqtt.connect"}
    for step in ("tls", "chain", "name", "client-certificate"):
        assert doctor.status(f"mqtt.{step}") == "skipped"
    assert doctor.status("https.client-certificate") == "ok"
    assert doctor.done.returncode == 2


def test_people_get_a_table_with_what_to_do(core):
    core.config["coreThing"]["thingArn"] = "[THING_ARN_HERE]"
    core.write_config()
    done = processes.run(BIN / "evergrass", "doctor", "--root", core.root, check=False)
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  failed   core.config "))
    assert "thingArn" in lines[at]
    assert lines[at + 1].strip().startswith("-> correct ")
    assert "\x1b" not in done.stdout


def test_every_check_has_a_line_in_its_page():
    page = (processes.ROOT / "docs/doctor.md").read_text()
    for table in sorted((processes.ROOT / "apps/doctor").glob("*_checks.cpp")):
        ids = re.findall(r'^        \{"([\w.-]+)", \w+\},$', table.read_text(), re.MULTILINE)
        assert ids, f"{table} has no table of checks"
        missing = [id for id in ids if f"`{id}`" not in page and f"`.{id}`" not in page]
        assert not missing, f"docs/doctor.md says nothing of {missing}"


def test_a_report_that_cannot_be_written_is_no_success(core, tmp_path):
    done = processes.run(
        BIN / "evergrass", "doctor", "--root", core.root, "--offline",
        "--junit", tmp_path / "none" / "x.xml", check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--junit" in done.stderr
