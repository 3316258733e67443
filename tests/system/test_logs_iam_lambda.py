"""CloudWatch Logs, IAM, STS and the rest of Lambda with stock clients: each operation called, and refused."""

import json
import re
import ssl
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from harness.group import zip_of
from harness.processes import Process
from harness.stock import refused
from harness.system import AWS

ACCOUNT = "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "greengrass.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSGreengrassResourceAccessRolePolicy"


@pytest.fixture(scope="module")
def logs(service):
    return service.endpoints.boto("logs")


@pytest.fixture(scope="module")
def iam(service):
    return service.endpoints.boto("iam")


@pytest.fixture(scope="module")
def functions(service):
    return service.endpoints.boto("lambda")


def now():
    return int(time.time() * 1000)


def put(logs, group, stream, *messages, at=None):
    at = at or now() - 60_000
    events = [{"timestamp": at + i, "message": text} for i, text in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def messages(answer):
    return [event["message"] for event in answer["events"]]


# Logs


def test_events_are_read_forwards_and_backwards_in_pages(logs):
    logs.create_log_group(logGroupName="/aws/greengrass/one", tags={"a": "b"})
    logs.create_log_stream(logGroupName="/aws/greengrass/one", logStreamName="s/1")
    assert refused(logs.create_log_group, logGroupName="/aws/greengrass/one") == "ResourceAlreadyExistsException"
    assert refused(logs.create_log_stream, logGroupName="/aws/greengrass/one", logStreamName="s/1") == (
        "ResourceAlreadyExistsException")  # fmt: skip
    assert refused(logs.create_log_stream, logGroupName="none", logStreamName="s") == "ResourceNotFoundException"
    at = now() - 60_000
    first = put(logs, "/aws/greengrass/one", "s/1", "0", "1", "2", at=at)
    put(logs, "/aws/greengrass/one", "s/1", "3", "4", at=at + 3)
    assert len(first["nextSequenceToken"]) == 56
    read = {"logGroupName": "/aws/greengrass/one", "logStreamName": "s/1"}
    page = logs.get_log_events(**read, startFromHead=True, limit=2)
    assert messages(page) == ["0", "1"] and page["events"][0]["timestamp"] == at
    page = logs.get_log_events(**read, limit=2, nextToken=page["nextForwardToken"])
    assert messages(page) == ["2", "3"]
    back = logs.get_log_events(**read, limit=2, nextToken=page["nextBackwardToken"])
    assert messages(back) == ["0", "1"]
    end = logs.get_log_events(**read, nextToken=page["nextForwardToken"])
    assert messages(end) == ["4"]
    after = logs.get_log_events(**read, nextToken=end["nextForwardToken"])
    assert messages(after) == [] and after["nextForwardToken"] == end["nextForwardToken"]
    put(logs, "/aws/greengrass/one", "s/1", "5", at=at + 5)
    assert messages(logs.get_log_events(**read, nextToken=after["nextForwardToken"])) == ["5"]
    assert messages(logs.get_log_events(**read, limit=2)) == ["4", "5"]
    assert messages(logs.get_log_events(**read, startTime=at + 1, endTime=at + 3)) == ["1", "2"]
    assert refused(logs.get_log_events, **read, nextToken="x") == "InvalidParameterException"
    assert refused(logs.get_log_events, **{**read, "logStreamName": "no"}) == "ResourceNotFoundException"


def test_groups_and_streams_are_described_in_pages_and_deleted(logs):
    for name in ("d/a", "d/b", "d/c"):
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix="d/", PaginationConfig={"PageSize": 2}
    )
    assert [g["logGroupName"] for page in pages for g in page["logGroups"]] == ["d/a", "d/b", "d/c"]
    for name in ("z", "y", "x"):
        logs.create_log_stream(logGroupName="d/a", logStreamName=name)
    put(logs, "d/a", "y", "late", at=now())
    put(logs, "d/a", "z", "early", at=now() - 5000)
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName="d/a", PaginationConfig={"PageSize": 2})
    assert [s["logStreamName"] for page in pages for s in page["logStreams"]] == ["x", "y", "z"]
    newest = logs.describe_log_streams(logGroupName="d/a", orderBy="LastEventTime", descending=True)["logStreams"]
    assert [s["logStreamName"] for s in newest] == ["y", "z", "x"]
    assert newest[0]["arn"].endswith(":log-group:d/a:log-stream:y") and newest[0]["storedBytes"] == 30
    logs.delete_log_stream(logGroupName="d/a", logStreamName="y")
    assert logs.describe_log_groups(logGroupNamePrefix="d/a")["logGroups"][0]["storedBytes"] == 31
    logs.delete_log_group(logGroupName="d/a")
    assert refused(logs.delete_log_group, logGroupName="d/a") == "ResourceNotFoundException"
    assert refused(logs.filter_log_events, logGroupName="d/a") == "ResourceNotFoundException"


def test_events_are_filtered_by_terms_json_streams_and_time(logs):
    logs.create_log_group(logGroupName="filter")
    for name in ("a1", "a2", "b"):
        logs.create_log_stream(logGroupName="filter", logStreamName=name)
    at = now() - 60_000
    put(logs, "filter", "a1", "ERROR disk full", "INFO ok", at=at)
    put(logs, "filter", "a2", json.dumps({"level": "ERROR", "took": 120}), at=at + 2)
    put(logs, "filter", "b", "WARN disk", at=at + 3)

    def found(**wanted):
        return messages(logs.filter_log_events(logGroupName="filter", **wanted))

    assert found(filterPattern="disk") == ["ERROR disk full", "WARN disk"]
    assert found(filterPattern="disk -ERROR") == ["WARN disk"]
    assert found(filterPattern='{ $.level = "ERR*" && $.took > 100 }') == ['{"level": "ERROR", "took": 120}']
    assert found(logStreamNames=["a1"]) == ["ERROR disk full", "INFO ok"]
    assert len(found(logStreamNamePrefix="a")) == 3
    assert found(startTime=at + 1, endTime=at + 1) == ["INFO ok"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="filter", PaginationConfig={"PageSize": 1})
    events = [event for page in pages for event in page["events"]]
    assert len(events) == 4 and len({event["eventId"] for event in events}) == 4
    assert {event["logStreamName"] for event in events} == {"a1", "a2", "b"}
    assert refused(logs.filter_log_events, logGroupName="filter", filterPattern="{ $.x }") == "InvalidParameterException"
    assert refused(logs.filter_log_events, logGroupName="filter", logStreamNames=["no"]) == "ResourceNotFoundException"


def test_batches_out_of_order_or_of_another_time_are_refused_or_left_out(logs):
    logs.create_log_group(logGroupName="batch")
    logs.create_log_stream(logGroupName="batch", logStreamName="s")
    to = {"logGroupName": "batch", "logStreamName": "s"}
    backwards = [{"timestamp": now(), "message": "b"}, {"timestamp": now() - 9, "message": "a"}]
    assert refused(logs.put_log_events, **to, logEvents=backwards) == "InvalidParameterException"
    day = 86_400_000
    old = logs.put_log_events(**to, logEvents=[{"timestamp": now() - 20 * day, "message": "old"}])
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    mixed = [{"timestamp": now(), "message": "good"}, {"timestamp": now() + 10_800_000, "message": "ahead"}]
    assert logs.put_log_events(**to, logEvents=mixed)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert messages(logs.get_log_events(**to)) == ["good"]
    large = [{"timestamp": now(), "message": "x" * 200_000}] * 6
    assert refused(logs.put_log_events, **to, logEvents=large) == "InvalidParameterException"


def test_retention_takes_what_is_over_and_can_be_taken_back(logs):
    logs.create_log_group(logGroupName="keep")
    logs.create_log_stream(logGroupName="keep", logStreamName="s")
    day = 86_400_000
    put(logs, "keep", "s", "old", at=now() - 3 * day)
    put(logs, "keep", "s", "new")
    assert refused(logs.put_retention_policy, logGroupName="keep", retentionInDays=2) == "InvalidParameterException"
    logs.put_retention_policy(logGroupName="keep", retentionInDays=1)
    assert messages(logs.filter_log_events(logGroupName="keep")) == ["new"]
    shown = logs.describe_log_groups(logGroupNamePrefix="keep")["logGroups"][0]
    assert shown["retentionInDays"] == 1 and shown["storedBytes"] == 29
    expired = put(logs, "keep", "s", "late", at=now() - 2 * day)
    assert expired["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    logs.delete_retention_policy(logGroupName="keep")
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix="keep")["logGroups"][0]


def test_tags_of_a_log_group(logs):
    logs.create_log_group(logGroupName="tags", tags={"a": "1"})
    arn = logs.describe_log_groups(logGroupNamePrefix="tags")["logGroups"][0]["arn"][:-2]
    logs.tag_log_group(logGroupName="tags", tags={"b": "2"})
    logs.tag_resource(resourceArn=arn, tags={"c": "3"})
    assert logs.list_tags_log_group(logGroupName="tags")["tags"] == {"a": "1", "b": "2", "c": "3"}
    logs.untag_log_group(logGroupName="tags", tags=["a"])
    logs.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "3"}
    assert refused(logs.list_tags_for_resource, resourceArn="arn:aws:logs:x:y:z") == "InvalidParameterException"


def test_the_cli_follows_a_group(service, logs):
    logs.create_log_group(logGroupName="tail")
    logs.create_log_stream(logGroupName="tail", logStreamName="s")
    put(logs, "tail", "s", "before", at=now() - 1000)
    shown = service.endpoints.env(PYTHONUNBUFFERED="1")
    tail = Process(
        AWS, "logs", "tail", "tail", "--follow", "--endpoint-url", service.endpoints.api_http,
        env=shown,
    )  # fmt: skip
    try:
        tail.wait_for_line("before")
        put(logs, "tail", "s", "after", at=now())
        tail.wait_for_line("after")
    finally:
        tail.stop()


# IAM and STS


def test_roles_are_made_changed_listed_and_deleted(iam):
    made = iam.create_role(
        RoleName="GreengrassRole", AssumeRolePolicyDocument=json.dumps(TRUST), Path="/service-role/",
        Description="d", Tags=[{"Key": "a", "Value": "1"}],
    )["Role"]  # fmt: skip
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/service-role/GreengrassRole"
    assert made["RoleId"].startswith("AROA") and made["AssumeRolePolicyDocument"] == TRUST
    read = iam.get_role(RoleName="GreengrassRole")["Role"]
    assert read["AssumeRolePolicyDocument"] == TRUST and read["CreateDate"] == made["CreateDate"]
    assert refused(iam.create_role, RoleName="GreengrassRole", AssumeRolePolicyDocument=json.dumps(TRUST)) == (
        "EntityAlreadyExists")  # fmt: skip
    assert refused(iam.create_role, RoleName="x", AssumeRolePolicyDocument="{") == "MalformedPolicyDocument"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="nobody")
    iam.update_role(RoleName="GreengrassRole", Description="e", MaxSessionDuration=7200)
    iam.update_assume_role_policy(RoleName="GreengrassRole", PolicyDocument=json.dumps(ALLOW))
    read = iam.get_role(RoleName="GreengrassRole")["Role"]
    assert (read["Description"], read["MaxSessionDuration"], read["AssumeRolePolicyDocument"]) == ("e", 7200, ALLOW)
    iam.tag_role(RoleName="GreengrassRole", Tags=[{"Key": "b", "Value": "x = y"}])
    iam.untag_role(RoleName="GreengrassRole", TagKeys=["a"])
    assert iam.list_role_tags(RoleName="GreengrassRole")["Tags"] == [{"Key": "b", "Value": "x = y"}]
    for n in range(3):
        iam.create_role(RoleName=f"list{n}", Path="/l/", AssumeRolePolicyDocument=json.dumps(TRUST))
    pages = iam.get_paginator("list_roles").paginate(PathPrefix="/l/", PaginationConfig={"PageSize": 2})
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == ["list0", "list1", "list2"]
    iam.delete_role(RoleName="list0")
    assert refused(iam.delete_role, RoleName="list0") == "NoSuchEntity"


def test_policies_of_a_role_must_go_before_it(iam):
    iam.create_role(RoleName="held", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="held", PolicyArn=MANAGED)
    iam.put_role_policy(RoleName="held", PolicyName="inline", PolicyDocument=json.dumps(ALLOW))
    assert iam.list_role_policies(RoleName="held")["PolicyNames"] == ["inline"]
    assert iam.get_role_policy(RoleName="held", PolicyName="inline")["PolicyDocument"] == ALLOW
    attached = iam.list_attached_role_policies(RoleName="held")["AttachedPolicies"]
    assert attached == [{"PolicyArn": MANAGED, "PolicyName": "AWSGreengrassResourceAccessRolePolicy"}]
    assert refused(iam.delete_role, RoleName="held") == "DeleteConflict"
    iam.detach_role_policy(RoleName="held", PolicyArn=MANAGED)
    assert refused(iam.detach_role_policy, RoleName="held", PolicyArn=MANAGED) == "NoSuchEntity"
    iam.delete_role_policy(RoleName="held", PolicyName="inline")
    assert refused(iam.get_role_policy, RoleName="held", PolicyName="inline") == "NoSuchEntity"
    assert refused(iam.delete_role_policy, RoleName="held", PolicyName="inline") == "NoSuchEntity"
    iam.delete_role(RoleName="held")
    assert refused(iam.attach_role_policy, RoleName="held", PolicyArn=MANAGED) == "NoSuchEntity"


def test_managed_policies_have_versions(iam):
    arn = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(ALLOW), Description="d")["Policy"]["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/own"
    assert refused(iam.create_policy, PolicyName="own", PolicyDocument=json.dumps(ALLOW)) == "EntityAlreadyExists"
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(TRUST), SetAsDefault=True)
    assert made["PolicyVersion"]["VersionId"] == "v2"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == TRUST
    assert refused(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == "DeleteConflict"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert refused(iam.set_default_policy_version, PolicyArn=arn, VersionId="v9") == "NoSuchEntity"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in versions] == [("v2", False), ("v1", True)]
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALLOW))
    assert refused(iam.create_policy_version, PolicyArn=arn, PolicyDocument=json.dumps(ALLOW)) == "LimitExceeded"
    iam.create_role(RoleName="user", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="user", PolicyArn=arn)
    listed = iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]
    assert [(p["Arn"], p["AttachmentCount"]) for p in listed] == [(arn, 1)]
    assert refused(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
    iam.detach_role_policy(RoleName="user", PolicyArn=arn)
    assert refused(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
    for version in ("v2", "v3", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    iam.delete_policy(PolicyArn=arn)
    assert refused(iam.get_policy, PolicyArn=arn) == "NoSuchEntity"


def test_a_session_of_a_role_reads_and_writes_nothing(service, iam):
    sts = service.endpoints.boto("sts")
    me = sts.get_caller_identity()
    assert me["Account"] == ACCOUNT and me["UserId"] == service.endpoints.access_key_id
    arn = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    assumed = sts.assume_role(RoleArn=arn, RoleSessionName="me", DurationSeconds=900)
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    keys = assumed["Credentials"]
    assert 800 < keys["Expiration"].timestamp() - time.time() < 1000

    def client(name):
        import boto3

        return boto3.client(
            name, endpoint_url=service.endpoints.api_http, region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )  # fmt: skip

    assert client("sts").get_caller_identity()["Arn"] == assumed["AssumedRoleUser"]["Arn"]
    assert "Groups" in client("greengrass").list_groups()
    assert refused(client("greengrass").create_group, Name="x") == "AccessDeniedException"
    assert refused(client("secretsmanager").list_secrets) == "AccessDeniedException"
    assert refused(client("iam").list_roles) == "AccessDeniedException"
    assert refused(sts.assume_role, RoleArn=arn + "x", RoleSessionName="me") == "AccessDenied"
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="me", DurationSeconds=7200) == "ValidationError"
    assert refused(sts.get_session_token) == "NotImplementedException"


# Lambda


def new_function(functions, name, code, **more):
    return functions.create_function(
        FunctionName=name, Runtime="python3.7", Role=f"arn:aws:iam::{ACCOUNT}:role/r", Handler="main.handler",
        Code=code, **more,
    )  # fmt: skip


def test_code_comes_from_an_object(service, functions):
    s3 = service.endpoints.boto("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="f.zip", Body=zip_of(main_py="one = 1"))
    first = new_function(functions, "stored", {"S3Bucket": "code", "S3Key": "f.zip"})
    s3.put_object(Bucket="code", Key="f.zip", Body=zip_of(main_py="two = 2"))
    update = {"FunctionName": "stored", "S3Bucket": "code", "S3Key": "f.zip"}
    dry = functions.update_function_code(**update, DryRun=True)
    assert dry["CodeSha256"] != first["CodeSha256"] and dry["RevisionId"] == first["RevisionId"]
    assert functions.get_function_configuration(FunctionName="stored")["CodeSha256"] == first["CodeSha256"]
    second = functions.update_function_code(**update, Publish=True, RevisionId=first["RevisionId"])
    assert second["CodeSha256"] == dry["CodeSha256"] and second["Version"] == "1"
    assert refused(functions.update_function_code, **update, RevisionId=first["RevisionId"]) == (
        "PreconditionFailedException")  # fmt: skip
    with pytest.raises(ClientError, match="NoSuchKey"):
        functions.update_function_code(FunctionName="stored", S3Bucket="code", S3Key="none")
    with pytest.raises(ClientError, match="provide other FunctionCode"):
        functions.update_function_code(**update, ZipFile=b"x")


def test_a_package_that_no_core_would_unpack_is_refused_with_its_reason(functions):
    import io
    import stat
    import zipfile

    def package(name, content="x", mode=None):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            entry = zipfile.ZipInfo(name)
            if mode:
                entry.external_attr = mode << 16
            archive.writestr(entry, content)
        return data.getvalue()

    for body, why in (
        (package("../out"), "leaves the package"),
        (package("/etc/x"), "absolute name"),
        (package("a\\b"), "backslash"),
        (package("link", "../../etc", stat.S_IFLNK | 0o777), "link that leaves the package"),
        (package("pipe", "", stat.S_IFIFO | 0o600), "a device, a pipe or a socket"),
        (b"no zip", "no zip file"),
    ):
        with pytest.raises(ClientError, match=why) as caught:
            new_function(functions, "refused", {"ZipFile": body})
        assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
        assert "Could not unzip uploaded file" in str(caught.value)


def test_the_policy_of_a_function(functions):
    new_function(functions, "permits", {"ZipFile": zip_of(main_py="")}, Publish=True)
    entry = {"FunctionName": "permits", "StatementId": "iot", "Action": "lambda:InvokeFunction"}
    made = functions.add_permission(**entry, Principal="iot.amazonaws.com", SourceArn="arn:aws:iot:us-east-1:123456789012:rule/r")
    statement = json.loads(made["Statement"])
    assert statement["Principal"] == {"Service": "iot.amazonaws.com"} and statement["Effect"] == "Allow"
    assert refused(functions.add_permission, **entry, Principal="*") == "ResourceConflictException"
    policy = functions.get_policy(FunctionName="permits")
    assert json.loads(policy["Policy"])["Statement"] == [statement]
    assert refused(functions.get_policy, FunctionName="permits", Qualifier="1") == "ResourceNotFoundException"
    gone = {"FunctionName": "permits", "StatementId": "iot"}
    assert refused(functions.remove_permission, **gone, RevisionId="0") == "PreconditionFailedException"
    functions.remove_permission(**gone, RevisionId=policy["RevisionId"])
    assert refused(functions.remove_permission, **gone) == "ResourceNotFoundException"
    assert refused(functions.get_policy, FunctionName="permits") == "ResourceNotFoundException"


def test_the_tags_of_a_function(functions):
    arn = new_function(functions, "tagged", {"ZipFile": zip_of(main_py="")}, Tags={"a": "1"})["FunctionArn"]
    functions.tag_resource(Resource=arn, Tags={"b": "2"})
    functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert functions.get_function(FunctionName="tagged")["Tags"] == {"b": "2"}
    assert refused(functions.list_tags, Resource=arn + "x") == "ResourceNotFoundException"
    functions.delete_function(FunctionName="tagged")
    assert refused(functions.list_tags, Resource=arn) == "ResourceNotFoundException"


def test_a_package_is_fetched_by_its_link(service, functions):
    package = zip_of(main_py="# of the link")
    new_function(functions, "linked", {"ZipFile": package})
    location = functions.get_function(FunctionName="linked")["Code"]["Location"]
    trust = ssl.create_default_context(cafile=service.endpoints.ca_file)
    assert urllib.request.urlopen(location, context=trust).read() == package
    digest = re.search(r"/_lambda/([0-9a-f]{64})\.zip", location)[1]
    for other in (location.replace(digest, "0" * 64), location.replace("X-Amz-Signature=", "X-Amz-Signature=0")):
        with pytest.raises(urllib.error.HTTPError) as failed:
            urllib.request.urlopen(other, context=trust)
        assert failed.value.code == 403
    functions.delete_function(FunctionName="linked")
    with pytest.raises(urllib.error.HTTPError) as failed:
        urllib.request.urlopen(location, context=trust)
    assert failed.value.code == 404


def test_an_invocation_says_where_functions_run(functions):
    new_function(functions, "runs", {"ZipFile": zip_of(main_py="")})
    assert functions.invoke(FunctionName="runs", InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(ClientError, match="evergrass:core.*evergrass invoke runs"):
        functions.invoke(FunctionName="runs", Payload=b"{}")
    assert refused(functions.invoke, FunctionName="none") == "ResourceNotFoundException"
