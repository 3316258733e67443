"""The object store with stock clients: boto3 and the AWS CLI, over TLS and without, presigned URLs, kill -9."""

import hashlib
import os
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from harness import processes
from harness.cloud import Cloud
from harness.system import AWS


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        running.endpoints.boto("s3").create_bucket(Bucket="bucket")
        yield running


def code_of(refused):
    return refused.value.response["Error"]["Code"]


@pytest.mark.parametrize("plain", [True, False], ids=["http", "https"])
def test_an_object_goes_round(service, plain):
    s3 = service.endpoints.boto("s3", plain=plain)
    content, key = os.urandom(100_000), f"a b/ü+%&?={plain}"
    made = s3.put_object(
        Bucket="bucket", Key=key, Body=content, ContentType="text/x", Metadata={"who": "me"}, ChecksumAlgorithm="SHA256"
    )
    assert made["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    got = s3.get_object(Bucket="bucket", Key=key)
    assert got["Body"].read() == content
    assert (got["ContentType"], got["Metadata"], got["ETag"]) == ("text/x", {"who": "me"}, made["ETag"])
    head = s3.head_object(Bucket="bucket", Key=key)
    assert (head["ContentLength"], head["LastModified"]) == (len(content), got["LastModified"])
    part = s3.get_object(Bucket="bucket", Key=key, Range="bytes=10-19")
    assert part["Body"].read() == content[10:20]
    assert part["ContentRange"] == "bytes 10-19/100000"
    assert key in [each["Key"] for each in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    s3.delete_object(Bucket="bucket", Key=key)
    with pytest.raises(ClientError) as missing:
        s3.get_object(Bucket="bucket", Key=key)
    assert code_of(missing) == "NoSuchKey"


def test_an_empty_object_is_one(service):
    s3 = service.endpoints.boto("s3")
    s3.put_object(Bucket="bucket", Key="empty", Body=b"")
    assert s3.get_object(Bucket="bucket", Key="empty")["Body"].read() == b""


def test_upload_and_download_by_the_transfer_manager(service, tmp_path):
    s3 = service.endpoints.boto("s3", plain=False)
    (tmp_path / "up").write_bytes(os.urandom(3_000_000))
    s3.upload_file(str(tmp_path / "up"), "bucket", "transfer")
    s3.download_file("bucket", "transfer", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()


def test_pages_by_boto3s_paginator(service):
    s3 = service.endpoints.boto("s3")
    s3.create_bucket(Bucket="pages")
    keys = [f"{folder}/{number:02}" for folder in ("a", "b") for number in range(7)] + ["top"]
    for key in keys:
        s3.put_object(Bucket="pages", Key=key, Body=b"x")
    listing = s3.get_paginator("list_objects_v2")
    pages = list(listing.paginate(Bucket="pages", PaginationConfig={"PageSize": 4}))
    assert [each["Key"] for page in pages for each in page["Contents"]] == keys
    assert len(pages) == 4
    (top,) = listing.paginate(Bucket="pages", Delimiter="/")
    assert [each["Prefix"] for each in top["CommonPrefixes"]] == ["a/", "b/"]
    assert [each["Key"] for each in top["Contents"]] == ["top"]


def test_buckets_come_and_go(service):
    s3 = service.endpoints.boto("s3")
    s3.create_bucket(Bucket="short-lived", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert "short-lived" in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.head_bucket(Bucket="short-lived")
    s3.put_object(Bucket="short-lived", Key="a", Body=b"x")
    with pytest.raises(ClientError) as full:
        s3.delete_bucket(Bucket="short-lived")
    assert code_of(full) == "BucketNotEmpty"
    s3.delete_object(Bucket="short-lived", Key="a")
    s3.delete_bucket(Bucket="short-lived")
    with pytest.raises(ClientError) as gone:
        s3.put_object(Bucket="short-lived", Key="a", Body=b"x")
    assert code_of(gone) == "NoSuchBucket"


def test_presigned_urls_put_and_get_without_a_key(service):
    s3 = service.endpoints.boto("s3", signature_version="s3v4")
    name = {"Bucket": "bucket", "Key": "pre signed/é"}
    put = urllib.request.Request(s3.generate_presigned_url("put_object", name), data=b"content", method="PUT")
    assert urllib.request.urlopen(put).status == 200
    url = s3.generate_presigned_url("get_object", {**name, "ResponseContentType": "text/y"})
    with urllib.request.urlopen(url) as got:
        assert (got.read(), got.headers["content-type"]) == (b"content", "text/y")
    with pytest.raises(urllib.error.HTTPError) as other:
        urllib.request.urlopen(url.replace("pre%20signed", "transfer"))
    assert other.value.code == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in other.value.read()
    with pytest.raises(urllib.error.HTTPError) as written:
        urllib.request.urlopen(urllib.request.Request(url, data=b"x", method="PUT"))
    assert written.value.code == 403


def test_an_old_signature_is_refused_with_what_to_do(service):
    url = service.endpoints.boto("s3").generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "a"})
    assert "AWSAccessKeyId=" in url, "boto3 presigns with version 4 by itself now: this test has had its day"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url)
    assert refused.value.code == 400
    assert b"signature_version=&apos;s3v4&apos;" in refused.value.read().replace(b"'", b"&apos;")


def test_a_part_of_s3_that_is_not_here_is_named(service):
    s3 = service.endpoints.boto("s3")
    with pytest.raises(ClientError) as refused:
        s3.get_bucket_policy(Bucket="bucket")
    assert code_of(refused) == "NotImplemented"
    assert "'?policy'" in refused.value.response["Error"]["Message"]


def test_the_aws_command_line(service, tmp_path):
    endpoints = service.endpoints

    def aws(*arguments):
        done = processes.run(
            AWS, *arguments, "--endpoint-url", endpoints.api, "--ca-bundle", endpoints.ca_file, env=endpoints.env(),
        )  # fmt: skip
        return done.stdout

    (tmp_path / "groups.json").write_text("line\n")
    aws("s3", "mb", "s3://by-cli")
    aws("s3", "cp", str(tmp_path / "groups.json"), "s3://by-cli/folder/groups.json")
    assert "PRE folder/" in aws("s3", "ls", "s3://by-cli")
    assert "groups.json" in aws("s3", "ls", "s3://by-cli/folder/")
    aws("s3", "cp", "s3://by-cli/folder/groups.json", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "line\n"
    aws("s3", "rm", "s3://by-cli/folder/groups.json")
    aws("s3", "rb", "s3://by-cli")


def test_what_was_answered_is_there_after_a_kill(tmp_path):
    with Cloud(tmp_path) as service:
        s3 = service.endpoints.boto("s3")
        s3.create_bucket(Bucket="bucket")
        kept = {}
        for number in range(20):
            kept[str(number)] = os.urandom(1000 * number)
            s3.put_object(Bucket="bucket", Key=str(number), Body=kept[str(number)])
        service.kill()
        service.start()
        s3 = service.endpoints.boto("s3")
        for key, content in kept.items():
            assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == content
