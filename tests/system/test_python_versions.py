"""Functions on the interpreters that config.json names, among them one that speaks to the core as the
SDKs 1.0 and 1.1 did, which people had to put into their packages."""

import json

import pytest

from harness import isolation, processes, pythons
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, subscriptions, zip_of
from harness.processes import BIN

EVERGRASS = BIN / "evergrass"
FOUND = pythons.find()
# Of V1's and the newest: each is started by a core of its own, by the name of V1's runtime.
CHOSEN = [v for v in ("2.7", "3.7", "3.8") if v in FOUND] + list(FOUND)[-1:]

OLD = """
import base64
import json
import os
import sys

import greengrass_common
from greengrass_common.function_arn_fields import FunctionArnFields

try:
    from urllib.request import Request, urlopen
except ImportError:
    from urllib2 import Request, urlopen

BASE = 'http://localhost:' + os.environ['GG_DAEMON_PORT'] + '/2016-11-01'
ROUTER = BASE + '/functions/' + os.environ['ROUTER_FUNCTION_ARN']
TOKEN = os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']


def call(url, body=None, **headers):
    asked = Request(url, body, {'Authorization': TOKEN})
    for name, value in headers.items():
        asked.add_header(name.replace('_', '-'), value)
    return urlopen(asked)


def publish(topic, payload):
    custom = {'custom': {'source': os.environ['MY_FUNCTION_ARN'], 'subject': topic}}
    context = base64.b64encode(json.dumps(custom).encode()).decode()
    sent = call(ROUTER, payload, X_Amz_Client_Context=context, X_Amz_Invocation_Type='RequestResponse')
    result = call(ROUTER, X_Amz_InvocationId=sent.headers['X-Amz-InvocationId'])
    return [result.getcode(), result.headers['X-Amz-Function-Error'], result.read().decode()]


def log(text):
    own = FunctionArnFields(os.environ['MY_FUNCTION_ARN'])
    body = {
        'logGroupName': '/Lambda/{}/{}/{}'.format(own.region, own.account_id, own.name),
        'logStreamName': 'fromPythonAppender',
        'logEvents': [{'timestamp': 1500000000000, 'message': '[WARN]-old.py:7,' + text}],
    }
    return call(BASE + '/cloudwatch/logs/', json.dumps(body).encode()).getcode()


def handler(event, context):
    own = FunctionArnFields(os.environ['MY_FUNCTION_ARN'])
    built = FunctionArnFields.build_arn_string(own.region, own.account_id, own.name, own.qualifier)
    return {
        'version': '.'.join(str(part) for part in sys.version_info[:2]),
        'published': publish('old/' + event['word'], event['word'].encode()),
        'logged': log(event['word']),
        'is_own_arn': built == os.environ['MY_FUNCTION_ARN'],
        'common': greengrass_common.__file__,
    }
"""


def package():
    """With what a bundle's copy of the core's modules would be."""
    return zip_of(
        main_py=OLD,
        **{
            f"greengrass_common/{name}_py": "raise ImportError('the copy in the package was taken')\n"
            for name in ("__init__", "function_arn_fields", "env_vars")
        },
    )


class Site:
    def __init__(self, endpoints, folder, interpreters):
        self.endpoints = endpoints
        thing = new_thing(endpoints, folder / "keys", f"core-{folder.name}")
        self.device = new_thing(endpoints, folder / "keys", f"device-{folder.name}")
        self.name = f"old-{folder.name}"
        made = endpoints.boto("lambda").create_function(
            FunctionName=self.name,
            Runtime="python3.8",
            Role=f"arn:aws:iam::{endpoints.account}:role/unused",
            Handler="main.handler",
            Code={"ZipFile": package()},
            Publish=True,
        )
        self.arn = made["FunctionArn"].removesuffix(":1") + ":1"
        self.group = Group(endpoints, folder.name).give(
            cores=[entry(thing)],
            devices=[entry(self.device)],
            functions=[function_entry(self.arn, pinned=True, **isolation.plain())],
            subscriptions=subscriptions((self.arn, self.device.arn, "old/#")),
        )
        self.core = Core(folder / "greengrass", endpoints, thing)
        self.core.config["runtime"]["interpreters"] = interpreters
        # They are where only the tester may go.
        self.core.config["runtime"]["allowFunctionsToRunAsRoot"] = "yes"
        self.core.write_config()
        self.core.start()
        self.folder = folder

    def user_log(self):
        path = self.core.root / f"ggc/var/log/user/{self.endpoints.region}/{self.endpoints.account}"
        return (path / f"{self.name}.log").read_text()


@pytest.mark.parametrize("version", CHOSEN)
def test_an_old_package_runs_on_the_interpreter_that_is_named(service, tmp_path_factory, version):
    folder = tmp_path_factory.mktemp(f"py{version.replace('.', '')}-")
    site = Site(service.endpoints, folder, {"python3.8": str(FOUND[version])})
    with site.core as core:
        site.group.deploy()
        ca = site.group.write_ca(folder / "group-ca.pem")
        with core.connect(site.device, ca) as device:
            device.subscribe("old/#")
            done = processes.run(
                EVERGRASS, "invoke", site.name, "--payload", '{"word": "w"}', "--root", core.root
            )
            answer = json.loads(done.stdout)
            common = answer.pop("common")
            assert answer == {
                "version": version, "published": [200, "", ""], "logged": 200, "is_own_arn": True,
            }  # fmt: skip
            assert not common.startswith(str(core.root)), "the core's modules win"
            message = device.receive()
            assert (message.topic, message.payload) == ("old/w", b"w")
        assert "[WARN]-old.py:7,w" in site.user_log()
        core.stop()


def test_an_interpreter_that_is_not_there_fails_the_deployment_and_is_named(service, tmp_path_factory):
    folder = tmp_path_factory.mktemp("missing")
    site = Site(service.endpoints, folder, {"python3.8": "/nowhere/python3.8"})
    with site.core as core:
        status = site.group.outcome(site.group.start_deployment())
        assert status["DeploymentStatus"] == "Failure"
        assert "runtime.interpreters of config.json names /nowhere/python3.8" in status["ErrorMessage"]
        core.stop()
