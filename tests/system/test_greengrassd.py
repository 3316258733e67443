"""`greengrassd start | stop | restart | status` with V1's texts and pid file (spec/core.md §4)."""

import json
import re

import pytest

from harness import isolation, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import Process


@pytest.fixture(scope="module")
def thing(service, tmp_path_factory):
    return new_thing(service.endpoints, tmp_path_factory.mktemp("keys"), "core")


@pytest.fixture
def core(service, thing, tmp_path):
    with Core(tmp_path / "greengrass", service.endpoints, thing) as made:
        yield made


def test_start_says_what_v1_said_and_writes_the_pid_file(core):
    lines = core.daemon("start").stdout.splitlines()
    assert lines[:3] == [
        "Setting up greengrass daemon",
        "Validating hardlink/softlink protection",
        "Waiting for up to 30s for Daemon to start",
    ]
    assert lines[3] == ""
    started = re.fullmatch(r"Greengrass successfully started with PID: (\d+)", lines[4])
    assert started, lines
    assert core.pid == int(started.group(1))
    # What operators look for with ps aux | grep -E 'greengrass.*daemon'.
    assert re.search(r"greengrass.*daemon", processes.command_line(core.pid))


def test_stop_ends_the_daemon_and_removes_the_pid_file(core):
    core.start()
    pid = core.pid
    core.stop()
    assert not processes.alive(pid)
    assert not (core.root / "greengrassd.pid").exists()
    assert not processes.of_directory(core.root)


def test_stop_ends_it_whatever_it_waits_for_at_that_moment(core):
    for _ in range(20):
        core.start()  # goes on dialling, asking for the signing key, polling ... while stop comes
        core.stop()


def test_stop_of_a_core_that_does_not_run_is_no_error(core):
    assert "not running" in core.daemon("stop").stdout


SLOW = """
import os, time
folder = "FOLDER"
open(os.path.join(folder, "began"), "w").close()
while not os.path.exists(os.path.join(folder, "go")):
    time.sleep(0.01)

def handler(event, context):
    pass
"""


def test_stop_finds_a_core_whose_functions_are_still_starting(service, core, tmp_path):
    began, go = tmp_path / "began", tmp_path / "go"
    go.touch()
    core.config["runtime"]["allowFunctionsToRunAsRoot"] = "yes"
    core.write_config()
    core.start()
    function = publish_function(service.endpoints, "slow", SLOW.replace("FOLDER", str(tmp_path)))
    entries = [function_entry(function, True, **isolation.plain())]
    Group(service.endpoints).give(cores=[entry(core.thing)], functions=entries).deploy()
    core.stop()
    began.unlink()
    go.unlink()
    with Process(*core.command("start")) as starting:
        waiting.until(lambda: f"the function starts: {starting}", began.exists)
        assert str(core.pid) in core.daemon("status").stdout
        with Process(*core.command("stop")) as stopping:
            stopping.wait_for_line("Waiting")
            go.touch()
            assert stopping.wait() == 0, stopping
        starting.wait()
    assert not processes.of_directory(core.root)
    assert not (core.root / "greengrassd.pid").exists()


def test_restart_starts_another_process(core):
    core.start()
    before = core.pid
    core.daemon("restart")
    assert core.pid != before
    assert processes.alive(core.pid) and not processes.alive(before)
    core.stop()


def test_a_second_start_names_the_one_that_runs(core):
    core.start()
    second = core.daemon("start", check=False)
    assert second.returncode != 0
    assert f"already running with PID: {core.pid}" in second.stderr
    core.stop()


def test_status_tells_by_words_and_exit_code(core):
    assert core.daemon("status", check=False).returncode == 3
    core.start()
    assert str(core.pid) in core.daemon("status").stdout
    core.stop()
    assert "not running" in core.daemon("status", check=False).stdout


def test_a_pid_file_of_a_killed_daemon_does_not_stop_the_next_start(core):
    core.start()
    before = core.pid
    core.kill()
    core.start()
    assert core.pid != before
    core.stop()


def test_the_tree_is_the_one_that_v1_left(service, core):
    core.start()
    Group(service.endpoints).give(cores=[entry(core.thing)]).deploy()
    assert (core.root / "ggc/var/log/system/runtime.log").is_file()
    group = core.root / "ggc/deployment/group/group.json"
    assert group.stat().st_mode & 0o777 == 0o600
    assert isinstance(json.loads(group.read_text()), dict)
    assert (core.root / "ggc/var/state/server/server.crt").read_text().startswith("-----BEGIN")
    core.stop()
