"""Lambda's Invoke: a core that the caller names runs its deployed function, with stock clients."""

import base64
import json
import threading

import pytest
from botocore.exceptions import ClientError

from harness import processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, zip_of

CODE = """
import json, os, time
from pathlib import Path

def handler(event, context):
    print('it got', event)
    if 'raise' in event:
        raise ValueError(event['raise'])
    if 'die' in event:
        os._exit(3)
    if 'sleep' in event:
        time.sleep(event['sleep'])
    if 'large' in event:
        return 'x' * event['large']
    custom = context.client_context.custom if context.client_context else None
    return {'event': event, 'custom': custom, 'id': context.aws_request_id}
"""
BINARY = """
def handler(event, context):
    return bytes(reversed(event))
"""


class Site:
    def __init__(self, endpoints, folder):
        self.endpoints = endpoints
        self.thing = new_thing(endpoints, folder / "keys", "invoked-core")
        self.always = publish_function(endpoints, "invoked", CODE)
        self.sometimes = publish_function(endpoints, "invoked-on-demand", CODE)
        self.binary = publish_function(endpoints, "invoked-binary", BINARY)
        self.brief = publish_function(endpoints, "invoked-briefly", CODE)
        self.absent = publish_function(endpoints, "invoked-nowhere", CODE)
        self.core = Core(folder / "greengrass", endpoints, self.thing)
        self.core.start()
        Group(endpoints, "invoked").give(
            cores=[entry(self.thing)],
            functions=[
                function_entry(self.always, pinned=True),
                function_entry(self.sometimes, pinned=False),
                function_entry(self.binary, pinned=False, EncodingType="binary"),
                function_entry(self.brief, pinned=False, Timeout=1),
            ],
        ).deploy()
        self.api = endpoints.boto("lambda", plain=False)

    def invoke(self, function, payload=b"{}", core="invoked-core", context=None, **more):
        custom = {"custom": {**(context or {}), **({"evergrass:core": core} if core else {})}}
        return self.api.invoke(
            FunctionName=function,
            ClientContext=base64.b64encode(json.dumps(custom).encode()).decode(),
            Payload=payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
            **more,
        )

    def refused(self, function, *arguments, **more):
        with pytest.raises(ClientError) as failed:
            self.invoke(function, *arguments, **more)
        error = failed.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("invoke"))
    with made.core:
        yield made


def read(answer):
    return json.loads(answer["Payload"].read())


def test_the_core_that_the_context_names_runs_it(site):
    answer = site.invoke(site.always, {"n": 4}, context={"a": "b"})
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "1"
    assert "FunctionError" not in answer and "LogResult" not in answer
    result = read(answer)
    assert result["event"] == {"n": 4}
    assert result["custom"] == {"a": "b", "evergrass:core": "invoked-core"}


def test_the_core_that_the_tag_names_runs_it(site):
    arn = site.sometimes.rpartition(":")[0]
    site.api.tag_resource(Resource=arn, Tags={"evergrass:core": "invoked-core"})
    # Without a version, and without a payload.
    answer = site.api.invoke(FunctionName="invoked-on-demand")
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "1"
    assert read(answer)["event"] == {}
    site.api.untag_resource(Resource=arn, TagKeys=["evergrass:core"])
    with pytest.raises(ClientError, match="evergrass:core"):
        site.api.invoke(FunctionName="invoked-on-demand")


def test_the_cli_invokes_by_an_alias_and_shows_the_log(site, tmp_path):
    site.api.create_alias(FunctionName="invoked", Name="prod", FunctionVersion="1")
    out = tmp_path / "out.json"
    context = base64.b64encode(b'{"custom": {"evergrass:core": "invoked-core"}}').decode()
    payload = tmp_path / "payload.json"
    payload.write_text('{"from": "cli"}')
    shown = site.endpoints.aws(
        "lambda", "invoke", "--function-name", "invoked", "--qualifier", "prod", "--log-type", "Tail",
        "--client-context", context, "--payload", f"fileb://{payload}", str(out),
    )  # fmt: skip
    assert shown["StatusCode"] == 200 and shown["ExecutedVersion"] == "1"
    assert "it got {'from': 'cli'}" in base64.b64decode(shown["LogResult"]).decode()
    assert json.loads(out.read_text())["event"] == {"from": "cli"}


def test_an_exception_and_a_death_are_function_errors(site):
    answer = site.invoke(site.always, {"raise": "no luck"}, LogType="Tail")
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Handled"
    assert read(answer)["errorMessage"] == "no luck"
    assert "it got" in base64.b64decode(answer["LogResult"]).decode()
    answer = site.invoke(site.sometimes, {"die": True})
    assert answer["FunctionError"] == "Unhandled" and "errorMessage" in read(answer)
    answer = site.invoke(site.brief, {"sleep": 60})
    assert answer["FunctionError"] == "Unhandled"
    assert "timed out" in read(answer)["errorMessage"].lower()


def test_an_event_is_answered_when_the_core_has_it(site):
    answer = site.invoke(site.always, {"event": "number 7"}, InvocationType="Event")
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    log = next((site.core.root / "ggc/var/log/user").rglob("invoked.log"))
    waiting.until("the event is in the log", lambda: "number 7" in log.read_text())


def test_a_dry_run_runs_nothing(site):
    assert site.invoke(site.always, {"dry": "run"}, InvocationType="DryRun")["StatusCode"] == 204
    code, _ = site.refused(site.always, InvocationType="DryRun", core="no-such-core")
    assert code == "ResourceNotFoundException"
    log = next((site.core.root / "ggc/var/log/user").rglob("invoked.log"))
    assert "'dry'" not in log.read_text()


def test_binary_functions_take_and_give_bytes(site):
    answer = site.invoke(site.binary, b"\x00\xff\x01 not JSON")
    assert answer["Payload"].read() == bytes(reversed(b"\x00\xff\x01 not JSON"))


def test_large_payloads_and_results_pass_and_larger_ones_do_not(site):
    text = "y" * (4 * 1024 * 1024)
    assert read(site.invoke(site.always, {"n": text}))["event"] == {"n": text}
    assert len(read(site.invoke(site.always, {"large": 5_000_000}))) == 5_000_000
    code, message = site.refused(site.always, b'"' + b"z" * (6 * 1024 * 1024) + b'"')
    assert code == "RequestTooLargeException" and "RequestResponse" in message
    code, message = site.refused(site.always, b'"' + b"z" * 262144 + b'"', InvocationType="Event")
    assert code == "RequestTooLargeException" and "Event" in message


def test_what_a_core_does_not_have_is_refused_with_the_reason(site):
    code, message = site.refused(site.absent)
    assert code == "ResourceNotFoundException" and "deployed group" in message
    site.api.update_function_code(FunctionName="invoked", ZipFile=zip_of(main_py=CODE + "\n"), Publish=True)
    code, message = site.refused("invoked", Qualifier="2")
    assert code == "ResourceNotFoundException" and "(1)" in message
    code, message = site.refused(site.always, core="no-such-core")
    assert code == "ResourceNotFoundException" and "no-such-core" in message
    code, message = site.refused(site.always, core=None)
    assert code == "InvalidParameterValueException" and "evergrass:core" in message
    code, message = site.refused(site.always, b"{not json")
    assert code == "InvalidRequestContentException"
    for context in ("no base64!", base64.b64encode(b"[1]").decode()):
        with pytest.raises(ClientError, match="Client context"):
            site.api.invoke(FunctionName=site.always, ClientContext=context)


def test_many_at_once_are_all_answered_and_hold_up_nobody(site):
    """More wait than the service has threads for its APIs."""
    results = {}

    def one(number):
        results[number] = read(site.invoke(site.always, {"sleep": 0.05, "n": number}))["event"]["n"]

    threads = [threading.Thread(target=one, args=(n,)) for n in range(12)]
    for t in threads:
        t.start()
    site.endpoints.boto("greengrass").list_groups()
    for t in threads:
        t.join()
    assert results == {n: n for n in range(12)}


def test_an_other_core_gets_nothing_of_it(site, service, tmp_path):
    """Its certificate is of another thing: neither fetching nor answering for this core."""
    other = new_thing(service.endpoints, tmp_path, "invoked-other")
    base = f"https://{service.endpoints.iot_https}"
    for arguments in ((), ("-X", "POST", "-H", "x-evergrass-outcome: success", "-d", "{}")):
        path = "/evergrass/v1/cores/invoked-core/invocations" + ("/x" if arguments else "")
        done = processes.run(
            "curl", "-s", "--cacert", service.endpoints.ca_file, "--cert", other.cert, "--key", other.key,
            "-w", "%{http_code}", *arguments, base + path,
        )  # fmt: skip
        assert done.stdout.endswith("401"), done.stdout


def test_a_core_that_is_away_is_said_to_be(site):
    site.core.stop()
    code, message = site.refused(site.always)
    assert code == "ResourceConflictException" and "not connected" in message
