"""`evergrass functions` and `evergrass invoke` against a running core."""

import base64
import json

import pytest

from harness import processes
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN

EVERGRASS = BIN / "evergrass"
CODE = """
import os

print('loaded')


def handler(event, context):
    print('it got', event)
    if event.get('die'):
        os._exit(3)
    return {'doubled': event['n'] * 2, 'custom': context.client_context.custom}
"""


class Site:
    def __init__(self, endpoints, folder):
        thing = new_thing(endpoints, folder / "keys", "core")
        self.always = publish_function(endpoints, "always", CODE)
        self.sometimes = publish_function(endpoints, "sometimes", CODE)
        group = Group(endpoints).give(
            cores=[entry(thing)],
            functions=[
                function_entry(self.always, pinned=True),
                function_entry(self.sometimes, pinned=False),
            ],
        )
        self.core = Core(folder / "greengrass", endpoints, thing)
        self.core.start()
        group.deploy()

    def run(self, verb, *arguments, **more):
        return processes.run(EVERGRASS, verb, *arguments, "--root", self.core.root, check=False, **more)

    def functions(self):
        return {f["arn"]: f for f in json.loads(self.run("functions", "--json").stdout)}


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("functions"))
    with made.core:
        yield made
        made.core.stop()


def test_a_function_is_invoked_by_its_name_and_its_result_is_shown(site):
    done = site.run("invoke", "always", "--payload", '{"n": 4}', "--client-context", '{"custom": {"a": "b"}}')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"doubled": 8, "custom": {"a": "b"}}
    assert "it got {'n': 4}" in done.stderr and "succeeded in" in done.stderr


def test_the_table_counts_and_times(site):
    before = site.functions()[site.always]
    assert site.run("invoke", site.always, "--payload", '{"n": 1}').returncode == 0
    assert site.run("invoke", site.always, "--payload", '{}').returncode == 1
    after = site.functions()[site.always]
    assert after["invocations"] == before["invocations"] + 2
    assert after["errors"] == before["errors"] + 1
    assert 0 < after["p50Micros"] <= after["p99Micros"]
    assert after["memoryKb"] > 1000 and after["workers"] == 1
    lines = site.run("functions").stdout.splitlines()
    assert lines[0].split()[:2] == ["FUNCTION", "STATE"] and len(lines) == 3


def test_an_on_demand_function_is_started_for_it(site, tmp_path):
    payload = tmp_path / "payload.json"
    payload.write_text('{"n": 21}')
    done = site.run("invoke", "sometimes", "--payload", f"@{payload}", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer["outcome"] == "success" and answer["function"] == site.sometimes
    assert json.loads(base64.b64decode(answer["payloadBase64"]))["doubled"] == 42
    assert site.functions()[site.sometimes]["workers"] == 1


def test_a_worker_that_dies_is_told_with_its_last_words(site):
    done = site.run("invoke", "sometimes", "--payload", '{"die": true}')
    assert done.returncode == 1
    assert "exit status 3" in done.stdout and "it got {'die': True}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody",), "'nobody' is no function of the deployed group"),
        (("always", "--client-context", "["), "--client-context"),
        (("always", "--payload", "@/nowhere"), "/nowhere"),
    ],
)
def test_what_is_wrong_is_said(site, arguments, says):
    done = site.run("invoke", *arguments)
    assert done.returncode == 2 and says in done.stderr


def test_no_core_is_said_too(tmp_path):
    for verb in (("functions",), ("invoke", "f")):
        done = processes.run(EVERGRASS, *verb, "--root", tmp_path, check=False)
        assert done.returncode == 2 and "greengrassd start" in done.stderr
