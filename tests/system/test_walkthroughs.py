"""The V1 developer guide's modules 2, 3 and 4, typed with Debian's aws: examples/getting-started."""

import json
import re

import pytest

from harness import isolation, ports, processes
from harness.core import GREENGRASSD, start_options
from harness.processes import ROOT
from harness.system import System

SCRIPTS = ROOT / "examples/getting-started"


class Walker:
    """Someone who types the scripts, one after the other, in a folder of their own."""

    def __init__(self, service, folder):
        self.folder = folder
        self.root = folder / "greengrass"
        self._env = processes.clean_env(
            EVERGRASS_ENDPOINTS=str(service.endpoints.path),
            GG_WORK=str(folder),
            GG_ROOT=str(self.root),
            GG_MQTT_PORT=str(ports.free_port()),
            GG_DAEMON_PORT=str(ports.free_port()),
            GREENGRASSD=str(GREENGRASSD),
            GG_START_OPTIONS=" ".join(start_options()),
        )

    def run(self, script):
        return processes.run("bash", SCRIPTS / script, env=self._env).stdout

    def stop_core(self):
        processes.run(GREENGRASSD, "stop", "--root", self.root)
        assert not processes.of_directory(self.root)


@pytest.fixture(scope="module")
def walker(tmp_path_factory):
    """Module 2 is done: the group has a core, and the core runs."""
    # Module 4 needs AWS's ports; who may not bind them walks through modules 2 and 3 all the same.
    at = ("--port-base", "0")
    if ports.may_bind_443():
        at = ("--address", ports.loopback_address())
    folder = tmp_path_factory.mktemp("walk")
    with System(folder / "service", "--no-sample", ports=at) as service:
        walker = Walker(service, folder / "work")
        walker.folder.mkdir()
        walker.module2 = walker.run("module2.sh")
        yield walker
        walker.stop_core()


def test_module_2_makes_a_group_and_starts_its_core(walker):
    assert re.search(r"Greengrass successfully started with PID: \d+", walker.module2)
    assert re.search(r"Deployment [0-9a-f-]{36}: Success", walker.module2)
    group = json.loads((walker.root / "ggc/deployment/group/group.json").read_text())
    assert group


isolated = pytest.mark.skipif(
    not isolation.available(), reason=f"functions cannot be isolated here: {isolation.probe()}"
)


@isolated
def test_module_3_1_a_long_lived_function_says_hello_to_the_cloud(walker):
    lines = walker.run("module3-1.sh").splitlines()
    greetings = [json.loads(line) for line in lines if line.startswith("{")]
    assert len(greetings) == 2
    assert all(g["message"] == "Hello from Greengrass Core" for g in greetings)


@isolated
def test_module_3_2_triggers_at_once_get_a_worker_each_and_a_later_one_reuses(walker):
    output = walker.run("module3-2.sh")
    for worker in (1, 2, 3):
        assert f"Worker {worker} of three triggers at once: invocation 1" in output
    assert "A later trigger: invocation 2" in output


@pytest.mark.skipif(not ports.may_bind_443(), reason="SDK v2 discovers on port 443 alone")
def test_module_4_three_sdks_discover_the_core_and_talk_through_it(walker):
    output = walker.run("module4.sh")
    for sender, receiver in (("SDKv2", "SDKv1"), ("SDKv1", "Paho"), ("Paho", "SDKv2")):
        heard = f'HelloWorld_{receiver}: Received message on topic hello/world/pubsub: '
        assert heard + json.dumps({"message": f"Hello from HelloWorld_{sender}"}) in output
