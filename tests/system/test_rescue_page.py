"""docs/rescue.md as its reader types it: the commands come out of the page, and so does what they print."""

import json
import re
import shutil
import tarfile

import pytest

from harness import core as ours
from harness import old_core, processes
from harness.old_core import OldCore
from harness.processes import BIN, ROOT

PAGE = (ROOT / "docs/rescue.md").read_text()
FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)


def steps():
    """(command, lines that it prints); `fleet` and `settings` are marked as such in the page."""
    found, blocks = [], [(m[1], m[2]) for m in FENCE.finditer(PAGE)]
    for position, (kind, text) in enumerate(blocks):
        if kind.startswith("sh"):
            after = blocks[position + 1] if position + 1 < len(blocks) else ("sh", "")
            found.append((kind, text.strip(), after[1].splitlines() if after[0] == "" else []))
    return found


def pattern(line):
    return re.compile("^" + ".*".join(map(re.escape, line.split("…"))), re.MULTILINE)


@pytest.fixture
def reader(tmp_path):
    """Someone at a core, with a service of the right account."""
    old = OldCore(tmp_path / "old")
    with old_core.new_service(tmp_path / "service") as cloud:
        endpoints = cloud.endpoints
        # A kernel without link protection, as some CI machines': the page has that in its table.
        insecure = " ".join(ours.start_options())
        shell = tmp_path / "bin/evergrass"
        shell.parent.mkdir()
        shell.write_text(
            f'#!/bin/sh\ncase "$*" in *--switch*) exec {BIN}/evergrass "$@" {insecure};; esac\n'
            f'exec {BIN}/evergrass "$@"\n'
        )
        shell.chmod(0o755)
        settings = (
            f"PATH={shell.parent}:$PATH ROOT={old.root} SERVICE={endpoints.api} "
            f"CA={endpoints.ca_file}\n"
        )
        old.greengrassd("start")
        try:
            yield old, lambda command: processes.run(
                "bash", "-c", settings + command, env=endpoints.env(), cwd=tmp_path
            )
        finally:
            old.greengrassd("stop")
            for pid in processes.of_directory(tmp_path / "old"):
                processes.kill(pid)


def test_the_page_says_what_happens(reader, tmp_path):
    old, run = reader
    (tmp_path / "backups").mkdir()
    with tarfile.open(tmp_path / "backups/pump7.tar.gz", "w:gz") as archive:
        archive.add(old.root, "greengrass")
    before = old.digest()
    commands = 0
    for kind, command, printed in steps():
        if kind == "sh settings":
            names = set(re.findall(r"([A-Z_]+)=", command))
            assert names == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ROOT", "SERVICE", "CA"}
            continue
        said = run(command)
        commands += 1
        for line in printed:
            assert pattern(line).search(said.stdout), f"{command}\ndid not print\n{line}\nbut\n{said.stdout}"
        if "--undo" in command:
            assert old.old_runs() and old.digest() == before
        if "--switch" in command:
            assert not old.old_runs()
    assert commands >= 6


def of_table(beginning):
    """What the page says that adopt says, in the row that begins so."""
    (row,) = re.findall(rf"^\| (`{re.escape(beginning)}.*?) \|", PAGE, re.MULTILINE)
    return re.findall("`([^`]+)`", row)


def change_json(file, change):
    members = json.loads(file.read_text())
    change(members)
    file.write_text(json.dumps(members))


def of_another_core(members):
    members["coreThing"]["thingArn"] += "2"


def with_secret(members):
    arn = f"arn:aws:secretsmanager:{old_core.REGION}:{old_core.ACCOUNT}:secret:meter-AbCdEf"
    data = {"type": "SecretsManagerSecretResourceData", "ARN": arn, "AdditionalStagingLabelsToDownload": []}
    members["GroupDefinitions"]["Resources"]["Content"] = [
        {"Id": "meter", "Type": "SECRETS_MANAGER_SECRET", "Data": data}
    ]


DAMAGES = {
    "group.json and what": [lambda tree: change_json(tree / "config/config.json", of_another_core)],
    "nothing is deployed": [
        lambda tree: (tree / "ggc/deployment/group/group.json").write_text("{}"),
        lambda tree: shutil.rmtree(tree / "ggc/deployment"),  # a reset
    ],
    "the code of": [lambda tree: shutil.rmtree(tree / "ggc/deployment/lambda")],
    "the value of secret": [lambda tree: change_json(tree / "ggc/deployment/group/group.json", with_secret)],
}


def test_what_can_go_wrong_is_said_in_the_words_of_the_page(tmp_path):
    old = OldCore(tmp_path / "old")
    for row, damages in DAMAGES.items():
        for number, (words, damage) in enumerate(zip(of_table(row), damages, strict=True)):
            tree = tmp_path / f"{row}-{number}"
            shutil.copytree(old.root, tree, symlinks=True)
            damage(tree)
            said = processes.run(BIN / "evergrass", "adopt", "--root", tree, "--dry-run", check=False)
            wanted = ".*".join(map(re.escape, words.split("…")))
            assert re.search(wanted, said.stdout + said.stderr), f"{words}\n{said}"
