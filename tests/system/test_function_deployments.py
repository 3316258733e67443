"""Deployments over functions at work, and deployments of packages that may not be unpacked."""

import io
import json
import stat
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError

from harness import gate, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN, Process

EVERGRASS = BIN / "evergrass"

# Works until it is let go at the gate that the event names, if it names one.
SLOW = (
    gate.PYTHON
    + """

def handler(event, context):
    if 'gate' in event:
        stop_at(event['gate'])
    return {'version': os.environ['VERSION'], 'worker': WORKER}
"""
)
STEADY = """
import uuid

WORKER = uuid.uuid4().hex


def handler(event, context):
    return WORKER
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
        self.core.config["runtime"]["readyWorkers"] = "none"  # workers are counted
        self.core.write_config()
        self.core.start()
        self.group.deploy()

    def functions(self, version, *more):
        def with_version(arn, pinned):
            one = function_entry(arn, pinned)
            environment = one["FunctionConfiguration"]["Environment"]
            environment["Variables"] = {"VERSION": version}
            return one

        return [
            with_version(self.slow, pinned=False),
            with_version(self.pinned, pinned=True),
            function_entry(self.steady, pinned=True),
            *more,
        ]

    def invoke(self, name, payload="{}"):
        done = processes.run(
            EVERGRASS, "invoke", name, "--payload", payload, "--root", self.core.root
        )
        return json.loads(done.stdout)

    def start_invocation(self, name, at):
        """An invocation that stands at the gate: (the invoker, who stands there)."""
        running = Process(
            EVERGRASS, "invoke", name, "--payload", json.dumps({"gate": at.port}),
            "--root", self.core.root,
        )  # fmt: skip
        return running, at.next()

    def workers_of(self, name):
        """Processes of any version, as the health API tells them."""
        port = self.core.config["coreThing"]["ggDaemonPort"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/2016-11-01/health/workers") as answer:
            return len([w for w in json.load(answer) if w["FuncArn"].split(":")[6] == name])

    def result_of(self, running):
        assert running.wait() == 0, running
        return json.loads(next(line for line in running.lines if line.startswith("{")))


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("deployments"))
    with made.core:
        yield made
        made.core.stop()


@pytest.fixture
def at():
    with gate.Gate() as made:
        yield made


def test_a_function_that_works_is_deployed_over_and_its_invoker_gets_its_result(site, at):
    steady = site.invoke("steady")
    running, old = site.start_invocation("slow", at)
    with running:
        site.group.give(functions=site.functions("2")).deploy()
        assert running.running(), running
        new = site.invoke("slow")
        assert new["version"] == "2"
        old.let_go()
        result = site.result_of(running)
    assert result == {"version": "1", "worker": old.told["worker"]} and new["worker"] != result["worker"]
    assert site.invoke("slow") == new, "the new version goes on in its process"
    waiting.until("the old worker ends", lambda: site.workers_of("slow") == 1)
    assert site.invoke("steady") == steady, "a function that did not change keeps its process"


def test_a_long_lived_function_gives_its_place_when_it_has_finished(site, at):
    site.group.give(functions=site.functions("3")).deploy()
    steady = site.invoke("steady")
    running, old = site.start_invocation("pinned", at)
    with running:
        site.group.give(functions=site.functions("4"))
        deployment = site.group.start_deployment()
        site.core.wait_for_log(deployment)
        assert site.group.status(deployment)["DeploymentStatus"] != "Success"
        old.let_go()
        assert site.group.outcome(deployment)["DeploymentStatus"] == "Success"
        assert site.result_of(running)["version"] == "3"
    assert site.invoke("pinned")["version"] == "4"
    assert site.workers_of("pinned") == 1
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


def test_a_package_that_leaves_its_directory_is_refused_when_it_is_uploaded(site):
    with pytest.raises(ClientError) as refused:
        site.endpoints.boto("lambda").create_function(
            FunctionName="leaving",
            Runtime="python3.7",
            Role=f"arn:aws:iam::{site.endpoints.account}:role/unused",
            Handler="main.handler",
            Code={"ZipFile": zip_with_link("../../../../certs")},
            Publish=True,
        )
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert "the entry 'data' is a link that leaves the package" in str(refused.value)
    names = [f["FunctionName"] for f in site.endpoints.boto("lambda").list_functions()["Functions"]]
    assert "leaving" not in names
