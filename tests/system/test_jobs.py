"""IoT jobs of the service with stock clients: boto3, the AWS CLI, paho and the device SDKs."""

import hashlib
import json
import ssl
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from harness import processes, waiting
from harness.cloud import Cloud
from harness.device_api import arn, ask, policy
from harness.group import new_thing
from harness.hub import V5, HubClient
from harness.processes import ROOT
from harness.stock import needs_sdk

SCRIPT = ROOT / "tests/interop/jobs.js"
DOCUMENT = {"operation": "install", "files": ["a", "b"]}


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud"), "--software-updates", "s3://updates/list.json") as running:
        yield running.endpoints


@pytest.fixture
def name(request):
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:60].strip("-")


@pytest.fixture
def thing(endpoints, tmp_path, name):
    return new_thing(endpoints, tmp_path, name)


@pytest.fixture(scope="module")
def iot(endpoints):
    return endpoints.boto("iot")


@pytest.fixture(scope="module")
def device_api(endpoints):
    return endpoints.boto("iot-jobs-data")


def topic(thing, what):
    return f"$aws/things/{thing}/jobs/{what}"


def create(iot, name, targets, document=None, **more):
    arns = [target if isinstance(target, str) else target["thingArn"] for target in targets]
    text = {} if "documentSource" in more else {"document": json.dumps(document or DOCUMENT)}
    return iot.create_job(jobId=name, targets=arns, **text, **more)


def numbers(iot, name):
    """The numbers of things that are not 0."""
    details = iot.describe_job(jobId=name)["job"]["jobProcessDetails"]
    return {
        key[len("numberOf"):-len("Things")]: value
        for key, value in details.items() if key.startswith("numberOf") and value
    }  # fmt: skip


def status(iot, name):
    return iot.describe_job(jobId=name)["job"]["status"]


def executions(iot, name, **more):
    """{thing: status}, of each thing's newest execution."""
    pages = iot.get_paginator("list_job_executions_for_job").paginate(jobId=name, **more)
    listed = [each for page in pages for each in page["executionSummaries"]]
    listed.sort(key=lambda each: each["jobExecutionSummary"]["executionNumber"])
    return {
        each["thingArn"].rpartition("/")[2]: each["jobExecutionSummary"]["status"]
        for each in listed
    }


def error_of(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


# --- boto3 and the CLI ----------------------------------------------------------------------------


def test_a_job_from_its_creation_to_its_end(iot, device_api, name):
    things = [iot.create_thing(thingName=f"{name}-{n}") for n in (1, 2)]
    made = create(iot, name, things, description="d")
    assert made["jobArn"].endswith(f":job/{name}") and made["description"] == "d"
    first, second = (each["thingName"] for each in things)
    assert numbers(iot, name) == {"Queued": 2}
    pending = device_api.get_pending_job_executions(thingName=first)
    assert [each["jobId"] for each in pending["queuedJobs"]] == [name]
    assert pending["inProgressJobs"] == []
    started = device_api.start_next_pending_job_execution(
        thingName=first, statusDetails={"step": "1"}
    )["execution"]
    assert json.loads(started["jobDocument"]) == DOCUMENT
    assert (started["status"], started["versionNumber"], started["executionNumber"]) == (
        "IN_PROGRESS", 2, 1,
    )  # fmt: skip
    assert started["statusDetails"] == {"step": "1"}
    assert device_api.start_next_pending_job_execution(thingName=first)["execution"] == started
    done = device_api.update_job_execution(
        thingName=first, jobId=name, status="SUCCEEDED", expectedVersion=2,
        includeJobExecutionState=True, includeJobDocument=True,
    )  # fmt: skip
    assert done["executionState"] == {
        "status": "SUCCEEDED", "statusDetails": {"step": "1"}, "versionNumber": 3,
    }  # fmt: skip
    assert json.loads(done["jobDocument"]) == DOCUMENT
    assert "execution" not in device_api.start_next_pending_job_execution(thingName=first)
    assert numbers(iot, name) == {"Queued": 1, "Succeeded": 1}
    assert status(iot, name) == "IN_PROGRESS"
    device_api.update_job_execution(thingName=second, jobId=name, status="REJECTED")
    job = iot.describe_job(jobId=name)["job"]
    assert job["status"] == "COMPLETED" and job["completedAt"] >= job["createdAt"]
    assert job["targets"] == [each["thingArn"] for each in things]
    assert executions(iot, name) == {first: "SUCCEEDED", second: "REJECTED"}
    assert executions(iot, name, status="REJECTED") == {second: "REJECTED"}
    assert json.loads(iot.get_job_document(jobId=name)["document"]) == DOCUMENT
    described = iot.describe_job_execution(thingName=first, jobId=name)["execution"]
    assert described["statusDetails"] == {"detailsMap": {"step": "1"}}
    assert (described["status"], described["versionNumber"]) == ("SUCCEEDED", 3)
    listed = iot.list_job_executions_for_thing(thingName=first)["executionSummaries"]
    assert [(each["jobId"], each["jobExecutionSummary"]["status"]) for each in listed] == [
        (name, "SUCCEEDED")
    ]


def test_the_command_line_makes_a_job(endpoints, iot, name):
    arn = iot.create_thing(thingName=name)["thingArn"]
    endpoints.aws(
        "iot", "create-job", "--job-id", name, "--targets", arn, "--document", json.dumps(DOCUMENT)
    )
    pending = endpoints.aws("iot-jobs-data", "get-pending-job-executions", "--thing-name", name)
    assert pending["queuedJobs"][0]["jobId"] == name


def test_each_refusal_has_its_exception(iot, device_api, name):
    target = iot.create_thing(thingName=name)
    create(iot, name, [target])
    asked = {"thingName": name, "jobId": name}
    refusals = [
        (device_api.exceptions.ResourceNotFoundException, {"jobId": "none", "status": "FAILED"}),
        (device_api.exceptions.InvalidRequestException, {"status": "QUEUED"}),
        (device_api.exceptions.InvalidRequestException,
         {"status": "FAILED", "stepTimeoutInMinutes": 0}),
    ]  # fmt: skip
    for exception, changed in refusals:
        with pytest.raises(exception):
            device_api.update_job_execution(**{**asked, **changed})
    code, message = error_of(
        device_api.update_job_execution, **asked, status="FAILED", expectedVersion=7
    )
    assert code == "VersionMismatchException" and "7" in message
    device_api.update_job_execution(**asked, status="FAILED")
    with pytest.raises(device_api.exceptions.InvalidStateTransitionException):
        device_api.update_job_execution(**asked, status="IN_PROGRESS")
    with pytest.raises(device_api.exceptions.TerminalStateException):
        device_api.describe_job_execution(**asked)
    assert error_of(create, iot=iot, name=name, targets=[target])[0] == (
        "ResourceAlreadyExistsException"
    )
    with pytest.raises(iot.exceptions.ResourceNotFoundException):
        iot.describe_job(jobId="none")


def test_what_is_wrong_with_a_job_is_named(iot, name):
    arn = iot.create_thing(thingName=name)["thingArn"]
    rollout = {"exponentialRate": {"baseRatePerMinute": 1, "incrementFactor": 2.0,
                                   "rateIncreaseCriteria": {}}}  # fmt: skip
    placeholder = {"url": "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"}
    wrong = [
        ({"targets": ["arn:aws:iot:us-east-1:999999999999:thing/x"]}, "InvalidRequest", "targets"),
        ({"targets": [arn + "-none"]}, "ResourceNotFound", "does not exist"),
        ({"document": "{"}, "InvalidRequest", "document"),
        ({"document": "1"}, "InvalidRequest", "document"),
        ({"document": json.dumps(placeholder)}, "InvalidRequest", "presignedUrlConfig"),
        ({"documentSource": "s3://none/none"}, "InvalidRequest", "documentSource"),
        ({"jobExecutionsRolloutConfig": rollout}, "InvalidRequest", "rateIncreaseCriteria"),
        ({"timeoutConfig": {"inProgressTimeoutInMinutes": 0}}, "InvalidRequest", "timeoutConfig"),
        ({"schedulingConfig": {"startTime": "2030-01-01T00:00"}}, "InvalidRequest", "scheduling"),
        ({"namespaceId": "n"}, "InvalidRequest", "namespaceId"),
    ]
    for changed, code, named in wrong:
        asked = {"jobId": name, "targets": [arn], "document": "{}", **changed}
        if "documentSource" in changed:
            del asked["document"]
        got, message = error_of(iot.create_job, **asked)
        assert got == code + "Exception" and named in message, (changed, message)
    with pytest.raises(iot.exceptions.ResourceNotFoundException):
        iot.describe_job(jobId=name)


def test_jobs_are_listed_in_pages_newest_first(iot, name):
    group = iot.create_thing_group(thingGroupName=name)
    for n in range(3):
        create(iot, f"{name}-{n}", [group["thingGroupArn"]], targetSelection="CONTINUOUS")
    pages = iot.get_paginator("list_jobs").paginate(
        thingGroupName=name, PaginationConfig={"PageSize": 2}
    )
    sizes = [[job["jobId"] for job in page["jobs"]] for page in pages]
    assert sizes == [[f"{name}-2", f"{name}-1"], [f"{name}-0"]]
    assert iot.list_jobs(thingGroupId=group["thingGroupId"], status="COMPLETED")["jobs"] == []


# --- cancel, delete -------------------------------------------------------------------------------


def test_canceling_ends_what_has_not_begun_and_force_the_rest(iot, device_api, name):
    things = [iot.create_thing(thingName=f"{name}-{n}") for n in (1, 2)]
    create(iot, name, things)
    busy, idle = (each["thingName"] for each in things)
    device_api.start_next_pending_job_execution(thingName=busy)
    assert error_of(iot.cancel_job_execution, thingName=busy, jobId=name)[0] == (
        "InvalidStateTransitionException"
    )
    iot.cancel_job(jobId=name, reasonCode="R_1", comment="c")
    job = iot.describe_job(jobId=name)["job"]
    assert (job["status"], job["reasonCode"], job["comment"]) == ("CANCELED", "R_1", "c")
    assert executions(iot, name) == {busy: "IN_PROGRESS", idle: "CANCELED"}
    assert error_of(iot.cancel_job, jobId=name)[0] == "InvalidRequestException"
    assert error_of(iot.delete_job, jobId=name)[0] == "InvalidStateTransitionException"
    version = iot.describe_job_execution(thingName=busy, jobId=name)["execution"]["versionNumber"]
    assert error_of(
        iot.cancel_job_execution, thingName=busy, jobId=name, force=True, expectedVersion=9
    )[0] == "VersionConflictException"  # fmt: skip
    iot.cancel_job_execution(thingName=busy, jobId=name, force=True, expectedVersion=version,
                             statusDetails={"why": "late"})  # fmt: skip
    ended = iot.describe_job_execution(thingName=busy, jobId=name)["execution"]
    assert ended["forceCanceled"] and ended["statusDetails"] == {"detailsMap": {"why": "late"}}
    iot.delete_job_execution(thingName=busy, jobId=name, executionNumber=1)
    assert executions(iot, name) == {idle: "CANCELED"}
    iot.delete_job(jobId=name)
    with pytest.raises(iot.exceptions.ResourceNotFoundException):
        iot.describe_job(jobId=name)
    assert iot.list_job_executions_for_thing(thingName=idle)["executionSummaries"] == []


# --- groups, rollout, abort, retry ----------------------------------------------------------------


def test_a_snapshot_is_of_those_who_are_in_the_group(iot, name):
    parent = iot.create_thing_group(thingGroupName=name)
    iot.create_thing_group(thingGroupName=f"{name}-child", parentGroupName=name)
    for n, group in enumerate([name, f"{name}-child"]):
        iot.create_thing(thingName=f"{name}-{n}")
        iot.add_thing_to_thing_group(thingGroupName=group, thingName=f"{name}-{n}")
    create(iot, name, [parent["thingGroupArn"]])
    iot.create_thing(thingName=f"{name}-late")
    iot.add_thing_to_thing_group(thingGroupName=name, thingName=f"{name}-late")
    iot.remove_thing_from_thing_group(thingGroupName=name, thingName=f"{name}-0")
    assert executions(iot, name) == {f"{name}-0": "QUEUED", f"{name}-1": "QUEUED"}


def test_a_continuous_job_follows_its_groups(iot, device_api, name):
    group = iot.create_thing_group(thingGroupName=name)
    other = iot.create_thing(thingName=f"{name}-other")
    create(iot, name, [group["thingGroupArn"]], targetSelection="CONTINUOUS")
    assert status(iot, name) == "IN_PROGRESS" and executions(iot, name) == {}
    for n in (1, 2):
        iot.create_thing(thingName=f"{name}-{n}")
        iot.add_thing_to_thing_group(thingGroupName=name, thingName=f"{name}-{n}")
    waiting.until("both have the job", lambda: len(executions(iot, name)) == 2)
    device_api.update_job_execution(thingName=f"{name}-1", jobId=name, status="SUCCEEDED")
    for n in (1, 2):
        iot.remove_thing_from_thing_group(thingGroupName=name, thingName=f"{name}-{n}")
    waiting.until("who left has it no more",
                  lambda: executions(iot, name)[f"{name}-2"] == "REMOVED")  # fmt: skip
    assert executions(iot, name)[f"{name}-1"] == "SUCCEEDED"
    iot.add_thing_to_thing_group(thingGroupName=name, thingName=f"{name}-2")
    waiting.until("it comes back", lambda: executions(iot, name)[f"{name}-2"] == "QUEUED")
    iot.associate_targets_with_job(jobId=name, targets=[other["thingArn"]])
    assert executions(iot, name)[f"{name}-other"] == "QUEUED"
    assert numbers(iot, name) == {"Queued": 2, "Succeeded": 1}
    iot.delete_thing(thingName=f"{name}-other")
    waiting.until("what is deleted has it no more",
                  lambda: numbers(iot, name) == {"Queued": 1, "Succeeded": 1, "Removed": 1})  # fmt: skip
    assert status(iot, name) == "IN_PROGRESS"


def test_a_rate_holds_things_back_until_it_is_raised(iot, device_api, name):
    things = [iot.create_thing(thingName=f"{name}-{n}") for n in range(3)]
    create(iot, name, things, jobExecutionsRolloutConfig={"maximumPerMinute": 1})
    job = iot.describe_job(jobId=name)["job"]
    assert numbers(iot, name) == {"Queued": 1}
    assert len(job["jobProcessDetails"]["processingTargets"]) == 3
    device_api.update_job_execution(thingName=f"{name}-0", jobId=name, status="SUCCEEDED")
    assert status(iot, name) == "IN_PROGRESS", "two have not had their turn"
    iot.update_job(jobId=name, jobExecutionsRolloutConfig={"maximumPerMinute": 1000})
    assert numbers(iot, name) == {"Queued": 2, "Succeeded": 1}
    assert iot.describe_job(jobId=name)["job"]["jobProcessDetails"]["processingTargets"] == []


def test_a_job_that_fails_too_often_is_aborted(iot, device_api, name):
    things = [iot.create_thing(thingName=f"{name}-{n}") for n in range(4)]
    criterion = {"failureType": "FAILED", "action": "CANCEL", "thresholdPercentage": 50.0,
                 "minNumberOfExecutedThings": 2}  # fmt: skip
    create(iot, name, things, abortConfig={"criteriaList": [criterion]})
    device_api.update_job_execution(thingName=f"{name}-0", jobId=name, status="FAILED")
    assert status(iot, name) == "IN_PROGRESS"
    device_api.update_job_execution(thingName=f"{name}-1", jobId=name, status="SUCCEEDED")
    job = iot.describe_job(jobId=name)["job"]
    assert (job["status"], job["reasonCode"]) == ("CANCELED", "ABORT_CRITERIA_MET")
    assert numbers(iot, name) == {"Failed": 1, "Succeeded": 1, "Canceled": 2}


def test_a_failed_execution_is_tried_again(iot, device_api, name):
    target = iot.create_thing(thingName=name)
    retry = {"criteriaList": [{"failureType": "FAILED", "numberOfRetries": 1}]}
    create(iot, name, [target], jobExecutionsRetryConfig=retry)
    device_api.update_job_execution(thingName=name, jobId=name, status="FAILED")
    second = device_api.describe_job_execution(thingName=name, jobId="$next")["execution"]
    assert (second["executionNumber"], second["status"]) == (2, "QUEUED")
    assert numbers(iot, name) == {"Queued": 1}
    device_api.update_job_execution(thingName=name, jobId=name, status="FAILED")
    assert (status(iot, name), numbers(iot, name)) == ("COMPLETED", {"Failed": 1})
    listed = iot.list_job_executions_for_thing(thingName=name)["executionSummaries"]
    assert [each["jobExecutionSummary"]["retryAttempt"] for each in listed] == [1, 0]


# --- documents ------------------------------------------------------------------------------------


def fetch(endpoints, url):
    context = ssl.create_default_context(cafile=endpoints.ca_file)
    with urllib.request.urlopen(url, context=context, timeout=waiting.HANG) as answer:
        return answer.read()


def test_a_document_names_objects_that_the_device_may_fetch(endpoints, iot, device_api, name):
    s3 = endpoints.boto("s3")
    bucket = name.lower()
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="dir/firm ware.bin", Body=b"firmware")
    text = json.dumps({
        "url": "${aws:iot:s3-presigned-url:https://s3.us-east-1.amazonaws.com/%s/dir/firm%%20ware.bin}"
        % bucket, "own": "${aws:iot:s3-presigned-url:%s/%s/none}" % (endpoints.api, bucket),
    })  # fmt: skip
    s3.put_object(Bucket=bucket, Key="job.json", Body=text.encode())
    target = iot.create_thing(thingName=name)
    create(iot, name, [target], documentSource=f"https://s3.amazonaws.com/{bucket}/job.json",
           presignedUrlConfig={"roleArn": f"arn:aws:iam::{endpoints.account}:role/urls",
                               "expiresInSec": 60})  # fmt: skip
    assert iot.describe_job(jobId=name)["documentSource"].endswith("/job.json")
    assert iot.get_job_document(jobId=name)["document"] == text, "as it was given"
    started = device_api.start_next_pending_job_execution(thingName=name)["execution"]
    urls = json.loads(started["jobDocument"])
    assert fetch(endpoints, urls["url"]) == b"firmware"
    assert urls["own"].startswith(endpoints.api)
    for url in (urls["own"], urls["url"].replace("firm%20ware", "other"),
                urls["url"].replace("X-Amz-Expires=60", "X-Amz-Expires=61")):  # fmt: skip
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(endpoints, url)
        assert refused.value.code in (403, 404)


def test_a_software_update_is_a_job_with_the_listed_package(endpoints, iot, device_api, name):
    greengrass, s3 = endpoints.boto("greengrass"), endpoints.boto("s3")
    target = iot.create_thing(thingName=name)
    wanted = {
        "S3UrlSignerRole": f"arn:aws:iam::{endpoints.account}:role/signer",
        "UpdateTargets": [target["thingArn"]], "UpdateTargetsArchitecture": "x86_64",
        "UpdateTargetsOperatingSystem": "ubuntu", "SoftwareToUpdate": "core",
    }  # fmt: skip
    code, message = error_of(greengrass.create_software_update_job, **wanted)
    assert code == "NotImplementedException" and "s3://updates/list.json" in message
    s3.create_bucket(Bucket="updates")
    s3.put_object(Bucket="updates", Key="core.tar.gz", Body=b"the core")
    packages = {"ubuntu/x86_64": "s3://updates/core.tar.gz"}
    listed = {"core": {"version": "2.1.0", "packages": packages}}
    s3.put_object(Bucket="updates", Key="list.json", Body=json.dumps(listed).encode())
    other = {**wanted, "UpdateTargetsArchitecture": "aarch64"}
    code, message = error_of(greengrass.create_software_update_job, **other)
    assert code == "NotImplementedException" and "ubuntu/aarch64" in message
    unknown = {**wanted, "UpdateTargets": [target["thingArn"] + "-none"]}
    code, message = error_of(greengrass.create_software_update_job, **unknown)
    assert code == "BadRequestException" and "does not exist" in message
    made = greengrass.create_software_update_job(**wanted, AmznClientToken="token-1")
    assert made["PlatformSoftwareVersion"] == "2.1.0"
    assert made["IotJobId"].startswith("GreengrassUpdateJob_")
    assert made["IotJobArn"].endswith(":job/" + made["IotJobId"])
    again = greengrass.create_software_update_job(**wanted, AmznClientToken="token-1")
    assert again["IotJobId"] == made["IotJobId"]
    more = {**wanted, "UpdateAgentLogLevel": "DEBUG", "AmznClientToken": "token-1"}
    assert error_of(greengrass.create_software_update_job, **more)[0] == "BadRequestException"
    job = iot.describe_job(jobId=made["IotJobId"])["job"]
    assert job["presignedUrlConfig"] == {"roleArn": wanted["S3UrlSignerRole"], "expiresInSec": 3600}
    started = device_api.start_next_pending_job_execution(thingName=name)["execution"]
    document = json.loads(started["jobDocument"])
    package = document.pop("package")
    assert document == {
        "operation": "updateSoftware", "software": "core", "version": "2.1.0",
        "operatingSystem": "ubuntu", "architecture": "x86_64", "logLevel": "ERROR",
    }  # fmt: skip
    assert fetch(endpoints, package["url"]) == b"the core"
    assert package["size"] == 8
    assert package["sha256"] == hashlib.sha256(b"the core").hexdigest()


# --- MQTT -----------------------------------------------------------------------------------------


def said(client, count):
    """{last part of the topic: body} of the next messages."""
    got = [client.receive() for _ in range(count)]
    return {m.topic.partition("/jobs/")[2] or m.topic: json.loads(m.payload) for m in got}


def test_a_device_is_told_and_answers(endpoints, iot, thing, name):
    with HubClient(endpoints, thing.name, thing, version=V5) as device:
        for what in ("notify", "notify-next", "get/+", "start-next/+", "+/get/+", "+/update/+"):
            device.subscribe(topic(thing.name, what))
        device.publish(topic(thing.name, "get"), json.dumps({"clientToken": "t"}))
        nothing = said(device, 1)["get/accepted"]
        assert (nothing["inProgressJobs"], nothing["queuedJobs"]) == ([], [])
        assert nothing["clientToken"] == "t"
        create(iot, name, [thing.arn])
        told = said(device, 2)
        queued = told["notify"]["jobs"]["QUEUED"]
        assert [each["jobId"] for each in queued] == [name]
        execution = told["notify-next"]["execution"]
        assert execution["jobDocument"] == DOCUMENT and execution["status"] == "QUEUED"
        device.publish(topic(thing.name, "$next/get"), json.dumps({"includeJobDocument": False}))
        described = said(device, 1)["$next/get/accepted"]["execution"]
        assert described["jobId"] == name and "jobDocument" not in described
        device.publish(topic(thing.name, "start-next"), "{}")
        started = said(device, 1)["start-next/accepted"]["execution"]
        assert (started["status"], started["versionNumber"]) == ("IN_PROGRESS", 2)
        update = {"status": "SUCCEEDED", "expectedVersion": 1, "clientToken": "u"}
        device.publish(topic(thing.name, f"{name}/update"), json.dumps(update))
        refused = said(device, 1)[f"{name}/update/rejected"]
        assert (refused["code"], refused["clientToken"]) == ("VersionMismatch", "u")
        assert refused["executionState"] == {
            "status": "IN_PROGRESS", "statusDetails": {}, "versionNumber": 2,
        }  # fmt: skip
        update = {"status": "SUCCEEDED", "expectedVersion": "2", "includeJobExecutionState": True}
        device.publish(topic(thing.name, f"{name}/update"), json.dumps(update))
        told = said(device, 3)
        assert told[f"{name}/update/accepted"]["executionState"]["versionNumber"] == 3
        assert told["notify"]["jobs"] == {}
        assert "execution" not in told["notify-next"]
    assert status(iot, name) == "COMPLETED"


def test_each_error_has_its_code(endpoints, iot, thing, name):
    create(iot, name, [thing.arn])
    iot.cancel_job_execution(thingName=thing.name, jobId=name)
    cases = [
        ("what", "{}", "InvalidTopic"),
        (f"{name}/delete", "{}", "InvalidTopic"),
        ("get", "{", "InvalidJson"),
        ("get", "[]", "InvalidJson"),
        (f"{name}/update", "{}", "InvalidRequest"),
        (f"{name}/update", json.dumps({"status": "CANCELED"}), "InvalidRequest"),
        ("none/update", json.dumps({"status": "FAILED"}), "ResourceNotFound"),
        ("none/get", "", "ResourceNotFound"),
        (f"{name}/get", json.dumps({"executionNumber": 9}), "ResourceNotFound"),
        (f"{name}/get", "", "TerminalStateReached"),
        (f"{name}/update", json.dumps({"status": "FAILED"}), "InvalidStateTransition"),
    ]
    with HubClient(endpoints, thing.name, thing) as device:
        device.subscribe(topic(thing.name, "#"))
        for what, payload, code in cases:
            device.publish(topic(thing.name, what), payload)
            # Whoever subscribes to the request's topic hears the request itself as well.
            got = {message.topic: message.payload for message in (device.receive(), device.receive())}
            rejected = json.loads(got[topic(thing.name, f"{what}/rejected")])
            assert rejected["code"] == code and rejected["message"], (what, payload)


def test_an_answer_goes_to_who_asked_alone(endpoints, iot, thing, name):
    with HubClient(endpoints, f"{name}-other") as other, \
            HubClient(endpoints, thing.name, thing) as device:  # fmt: skip
        for client in (other, device):
            client.subscribe(topic(thing.name, "get/accepted"))
            client.subscribe(topic(thing.name, "notify"))
        device.publish(topic(thing.name, "get"), "")
        assert device.receive().topic == topic(thing.name, "get/accepted")
        create(iot, name, [thing.arn])
        assert device.receive().topic == topic(thing.name, "notify")
        assert other.receive().topic == topic(thing.name, "notify"), "no answer came before"


def test_the_next_job_is_the_oldest(endpoints, iot, device_api, thing, name):
    with HubClient(endpoints, f"{name}-application") as listener:
        listener.subscribe(topic(thing.name, "notify-next"))
        for n in (1, 2):
            create(iot, f"{name}-{n}", [thing.arn])
        assert said(listener, 1)["notify-next"]["execution"]["jobId"] == f"{name}-1"
        # Starting it is no change of the next one; its end is.
        device_api.start_next_pending_job_execution(thingName=thing.name)
        device_api.update_job_execution(thingName=thing.name, jobId=f"{name}-1", status="FAILED")
        assert said(listener, 1)["notify-next"]["execution"]["jobId"] == f"{name}-2"
        iot.delete_job(jobId=f"{name}-2", force=True)
        assert "execution" not in said(listener, 1)["notify-next"]


def test_events_tell_what_becomes_of_jobs(endpoints, iot, device_api, name):
    things = [iot.create_thing(thingName=f"{name}-{n}") for n in (1, 2)]
    with HubClient(endpoints, f"{name}-application") as listener:
        listener.subscribe(f"$aws/events/job/{name}/#")
        listener.subscribe(f"$aws/events/jobExecution/{name}/#")
        create(iot, name, things)
        device_api.update_job_execution(thingName=f"{name}-1", jobId=name, status="SUCCEEDED",
                                        statusDetails={"a": "b"})  # fmt: skip
        iot.cancel_job_execution(thingName=f"{name}-2", jobId=name)
        got = [listener.receive() for _ in range(3)]
        bodies = {m.topic.removeprefix("$aws/events/"): json.loads(m.payload) for m in got}
        done = bodies[f"jobExecution/{name}/succeeded"]
        assert done["eventType"] == "JOB_EXECUTION" and done["operation"] == "succeeded"
        assert (done["status"], done["statusDetails"]) == ("SUCCEEDED", {"a": "b"})
        assert done["thingArn"] == things[0]["thingArn"] and done["jobId"] == name
        assert bodies[f"jobExecution/{name}/canceled"]["status"] == "CANCELED"
        completed = bodies[f"job/{name}/completed"]
        assert (completed["eventType"], completed["status"]) == ("JOB", "COMPLETED")
        assert completed["jobProcessDetails"]["numberOfSucceededThings"] == 1
        assert completed["targets"] == [each["thingArn"] for each in things]
        iot.delete_job(jobId=name)
        assert listener.receive().topic == f"$aws/events/job/{name}/deleted"


# --- HTTPS over mutual TLS ------------------------------------------------------------------------


def test_devices_use_jobs_over_https(endpoints, iot, thing, name):
    create(iot, name, [thing.arn])
    path = f"/things/{thing.name}/jobs"
    found, pending = ask(endpoints, thing, "GET", path)
    assert (found, pending["queuedJobs"][0]["jobId"]) == (200, name)
    found, one = ask(endpoints, thing, "GET", f"{path}/$next?includeJobDocument=false")
    assert (found, "jobDocument" in one["execution"]) == (200, False)
    found, started = ask(endpoints, thing, "PUT", f"{path}/$next", '{"statusDetails":{"a":"b"}}')
    assert json.loads(started["execution"]["jobDocument"]) == DOCUMENT
    found, wrong = ask(endpoints, thing, "POST", f"{path}/{name}", '{"status":"GONE"}')
    assert found == 400 and "status" in wrong["message"]
    assert ask(endpoints, thing, "POST", f"{path}/{name}", '{"status":"FAILED"}') == (200, {})
    assert ask(endpoints, thing, "POST", f"{path}/{name}", '{"status":"FAILED"}')[0] == 409
    assert ask(endpoints, thing, "GET", f"{path}/{name}?executionNumber=1")[0] == 410
    assert ask(endpoints, thing, "GET", f"{path}/none")[0] == 404
    assert ask(endpoints, thing, "GET", f"{path}/a%20b")[0] == 400
    assert ask(endpoints, thing, "DELETE", f"{path}/{name}")[0] == 405
    assert ask(endpoints, thing, "POST", f"{path}/{name}", "{")[0] == 400


def test_https_is_held_to_job_actions(endpoints, iot, tmp_path, name):
    own = arn(endpoints, f"thing/{name}")
    thing = new_thing(endpoints, tmp_path, name, policy(
        ("Allow", ["iot:GetPendingJobExecutions", "iot:DescribeJobExecution"], own),
        ("Allow", ["iot:*JobExecution"], arn(endpoints, "thing/*")),
        ("Deny", "iot:StartNextPendingJobExecution", own),
    ))  # fmt: skip
    create(iot, name, [thing.arn])
    path = f"/things/{name}/jobs"
    assert ask(endpoints, thing, "GET", path)[0] == 200
    assert ask(endpoints, thing, "GET", f"{path}/{name}")[0] == 200
    assert ask(endpoints, thing, "PUT", f"{path}/$next", "{}")[0] == 403, "deny wins"
    assert ask(endpoints, thing, "POST", f"{path}/{name}", '{"status":"IN_PROGRESS"}')[0] == 200
    assert ask(endpoints, thing, "GET", "/things/other/jobs")[0] == 403


# --- durability -----------------------------------------------------------------------------------


def test_jobs_survive_kill_9(tmp_path):
    cloud = Cloud(tmp_path)
    with cloud:
        iot = cloud.endpoints.boto("iot")
        things = [iot.create_thing(thingName=f"t-{n}") for n in range(2)]
        create(iot, "j", things, jobExecutionsRolloutConfig={"maximumPerMinute": 1})
        data = cloud.endpoints.boto("iot-jobs-data")
        data.start_next_pending_job_execution(thingName="t-0", statusDetails={"a": "b"})
        cloud.kill()
    with cloud:
        iot = cloud.endpoints.boto("iot")
        assert numbers(iot, "j") == {"InProgress": 1}
        data = cloud.endpoints.boto("iot-jobs-data")
        found = data.describe_job_execution(thingName="t-0", jobId="j")["execution"]
        assert (found["statusDetails"], found["versionNumber"]) == ({"a": "b"}, 2)
        iot.update_job(jobId="j", jobExecutionsRolloutConfig={"maximumPerMinute": 5})
        assert numbers(iot, "j") == {"InProgress": 1, "Queued": 1}


# --- device SDKs ----------------------------------------------------------------------------------


@needs_sdk("aws-iot-device-sdk-v2")
def test_jobs_client_of_the_second_device_sdk(endpoints, iot, thing, name):
    create(iot, name, [thing.arn])
    host, _, port = endpoints.iot_mqtt.rpartition(":")
    options = {"host": host, "port": int(port), "ca": endpoints.ca_file, "cert": thing.cert,
               "key": thing.key, "clientId": thing.name, "thing": thing.name, "job": name}  # fmt: skip
    done = processes.run("node", SCRIPT, json.dumps(options, default=str))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    events = [each["event"] for each in told]
    assert events[:4] == ["pending", "described", "started", "rejected"]
    assert sorted(events[4:]) == ["next", "updated"]
    assert told[0]["body"]["queuedJobs"][0]["jobId"] == name
    assert told[1]["body"]["execution"]["jobDocument"] == DOCUMENT
    assert told[2]["body"]["execution"]["status"] == "IN_PROGRESS"
    assert told[3]["body"]["code"] == "VersionMismatch"
    assert status(iot, name) == "COMPLETED"
