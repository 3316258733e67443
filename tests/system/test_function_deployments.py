"""Deployments over functions at work, and deployments of packages that may not be unpacked."""

import io
import json
import stat
import zipfile

import pytest

from harness import core_socket, isolation, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN, Process

EVERGRASS = BIN / "evergrass"

# Works until the file that the event names is there.
SLOW = """
import os
import time


def handler(event, context):
    print('at work')
    while not os.path.exists(event['until']):
        time.sleep(0.01)
    return {'version': os.environ['VERSION'], 'pid': os.getpid()}
"""
STEADY = """
import os


def handler(event, context):
    return os.getpid()
"""


class Site:
    def __init__(self, endpoints, folder):
        self.endpoints = endpoints
        self.folder = folder
        self.thing = new_thing(endpoints, folder / "keys", "core")
        self.slow = publish_function(endpoints, "slow", SLOW)
        self.pinned = publish_function(endpoints, "pinned", SLOW)
        self.steady = publish_function(endpoints, "steady", STEADY)
        self.group = Group(endpoints).give(cores=[entry(self.thing)], functions=self.functions("1"))
        self.core = Core(folder / "greengrass", endpoints, self.thing)
        # They wait for files of this test, and tell their process's number: both in no container.
        self.core.config["runtime"]["allowFunctionsToRunAsRoot"] = "yes"
        self.core.write_config()
        self.core.start()
        self.group.deploy()

    def functions(self, version, *more):
        def with_version(arn, pinned):
            one = function_entry(arn, pinned, **isolation.plain())
            environment = one["FunctionConfiguration"]["Environment"]
            environment["Variables"] = {"VERSION": version}
            return one

        return [
            with_version(self.slow, pinned=False),
            with_version(self.pinned, pinned=True),
            function_entry(self.steady, pinned=True, **isolation.plain()),
            *more,
        ]

    def invoke(self, name, payload="{}"):
        done = processes.run(
            EVERGRASS, "invoke", name, "--payload", payload, "--root", self.core.root
        )
        return json.loads(done.stdout)

    def start_invocation(self, name, until):
        running = Process(
            EVERGRASS, "invoke", name, "--payload", json.dumps({"until": str(until)}),
            "--root", self.core.root,
        )  # fmt: skip
        waiting.until(f"{name} is at work", lambda: self.state_of(name) == "Working")
        return running

    def state_of(self, name):
        return next(
            f["state"] for f in core_socket.status(self.core)["functions"]
            if f["arn"].split(":")[6] == name
        )  # fmt: skip

    def result_of(self, running):
        assert running.wait() == 0, running
        return json.loads(next(line for line in running.lines if line.startswith("{")))


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("deployments"))
    with made.core:
        yield made
        made.core.stop()


def test_a_function_that_works_is_deployed_over_and_its_invoker_gets_its_result(site, tmp_path):
    steady = site.invoke("steady")
    with site.start_invocation("slow", tmp_path / "go") as running:
        site.group.give(functions=site.functions("2")).deploy()
        assert running.running(), running
        new = site.invoke("slow", json.dumps({"until": "/"}))
        assert new["version"] == "2"
        (tmp_path / "go").touch()
        old = site.result_of(running)
    assert old["version"] == "1"
    waiting.until("the old worker ends", lambda: not processes.alive(old["pid"]))
    assert site.invoke("steady") == steady, "a function that did not change keeps its process"


def test_a_long_lived_function_gives_its_place_when_it_has_finished(site, tmp_path):
    site.group.give(functions=site.functions("3")).deploy()
    steady = site.invoke("steady")
    with site.start_invocation("pinned", tmp_path / "go") as running:
        site.group.give(functions=site.functions("4"))
        deployment = site.group.start_deployment()
        site.core.wait_for_log(deployment)
        assert site.group.status(deployment)["DeploymentStatus"] != "Success"
        (tmp_path / "go").touch()
        assert site.group.outcome(deployment)["DeploymentStatus"] == "Success"
        old = site.result_of(running)
    assert old["version"] == "3" and not processes.alive(old["pid"])
    assert site.invoke("pinned", json.dumps({"until": "/"}))["version"] == "4"
    assert site.invoke("steady") == steady


def zip_with_link(target):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("main.py", STEADY)
        link = zipfile.ZipInfo("data")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, target)
    return data.getvalue()


def test_a_package_that_leaves_its_directory_fails_the_deployment_and_all_goes_on(site):
    made = site.endpoints.boto("lambda").create_function(
        FunctionName="leaving",
        Runtime="python3.7",
        Role=f"arn:aws:iam::{site.endpoints.account}:role/unused",
        Handler="main.handler",
        Code={"ZipFile": zip_with_link("../../../../certs")},
        Publish=True,
    )
    leaving = f"{made['FunctionArn'].removesuffix(':1')}:1"
    steady = site.invoke("steady")
    site.group.give(functions=site.functions("5", function_entry(leaving, pinned=True)))
    status = site.group.outcome(site.group.start_deployment())
    assert status["DeploymentStatus"] == "Failure"
    message = status["ErrorMessage"]
    for part in (leaving, "'data' is a link that leaves the package, to '../../../../certs'", "Pack"):
        assert part in message
    assert site.invoke("steady") == steady
    left = {path.name for path in (site.core.root / "ggc/deployment/lambda").iterdir()}
    assert not [name for name in left if "leaving" in name or name.startswith((".new", ".staging"))]
    site.group.give(functions=site.functions("6")).deploy()
    assert site.invoke("pinned", json.dumps({"until": "/"}))["version"] == "6"
