"""Secrets Manager with a stock boto3: each operation's good call and wrong ones, and what lies on the disk."""

import sqlite3
import stat
import uuid

import pytest
from botocore.exceptions import ClientError

from harness import processes
from harness.cloud import Cloud


@pytest.fixture(scope="module")
def secrets(service):
    return service.endpoints.boto("secretsmanager")


def refused(call, **members):
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error["Message"]


def labels(secrets, name):
    listed = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    return {version["VersionId"]: set(version["VersionStages"]) for version in listed}


def test_a_secret_is_made_read_by_name_arn_and_partial_arn_and_described(secrets):
    made = secrets.create_secret(
        Name="greengrass-db", Description="d", SecretString="p&ss", Tags=[{"Key": "team", "Value": "a"}]
    )
    arn = made["ARN"]
    assert arn.startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:greengrass-db-")
    assert len(arn.rpartition("-")[2]) == 6
    for name in ("greengrass-db", arn, arn[:-7]):
        read = secrets.get_secret_value(SecretId=name)
        assert (read["ARN"], read["Name"], read["SecretString"]) == (arn, "greengrass-db", "p&ss")
        assert read["VersionId"] == made["VersionId"] and read["VersionStages"] == ["AWSCURRENT"]
    shown = secrets.describe_secret(SecretId=arn)
    assert shown["Description"] == "d" and shown["Tags"] == [{"Key": "team", "Value": "a"}]
    assert shown["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]}
    assert shown["LastAccessedDate"].hour == 0
    assert refused(secrets.create_secret, Name="greengrass-db", SecretString="x")[0] == "ResourceExistsException"
    assert refused(secrets.get_secret_value, SecretId="none") == (
        "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")  # fmt: skip
    assert refused(secrets.create_secret, Name="a b", SecretString="x")[0] == "ValidationException"


def test_labels_move_and_the_former_value_stays_as_previous(secrets):
    first = secrets.create_secret(Name="moves", SecretBinary=b"\0\xff")["VersionId"]
    assert secrets.get_secret_value(SecretId="moves")["SecretBinary"] == b"\0\xff"
    second = secrets.put_secret_value(SecretId="moves", SecretString="two")["VersionId"]
    assert labels(secrets, "moves") == {first: {"AWSPREVIOUS"}, second: {"AWSCURRENT"}}
    old = secrets.get_secret_value(SecretId="moves", VersionStage="AWSPREVIOUS")
    assert old["SecretBinary"] == b"\0\xff" and "SecretString" not in old
    pending = secrets.put_secret_value(SecretId="moves", SecretString="three", VersionStages=["AWSPENDING", "mine"])
    assert sorted(pending["VersionStages"]) == ["AWSPENDING", "mine"]
    third = pending["VersionId"]
    assert secrets.get_secret_value(SecretId="moves")["SecretString"] == "two"
    assert secrets.get_secret_value(SecretId="moves", VersionId=third)["SecretString"] == "three"
    stage = secrets.update_secret_version_stage
    wrong = refused(stage, SecretId="moves", VersionStage="AWSCURRENT", MoveToVersionId=third)
    assert wrong[0] == "InvalidParameterException" and second in wrong[1]
    stage(SecretId="moves", VersionStage="AWSCURRENT", MoveToVersionId=third, RemoveFromVersionId=second)
    stage(SecretId="moves", VersionStage="AWSPENDING", RemoveFromVersionId=third)
    assert labels(secrets, "moves") == {first: set(), second: {"AWSPREVIOUS"}, third: {"AWSCURRENT", "mine"}}
    assert len(secrets.list_secret_version_ids(SecretId="moves")["Versions"]) == 2
    assert refused(stage, SecretId="moves", VersionStage="AWSCURRENT", RemoveFromVersionId=third)[0] == (
        "InvalidParameterException")  # fmt: skip
    assert refused(secrets.get_secret_value, SecretId="moves", VersionStage="nope")[0] == "ResourceNotFoundException"
    both = refused(secrets.get_secret_value, SecretId="moves", VersionId=third, VersionStage="AWSPREVIOUS")
    assert both[0] == "InvalidRequestException"


def test_a_token_makes_one_version_and_never_two_values(secrets):
    token = str(uuid.uuid4())
    made = secrets.create_secret(Name="once", SecretString="v", ClientRequestToken=token)
    assert secrets.create_secret(Name="once", SecretString="v", ClientRequestToken=token)["ARN"] == made["ARN"]
    assert made["VersionId"] == token
    assert refused(secrets.create_secret, Name="once", SecretString="w", ClientRequestToken=token)[0] == (
        "ResourceExistsException")  # fmt: skip
    again = {"SecretId": "once", "ClientRequestToken": str(uuid.uuid4()), "SecretString": "x"}
    versions = {secrets.put_secret_value(**again)["VersionId"] for _ in range(2)}
    assert versions == {again["ClientRequestToken"]}
    assert len(labels(secrets, "once")) == 2
    assert refused(secrets.put_secret_value, **{**again, "SecretString": "y"})[0] == "ResourceExistsException"
    assert refused(secrets.put_secret_value, SecretId="once")[0] == "InvalidRequestException"
    assert refused(secrets.put_secret_value, SecretId="once", SecretString="a", SecretBinary=b"b")[0] == (
        "InvalidParameterException")  # fmt: skip


def test_an_update_changes_what_it_names(secrets):
    first = secrets.create_secret(Name="changes", SecretString="one")["VersionId"]
    updated = secrets.update_secret(SecretId="changes", Description="new", SecretString="two")
    assert updated["VersionId"] != first
    assert "VersionId" not in secrets.update_secret(SecretId="changes", KmsKeyId="alias/k")
    shown = secrets.describe_secret(SecretId="changes")
    assert (shown["Description"], shown["KmsKeyId"]) == ("new", "alias/k")
    assert secrets.get_secret_value(SecretId="changes")["SecretString"] == "two"


def test_a_deleted_secret_is_hidden_until_it_is_restored(secrets):
    secrets.create_secret(Name="leaves", SecretString="v")
    gone = secrets.delete_secret(SecretId="leaves", RecoveryWindowInDays=7)
    shown = secrets.describe_secret(SecretId="leaves")
    assert 6 < (gone["DeletionDate"] - shown["DeletedDate"]).total_seconds() / 86400 < 8
    for call in (secrets.get_secret_value, secrets.delete_secret):
        assert refused(call, SecretId="leaves")[0] == "InvalidRequestException"
    assert refused(secrets.create_secret, Name="leaves", SecretString="w")[0] == "InvalidRequestException"
    names = [one["Name"] for one in secrets.list_secrets()["SecretList"]]
    assert "leaves" not in names
    secrets.restore_secret(SecretId="leaves")
    assert secrets.get_secret_value(SecretId="leaves")["SecretString"] == "v"
    assert refused(secrets.delete_secret, SecretId="leaves", RecoveryWindowInDays=3)[0] == "InvalidParameterException"
    secrets.delete_secret(SecretId="leaves", ForceDeleteWithoutRecovery=True)
    assert refused(secrets.describe_secret, SecretId="leaves")[0] == "ResourceNotFoundException"
    assert secrets.create_secret(Name="leaves")["Name"] == "leaves"  # free at once


def test_lists_come_in_pages_and_by_filters(secrets):
    for number in range(5):
        secrets.create_secret(Name=f"list/{number}", SecretString="v", Tags=[{"Key": "odd", "Value": str(number % 2)}])
    pages = secrets.get_paginator("list_secrets").paginate(
        Filters=[{"Key": "name", "Values": ["list/"]}], PaginationConfig={"PageSize": 2}
    )
    found = [[one["Name"] for one in page["SecretList"]] for page in pages]
    assert found == [["list/0", "list/1"], ["list/2", "list/3"], ["list/4"]]
    odd = secrets.list_secrets(Filters=[{"Key": "tag-value", "Values": ["1"]}, {"Key": "all", "Values": ["list"]}])
    assert [one["Name"] for one in odd["SecretList"]] == ["list/1", "list/3"]
    newest = secrets.list_secrets(SortOrder="desc", Filters=[{"Key": "name", "Values": ["list/"]}], MaxResults=1)
    assert [one["Name"] for one in newest["SecretList"]] == ["list/4"]


def test_tags_are_set_and_removed(secrets):
    secrets.create_secret(Name="tagged")
    secrets.tag_resource(SecretId="tagged", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    secrets.untag_resource(SecretId="tagged", TagKeys=["a"])
    assert secrets.describe_secret(SecretId="tagged")["Tags"] == [{"Key": "b", "Value": "2"}]


def test_random_passwords_have_what_was_asked_for(secrets):
    one = secrets.get_random_password()["RandomPassword"]
    assert len(one) == 32 and one != secrets.get_random_password()["RandomPassword"]
    digits = secrets.get_random_password(
        PasswordLength=200, ExcludeLowercase=True, ExcludeUppercase=True, ExcludePunctuation=True, ExcludeCharacters="0"
    )["RandomPassword"]
    assert len(digits) == 200 and set(digits) <= set("123456789")
    assert refused(secrets.get_random_password, PasswordLength=2)[0] == "InvalidParameterException"


def test_an_operation_that_is_not_there_says_so(secrets):
    with pytest.raises(ClientError) as caught:
        secrets.rotate_secret(SecretId="greengrass-db")
    assert caught.value.response["Error"]["Code"] == "NotImplementedException"


def test_the_cli_reads_what_it_made(service):
    made = service.endpoints.aws("secretsmanager", "create-secret", "--name", "cli", "--secret-string", "from a shell")
    read = service.endpoints.aws("secretsmanager", "get-secret-value", "--secret-id", made["ARN"])
    assert read["SecretString"] == "from a shell"


@pytest.mark.skipif("config.getoption('--store') != 'sqlite'", reason="it looks into service.db")
def test_values_are_sealed_on_the_disk_and_only_the_key_file_opens_them(tmp_path):
    service = Cloud(tmp_path / "service")
    with service:
        secrets = service.endpoints.boto("secretsmanager")
        secrets.create_secret(Name="kept", SecretString="find-me-if-you-can")
        assert secrets.get_secret_value(SecretId="kept")["SecretString"] == "find-me-if-you-can"
    key = service.data / "master.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with sqlite3.connect(service.data / "service.db") as database:
        dump = b"".join(row[0] for row in database.execute("SELECT sealed FROM secret_versions"))
    files = b"".join(path.read_bytes() for path in service.data.glob("service.db*"))
    assert dump in files and b"find-me-if-you-can" not in files
    text = key.read_bytes()
    assert text.strip() not in files
    key.unlink()
    lost = processes.run(
        processes.BIN / "evergrass-cloud", "--data", service.data, "--api-port", "0", "--http-port", "0",
        "--mqtt-port", "0", "--iot-https-port", "0", check=False,
    )  # fmt: skip
    assert lost.returncode != 0 and "master.key" in lost.stderr
    key.write_bytes(text)
    key.chmod(0o600)
    with service:
        read = service.endpoints.boto("secretsmanager").get_secret_value(SecretId="kept")
        assert read["SecretString"] == "find-me-if-you-can"
