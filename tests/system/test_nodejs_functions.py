"""Node.js functions in a whole system: zips that bundle the stock SDK, deployed by the service and run by the core."""

import io
import json
import zipfile

import pytest

from harness import processes, waiting
from harness.core import GREENGRASSD, Core, start_options
from harness.group import Group, entry, function_entry, new_thing, subscriptions
from harness.processes import ROOT

PACKAGES = ROOT / "tests/interop/node_modules"
SDK = ("aws-greengrass-core-sdk", "cbor", "nofilter", "bignumber.js")
VERSIONS = {"nodejs6.10": "node6", "nodejs8.10": "node8", "nodejs12.x": "node12"}

# What asks for it calls another function, publishes its answer and reads a shadow.
CALLER = """
const gg = require('aws-greengrass-core-sdk');
const data = new gg.IotData();
const lambda = new gg.Lambda();

const publish = (topic, value) =>
  new Promise((done, failed) => data.publish({ topic, payload: JSON.stringify(value) },
    (error) => (error ? failed(error) : done())));
const invoke = (arn, value) =>
  new Promise((done, failed) => lambda.invoke({ FunctionName: arn, Payload: JSON.stringify(value) },
    (error, answer) => (error ? failed(error) : done(answer))));
const shadows = (operation, asked) =>
  new Promise((done, failed) => data[operation]({ thingName: 'any', ...asked },
    (error, answer) => (error ? failed(error) : done(JSON.parse(answer.Payload)))));

exports.handler = (event, context) => {
  console.log('asked by %s', context.clientContext.Custom.subject);
  return invoke(process.env.OTHER, event).then((answer) =>
    Promise.resolve().then(async () => [
      await shadows('getThingShadow'),
      await shadows('updateThingShadow', { payload: '{"state":{"reported":{"n":1}}}' }),
      await shadows('getThingShadow'),
      await shadows('deleteThingShadow'),
    ]).then((told) => publish('node/out', {
      node: process.version,
      subject: context.clientContext.Custom.subject,
      error: answer.FunctionError,
      answer: JSON.parse(answer.Payload),
      shadow: told,
    })));
};
"""

OTHER = """
exports.handler = (event, context, callback) => {
  if (event.fail) callback(new Error('asked for'));
  else callback(null, { doubled: event.n * 2 });
};
"""

# Without the SDK, whose last version is for newer ones: what V1's first Node.js ran.
OLD = """
const IPCClient = require('aws-greengrass-ipc-sdk-js');
const common = require('aws-greengrass-common-js');
const ipc = new IPCClient(common.envVars.AUTH_TOKEN);
const context = { custom: { source: common.envVars.MY_FUNCTION_ARN, subject: 'old/out' } };

exports.handler = (event, unused, callback) => {
  const payload = JSON.stringify({ node: process.version, n: event.n });
  const encoded = Buffer.from(JSON.stringify(context)).toString('base64');
  ipc.postWork(common.envVars.ROUTER_FUNCTION_ARN, payload, encoded, 'Event', callback);
};
"""


def package(source, modules=()):
    """The zip of a function, with stock modules beside its file as npm puts them."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lib/index.js", source)
        for module in modules:
            for path in sorted((PACKAGES / module).rglob("*")):
                if path.is_file():
                    archive.write(path, f"node_modules/{path.relative_to(PACKAGES)}")
    return data.getvalue()


def create(endpoints, name, runtime, zip_bytes):
    """The ARN of a numbered version of a new function."""
    made = endpoints.boto("lambda").create_function(
        FunctionName=name,
        Runtime=runtime,
        Role=f"arn:aws:iam::{endpoints.account}:role/unused",
        Handler="lib/index.handler",
        Code={"ZipFile": zip_bytes},
        Publish=True,
    )
    arn, version = made["FunctionArn"], made["Version"]
    return arn if arn.endswith(f":{version}") else f"{arn}:{version}"


def with_variables(function, **variables):
    function["FunctionConfiguration"]["Environment"]["Variables"] = variables
    return function


class Site:
    def __init__(self, endpoints, folder):
        self.core_thing = new_thing(endpoints, folder / "keys", "n_core")
        self.device = new_thing(endpoints, folder / "keys", "n_device")
        device = self.device.arn
        other = create(endpoints, "n_other", "nodejs8.10", package(OTHER))
        caller = create(endpoints, "n_caller", "nodejs12.x", package(CALLER, SDK))
        old = create(endpoints, "n_old", "nodejs6.10", package(OLD))
        self.functions = [
            function_entry(other, pinned=False),
            with_variables(function_entry(caller, pinned=True), OTHER=other),
            function_entry(old, pinned=True),
        ]
        self.group = Group(endpoints, "nodejs").give(
            cores=[entry(self.core_thing)],
            devices=[entry(self.device)],
            functions=self.functions,
            subscriptions=subscriptions(
                (device, caller, "node/in"),
                (caller, device, "node/out"),
                (device, old, "old/in"),
                (old, device, "old/out"),
            ),
        )
        self.core = Core(folder / "greengrass", endpoints, self.core_thing)

    def start(self, path):
        """The core, with only those Node.js in its PATH that are in the folder `path`."""
        processes.run(
            GREENGRASSD, "start", "--root", self.core.root, *start_options(),
            env=processes.clean_env(PATH=f"{path}:/usr/sbin:/usr/bin:/sbin:/bin"),
        )  # fmt: skip

    def log_of(self, name):
        return "".join(p.read_text() for p in self.core.root.glob(f"ggc/var/log/user/*/*/{name}.log"))


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A folder with V1's names of the versions that npm has for this machine."""
    folder = tmp_path_factory.mktemp("programs")
    for name, module in VERSIONS.items():
        program = PACKAGES / module / "bin/node"
        if program.exists():
            (folder / name).symlink_to(program)
    return folder


@pytest.fixture(scope="module")
def site(service, programs, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("nodejs"))
    with made.core:
        made.start(programs)
        made.group.deploy()
        made.ca = made.group.write_ca(made.core.root / "group-ca.pem")
        yield made
        made.core.stop()


def exchange(site, topic_in, topic_out, event):
    with site.core.connect(site.device, site.ca) as device:
        device.subscribe(topic_out)
        device.publish(topic_in, json.dumps(event))
        return json.loads(device.receive().payload)


def version_of(programs, name):
    """What runs a function of this runtime: the program of its name, or this machine's."""
    program = programs / name
    said = processes.run(program if program.exists() else "node", "--version").stdout
    return said.strip()


def test_the_stock_sdk_publishes_invokes_and_asks_for_shadows(site, programs):
    told = exchange(site, "node/in", "node/out", {"n": 21})
    missing, updated, found, deleted = told.pop("shadow")
    assert (missing["code"], missing["message"]) == (404, "No shadow exists with name: 'any'")
    assert updated["state"] == found["state"] == {"reported": {"n": 1}}
    assert updated["version"] == found["version"] == deleted["version"]
    assert told == {
        "node": version_of(programs, "nodejs12.x"),
        "subject": "node/in",
        "error": "",
        "answer": {"doubled": 42},
    }
    waiting.until(
        lambda: f"the console is in the function's log: {site.log_of('n_caller')}",
        lambda: "[INFO]-asked by node/in" in site.log_of("n_caller"),
    )


def test_an_invoker_hears_of_the_error_of_the_function(site):
    told = exchange(site, "node/in", "node/out", {"fail": True})
    assert told["error"] == "Handled"
    assert told["answer"]["errorMessage"] == "asked for"
    assert any("index.js" in frame for frame in told["answer"]["stackTrace"])


def test_the_first_node_of_v1_runs_what_was_written_for_it(site, programs):
    told = exchange(site, "old/in", "old/out", {"n": 5})
    assert told == {"node": version_of(programs, "nodejs6.10"), "n": 5}


def test_a_nodejs_of_another_version_stands_in_and_is_told(site, programs, tmp_path):
    newest = processes.run("node", "--version").stdout.strip()
    site.core.stop()
    site.start(tmp_path)
    site.core.wait_for_log(f"The function asks for nodejs12.x and runs on node ({newest}).")
    assert exchange(site, "node/in", "node/out", {"n": 1})["node"] == newest
    site.core.stop()
    site.start(programs)


def test_a_function_that_cannot_be_loaded_fails_the_deployment_with_the_reason(site, service):
    broken = create(service.endpoints, "n_broken", "nodejs12.x", package("require('no-such-module');"))
    site.group.give(functions=[*site.functions, function_entry(broken, pinned=True)])
    status = site.group.outcome(site.group.start_deployment())
    assert status["DeploymentStatus"] == "Failure"
    assert "Cannot find module 'no-such-module'" in status["ErrorMessage"]
    assert exchange(site, "old/in", "old/out", {"n": 6})["n"] == 6
