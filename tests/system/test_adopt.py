"""A fielded V1 core comes over: read, made at the service, exchanged, and put back (docs/rescue.md)."""

import contextlib
import json
import os
import random
import shutil
import tarfile
from pathlib import Path

import pytest

from harness import core as ours
from harness import mqtt, old_core, processes, waiting
from harness.old_core import OldCore, arn, without_synthesised
from harness.processes import BIN, Process
from harness.typist import CTRL_C, Typist

ADOPT = [BIN / "evergrass", "adopt"]
INSECURE = ours.start_options()


class TwoSecrets(OldCore):
    secrets = [arn("secretsmanager", f"secret:{name}-AbCdEf") for name in ("first", "second")]

    def group_json(self):
        group = super().group_json()
        group["GroupDefinitions"]["Resources"]["Content"] = [
            {"Id": f"s{number}", "Type": "SECRETS_MANAGER_SECRET", "Data": {
                "type": "SecretsManagerSecretResourceData", "ARN": each, "AdditionalStagingLabelsToDownload": []}}
            for number, each in enumerate(self.secrets)
        ]  # fmt: skip
        return group


def memory_with(pid, text):
    """How often it is in a process's memory: what is kept out of core dumps, and elsewhere."""
    found = {"reserved": 0, "elsewhere": 0}
    parts, begin = [], None
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if "-" in line.split(" ")[0]:
            begin, end = (int(each, 16) for each in line.split(" ")[0].split("-"))
            is_readable = line.split(" ")[1].startswith("r")
        elif line.startswith("Rss:"):
            is_used = line.split()[1] != "0"
        elif line.startswith("VmFlags:") and is_readable and is_used:
            parts.append((begin, end, "reserved" if "dd" in line.split() else "elsewhere"))
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, end, kind in parts:
            if end - begin > 2**32:
                continue  # of the sanitizer: it says of memory what may be used, not what is in it
            with contextlib.suppress(OSError):
                memory.seek(begin)
                found[kind] += memory.read(end - begin).count(text)
    return found


def test_a_secret_that_was_typed_is_in_reserved_memory_alone(tmp_path):
    old = TwoSecrets(tmp_path)
    nowhere = ("--service", "https://127.0.0.1:1", "--ca", tmp_path / "none.pem")
    command = [*ADOPT, *nowhere, "--root", old.root]
    with Typist(*command) as typist:
        typist.types("only the first one knows", b"secret:first")
        typist.is_asked(b"secret:second")
        found = memory_with(typist.pid, b"only the first one knows")
        typist.presses(CTRL_C)
        assert typist.status() == 2
    assert found["reserved"] >= 1 and found["elsewhere"] == 0, found


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with old_core.new_service(tmp_path_factory.mktemp("service")) as running:
        running.endpoints  # writes the file
        yield running


def adopt(cloud, *arguments, check=True):
    return processes.run(
        *ADOPT, "--endpoints", cloud.folder / "endpoints.json", *arguments, check=check
    )


def broom(old):
    for pid in processes.descendants():
        line = processes.command_line(pid)
        if str(old.folder) in line:
            processes.kill(pid)
    if old.old_runs():
        processes.kill(int(old.pids.read_text()))


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    made = OldCore(tmp_path_factory.mktemp("old"))
    yield made
    broom(made)


def test_a_look_sends_nothing_and_changes_nothing(cloud, old):
    before = old.digest()
    said = processes.run(*ADOPT, "--root", old.root, "--dry-run")
    assert "core Pump7_Core, account 111122223333, eu-north-1" in said.stdout
    assert "1 device, 1 function (code of 1), 2 subscriptions" in said.stdout
    assert "Cannot be known" in said.stdout and "new CA" in said.stdout
    told = json.loads(processes.run(*ADOPT, "--root", old.root, "--dry-run", "--json").stdout)
    origins = {value["origin"] for value in told["values"]}
    assert origins == {"from", "synthesised", "guessed"}
    group = next(v for v in told["values"] if v["what"] == "group.Id")
    assert group["where"].endswith("group.json#/Arn") and group["origin"] == "from"
    # A function's variables may be credentials.
    assert "PERIOD_S" in json.dumps(told["request"]) and '"5"' not in json.dumps(told["request"])
    assert processes.run(*ADOPT, "--root", old.root, "--dry-run", "--strict", check=False).returncode == 2
    assert cloud.endpoints.boto("greengrass").list_groups()["Groups"] == []
    assert old.digest() == before


def test_a_core_keeps_its_ids_arns_and_versions(cloud, old):
    before = old.digest()
    said = adopt(cloud, "--root", old.root)
    assert "At the service: made" in said.stdout, said
    greengrass, iot = cloud.endpoints.boto("greengrass"), cloud.endpoints.boto("iot")
    group = greengrass.get_group(GroupId=old.group)
    assert group["Name"] == "Pump7" and group["LatestVersion"] == old_core.VERSION
    version = greengrass.get_group_version(GroupId=old.group, GroupVersionId=old_core.VERSION)
    parts = version["Definition"]["FunctionDefinitionVersionArn"].split("/")
    functions = greengrass.get_function_definition_version(
        FunctionDefinitionId=parts[-3], FunctionDefinitionVersionId=parts[-1]
    )["Definition"]["Functions"]
    assert functions[0]["FunctionArn"] == old.function
    kept = cloud.endpoints.boto("lambda").get_function(FunctionName=old.function)["Configuration"]
    assert (kept["Version"], kept["Handler"], kept["Runtime"]) == ("7", "main.handler", "python3.7")
    assert iot.list_thing_principals(thingName="Pump7_Core")["principals"] == [
        arn("iot", f"cert/{old.core.id}")
    ]
    described = iot.describe_certificate(certificateId=old.core.id)["certificateDescription"]
    assert described["certificatePem"] == old.core.cert.read_text()
    device = iot.describe_certificate(certificateId=old.devices["Valve1"].id)
    assert device["certificateDescription"]["status"] == "ACTIVE"
    deployments = greengrass.list_deployments(GroupId=old.group)["Deployments"]
    assert [d["DeploymentId"] for d in deployments] == [old_core.DEPLOYMENT]
    assert old.digest() == before
    audit = processes.run(BIN / "evergrass", "audit", "--data", cloud.data).stdout
    assert "AdoptCore" in audit and old.group in audit


def test_the_same_again_changes_nothing(cloud, old):
    told = json.loads(adopt(cloud, "--root", old.root, "--json").stdout)
    assert told["made"] == 0 and told["same"] > 5


def test_what_differs_is_listed_and_nothing_is_changed(cloud, old, tmp_path):
    copy = tmp_path / "greengrass"
    shutil.copytree(old.root, copy, symlinks=True)
    (copy / f"ggc/deployment/lambda/{old.function}/main.py").write_text("changed = 1\n")
    with tarfile.open(tmp_path / "backup.tar.gz", "w:gz") as archive:
        archive.add(copy, "greengrass")
    said = adopt(cloud, "--archive", tmp_path / "backup.tar.gz", check=False)
    assert said.returncode == 1
    assert "function pump-control:7 (its code or configuration differs)" in said.stdout + said.stderr


def test_only_an_admin_may(cloud, old):
    made = processes.run(
        BIN / "evergrass", "keys", "create", "--role", "operator", "--json", "--data", cloud.data
    )
    key = json.loads(made.stdout)
    members = json.loads((cloud.folder / "endpoints.json").read_text()) | {
        "access_key_id": key["accessKeyId"], "secret_access_key": key["secretAccessKey"],
    }  # fmt: skip
    file = cloud.folder / "operator.json"
    file.write_text(json.dumps(members))
    said = processes.run(*ADOPT, "--endpoints", file, "--root", old.root, check=False)
    assert said.returncode == 2 and "AccessDenied" in said.stderr


def test_a_service_of_another_account_says_how_to_start_it(cloud, old, tmp_path):
    text = (old.root / "ggc/deployment/group/group.json").read_text()
    other = tmp_path / "greengrass"
    shutil.copytree(old.root, other, symlinks=True)
    file = other / "ggc/deployment/group/group.json"
    file.write_text(text.replace(old_core.ACCOUNT, "999988887777"))
    said = adopt(cloud, "--root", other, "--force", check=False)
    assert said.returncode != 0
    assert "--account 999988887777 --region eu-north-1" in said.stdout + said.stderr


def test_each_core_of_a_fleet_is_told_when_it_is_done(tmp_path):
    fleet = tmp_path / "fleet"
    shutil.copytree(OldCore(tmp_path / "old").root, fleet / "Line1", symlinks=True)
    os.mkfifo(fleet / "Line2.tar.gz")  # an archive that takes its time
    with Process(*ADOPT, "--fleet", fleet, "--dry-run", "--json") as looking:
        looking.wait_for_line(f'"source":"{fleet}/Line1"')
        assert looking.running()
        (fleet / "Line2.tar.gz").write_bytes(b"no archive")
        assert looking.wait() == 2, looking
        assert [json.loads(line)["status"] for line in looking.lines] == [0, 2]


def test_a_fleet_of_archives_makes_shared_devices_once(cloud, tmp_path):
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    first = OldCore(tmp_path / "a", "Line1", "0a1b2c3d-0000-4000-8000-0000000000a1", ["Meter"])
    second = OldCore(
        tmp_path / "b", "Line2", "0a1b2c3d-0000-4000-8000-0000000000a2", ["Meter", "Lamp"],
        shared=first.devices,
    )  # fmt: skip
    for each in (first, second):
        file = each.root / "ggc/deployment/group/group.json"
        text = file.read_text().replace(old_core.DEPLOYMENT, each.group[:-2] + "f" + each.group[-1])
        file.write_text(text)
        with tarfile.open(fleet / f"{each.name}.tar.gz", "w:gz") as archive:
            archive.add(each.root, "greengrass")
    (fleet / "Broken.tar.gz").write_bytes(b"no archive")  # the first of them
    said = adopt(cloud, "--fleet", fleet, "--json", check=False)
    reports = {Path(r["source"]).name: r for r in map(json.loads, said.stdout.splitlines())}
    assert said.returncode == 2 and "cannot be read" in reports["Broken.tar.gz"]["error"]
    assert reports["Line1.tar.gz"]["status"] == reports["Line2.tar.gz"]["status"] == 0, said.stdout
    iot = cloud.endpoints.boto("iot")
    assert len(iot.list_thing_principals(thingName="Meter")["principals"]) == 1
    assert iot.describe_thing(thingName="Lamp")
    names = {g["Name"] for g in cloud.endpoints.boto("greengrass").list_groups()["Groups"]}
    assert {"Line1", "Line2"} <= names


@pytest.fixture(scope="module")
def switched(cloud, old):
    """Our core in the old one's place; the tree's digest before."""
    old.greengrassd("start")
    assert old.old_runs()
    before = old.digest()
    said = adopt(cloud, "--root", old.root, "--switch", *INSECURE)
    yield said.stdout, before
    broom(old)


def test_our_core_takes_over_and_serves_the_devices(cloud, old, switched):
    said, _ = switched
    assert "Stopping the old core." in said and "Done." in said
    assert not old.old_runs() and not old.old_is_in_place
    bundle = old.folder / "bundle"
    handed = processes.run(
        BIN / "evergrass", "device", "bundle", "Valve1", "--endpoints",
        cloud.folder / "endpoints.json", "--out", bundle,
    )  # fmt: skip
    assert "group-ca.pem" in handed.stdout
    ca = bundle / "group-ca.pem"
    device = old.devices["Valve1"]
    valve = mqtt.Device(
        f"127.0.0.1:{old.mqtt_port}", "Valve1", ca, device.cert, device.key, check_name=False
    )
    valve.subscribe("pump/state")
    valve.publish("pump/order", b"{}")
    assert valve.messages.get(timeout=waiting.HANG).payload == b"seen"
    valve.close()


def test_what_is_deployed_here_is_what_the_old_core_had(old, switched):
    new = Path(f"{old.root}.evergrass/root/ggc/deployment/group/group.json")
    had = json.loads((old.root / "ggc/deployment/group/group.json").read_text())
    assert without_synthesised(json.loads(new.read_text())) == without_synthesised(had)


def test_undo_leaves_the_old_tree_byte_for_byte(old, switched):
    said = processes.run(*ADOPT, "--root", old.root, "--undo")
    assert "The old core runs again." in said.stdout
    assert old.old_runs() and old.old_is_in_place
    assert old.digest() == switched[1]
    again = processes.run(*ADOPT, "--root", old.root, "--undo")
    assert "nothing to undo" in again.stdout


@pytest.fixture
def old_again(old, switched):
    """The old core, after a takeover that was undone, whichever tests ran."""
    if not old.old_is_in_place:
        processes.run(*ADOPT, "--root", old.root, "--undo")
    return old


def test_a_check_that_fails_brings_the_old_core_back(cloud, old_again):
    old = old_again
    before = old.digest()
    broken = Path(old.folder, "broken-core")
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    said = adopt(cloud, "--root", old.root, "--switch", "--program", broken, check=False)
    assert said.returncode == 1
    assert "Going back to the old core." in said.stdout
    assert old.old_runs() and old.digest() == before


def test_devices_that_do_not_come_back_bring_the_old_core_back(cloud, old_again):
    old = old_again
    before = old.digest()
    said = adopt(cloud, "--root", old.root, "--switch", "--devices-within", "1", *INSECURE, check=False)
    assert said.returncode == 1
    assert "ok: the core answers and its functions run" in said.stdout
    assert "not so: all devices are back: not connected: Valve1" in said.stderr
    assert "Going back to the old core." in said.stdout
    assert old.old_runs() and old.digest() == before


class BrokenCore(OldCore):
    """Its function is long-lived and does not come up here."""

    def group_json(self):
        text = json.dumps(super().group_json())
        text = text.replace(old_core.DEPLOYMENT, self.group[:-2] + "f3").replace("pump-control:7", "fan-control:1")
        return json.loads(text.replace('"Pinned": false', '"Pinned": true'))

    def _write(self):
        super()._write()
        shutil.rmtree(self.root / "ggc/deployment/lambda")
        code = self.function.replace("pump-control:7", "fan-control:1")
        self._put(f"ggc/deployment/lambda/{code}/main.py", "raise RuntimeError('no fan')\n")


def test_a_function_that_does_not_come_up_brings_the_old_core_back(cloud, tmp_path):
    old = BrokenCore(tmp_path, "Line3", "0a1b2c3d-0000-4000-8000-0000000000a3", ["Fan"])
    old.greengrassd("start")
    before = old.digest()
    try:
        said = adopt(cloud, "--root", old.root, "--switch", *INSECURE, check=False)
        assert said.returncode == 1 and "the deployment failed: " in said.stderr, said
        assert "no fan" in said.stderr and "Going back to the old core." in said.stdout, said
        assert old.old_runs() and old.digest() == before
    finally:
        broom(old)


def test_kills_at_any_moment_leave_one_of_the_two_cores(cloud, old_again, request):
    """kill -9 of the takeover, then what the next boot does; then the way back."""
    old = old_again
    before = old.digest()
    chance = random.Random(7)
    met = set()
    for _ in range(request.config.getoption("--takeover-kills")):
        over = Process(
            *ADOPT, "--endpoints", cloud.folder / "endpoints.json", "--root", old.root,
            "--switch", "--wait", "30", *INSECURE,
        )  # fmt: skip
        lines = ["config.json for", "Deployment", "Stopping the old", "is in place", "ok:"]
        after = chance.choice(lines)
        try:
            over.wait_for_line(after)
        except AssertionError:
            pass
        over.stop(9)
        met.add(old.old_is_in_place)
        waiting.until("no start of a core is under way, as at a boot", lambda: not old.starts())
        old.greengrassd("stop")
        started = old.greengrassd("start")
        assert started.returncode == 0, started
        old.greengrassd("stop")
        undone = processes.run(*ADOPT, "--root", old.root, "--undo", check=False)
        assert undone.returncode == 0, undone
        if after == lines[0] and not old.old_runs():  # nothing was begun, and nothing to undo
            old.greengrassd("start")
        assert old.old_runs(), f"killed after {after!r}: {undone.stdout}"
        assert old.digest() == before
    assert met == {True, False}
