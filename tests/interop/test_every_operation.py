"""Stock clients call every operation: boto3 those of all services, the AWS SDK for JavaScript Greengrass' and IoT's.

What models/*.json has and no step takes must be what the service does not have: it answers 501 to that.
"""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

import every_operation
from harness import processes
from harness.cloud import Cloud
from harness.openssl import Files
from harness.processes import ROOT

SCRIPT = ROOT / "tests/interop/every_operation.mjs"
PACKAGES = ROOT / "tests/interop/node_modules/@aws-sdk"
SIGNING_NAMES = {"iot-data": "iotdata"}
TARGETS = {"secretsmanager": "secretsmanager", "logs": "Logs_20140328"}
BULK = {"GroupId": "none", "GroupVersionId": "v", "DeploymentType": "NewDeployment"}


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud"), "--software-updates", "s3://updates/list.json") as running:
        s3 = running.endpoints.boto("s3")
        s3.create_bucket(Bucket="updates")
        s3.put_object(Bucket="updates", Key="core", Body=b"core")
        listed = {"core": {"version": "2.1.0", "packages": {"ubuntu/x86_64": "s3://updates/core"}}}
        s3.put_object(Bucket="updates", Key="list.json", Body=json.dumps(listed).encode())
        yield running.endpoints


class Boto:
    """Takes steps with boto3 and remembers which operations were answered as they should be."""

    def __init__(self, endpoints):
        self._endpoints, self._clients, self._saved, self.done = endpoints, {}, {}, set()

    def take(self, steps):
        for one in steps:
            service, operation = one["service"], one["operation"]
            if service not in self._clients:
                self._clients[service] = self._endpoints.boto(service)
            client = self._clients[service]
            methods = {api: method for method, api in client.meta.method_to_api_mapping.items()}
            wanted = every_operation.resolved(one["input"], self._saved)
            code = None
            try:
                answer = getattr(client, methods[operation])(**wanted)
            except ClientError as refused:
                answer, code = None, refused.response["Error"]["Code"]
                assert code == one["refused"], f"{service}:{operation}: {refused}"
            assert code == one["refused"], f"{service}:{operation} succeeded"
            if one["save"]:
                self._saved[one["save"]] = answer
            self.done.add(f"{service}:{operation}")


def request_of(service, model, operation):
    """The least that is taken for a call of it: method, path, headers and body."""
    if service in ("iam", "sts"):
        body = urllib.parse.urlencode({"Action": operation, "Version": "2010-05-08"})
        return "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, body
    if service in TARGETS:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGETS[service]}.{operation}"}
        return "POST", "/", headers, "{}"
    described = model["operations"][operation]
    return described["method"], re.sub(r"\{[^}]*\}", "x", described["uri"]), {}, ""


def answer_to(endpoints, service, model, operation):
    method, path, headers, body = request_of(service, model, operation)
    signed = AWSRequest(method, endpoints.api_http + path, data=body.encode(), headers=headers)
    keys = Credentials(endpoints.access_key_id, endpoints.secret_access_key)
    SigV4Auth(keys, SIGNING_NAMES.get(service, service), endpoints.region).add_auth(signed)
    asked = urllib.request.Request(
        signed.url, data=body.encode() or None, method=method, headers=dict(signed.headers)
    )
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def left_out(endpoints, service, done):
    """The operations of the model that the service has, and that are not in `done`."""
    model = json.loads((ROOT / f"models/{service}.json").read_text())
    forgotten = []
    for operation in model["operations"]:
        name = f"{service}:{operation}"
        if name in done:
            continue
        status, text = answer_to(endpoints, service, model, operation)
        if status != 501 or f"does not implement {name}." not in text:
            forgotten.append(name)
    return forgotten


def prepare(endpoints, run, files):
    """(steps of IoT and Greengrass for this run); makes what they need."""
    s3 = endpoints.boto("s3")
    s3.create_bucket(Bucket=run)
    s3.put_object(Bucket=run, Key="bulk", Body=(json.dumps(BULK) + "\n").encode() * 50_000)
    code = endpoints.boto("iot").get_registration_code()["registrationCode"]
    return [
        *every_operation.iot_steps(run, Files(files), code),
        *every_operation.job_steps(run),
        *every_operation.greengrass_steps(run),
        every_operation.step("iot", "DeleteRegistrationCode"),
    ]


def test_boto3_calls_every_operation(endpoints, tmp_path):
    boto, run = Boto(endpoints), "boto"
    boto.take(every_operation.function_steps(run))
    boto.take(prepare(endpoints, run, tmp_path))
    boto.take(every_operation.data_steps(run))
    boto.take(every_operation.data_job_steps(run))
    boto.take(every_operation.secret_steps(run))
    boto.take(every_operation.log_steps(run, int(time.time() * 1000)))
    boto.take(every_operation.role_steps(run))
    boto.take(every_operation.object_steps(run))
    services = sorted(path.stem for path in (ROOT / "models").glob("*.json"))
    assert len(services) == 9
    assert [name for each in services for name in left_out(endpoints, each, boto.done)] == []
    # The service's own count says the same.
    with urllib.request.urlopen(endpoints.api_http + "/metrics") as answer:
        text = answer.read().decode()
    counted = set(re.findall(r'api_requests_total\{operation="([^"]+)",status="20\d"\}', text))
    copies = {"s3:CopyObject", "s3:UploadPartCopy"}  # counted as PutObject and UploadPart
    assert boto.done - counted == {"iot:DeleteThingType"} | copies


@pytest.mark.skipif(not PACKAGES.joinpath("client-iot").exists(), reason="npm ci in tests/interop")
def test_the_sdk_for_javascript_calls_every_operation_of_greengrass_and_iot(endpoints, tmp_path):
    run = "javascript"
    Boto(endpoints).take(every_operation.function_steps(run))
    file = tmp_path / "steps.json"
    file.write_text(json.dumps({
        "endpoint": endpoints.api_http,
        "region": endpoints.region,
        "credentials": {"accessKeyId": endpoints.access_key_id, "secretAccessKey": endpoints.secret_access_key},
        "steps": prepare(endpoints, run, tmp_path / "files"),
    }))  # fmt: skip
    done = set(processes.run("node", SCRIPT, file).stdout.split())
    assert left_out(endpoints, "greengrass", done) + left_out(endpoints, "iot", done) == []


def test_what_no_step_takes_is_named(endpoints):
    """The check above can fail."""
    model = json.loads((ROOT / "models/iot-jobs-data.json").read_text())
    assert len(left_out(endpoints, "iot-jobs-data", set())) == len(model["operations"])
