"""S3 beyond one piece, with stock clients: multipart uploads, copies, deletes of many, version 1 lists, conditions."""

import base64
import hashlib
import io
import os
import threading

import pytest
from boto3.s3.transfer import TransferConfig

from harness import processes
from harness.stock import refused
from harness.system import AWS

MB = 1024 * 1024
LARGE = os.urandom(11 * MB + 17)


@pytest.fixture(scope="module")
def s3(service):
    made = service.endpoints.boto("s3")
    made.create_bucket(Bucket="parts")
    return made


def content(s3, key, **more):
    return s3.get_object(Bucket="parts", Key=key, **more)["Body"].read()


def test_upload_file_with_threads_and_ranges_of_what_came(s3):
    config = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB, max_concurrency=4)
    s3.upload_fileobj(
        io.BytesIO(LARGE), "parts", "large", Config=config,
        ExtraArgs={"ContentType": "text/x-large", "Metadata": {"who": "me"}},
    )  # fmt: skip
    head = s3.head_object(Bucket="parts", Key="large")
    digests = b"".join(hashlib.md5(LARGE[at : at + 5 * MB]).digest() for at in range(0, len(LARGE), 5 * MB))
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert (head["ContentType"], head["Metadata"], head["ContentLength"]) == ("text/x-large", {"who": "me"}, len(LARGE))
    assert content(s3, "large") == LARGE
    assert content(s3, "large", Range="bytes=5242870-5242889") == LARGE[5242870:5242890]
    back = io.BytesIO()
    s3.download_fileobj("parts", "large", back, Config=config)
    assert back.getvalue() == LARGE


def test_the_cli_copies_a_large_file_there_and_back(service, s3, tmp_path):
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes(LARGE)
    for source, target in ((there, "s3://parts/cli"), ("s3://parts/cli", back)):
        processes.run(
            AWS, "s3", "cp", "--quiet", source, target, "--endpoint-url", service.endpoints.api,
            "--ca-bundle", service.endpoints.ca_file, env=service.endpoints.env(),
        )  # fmt: skip
    assert back.read_bytes() == LARGE


def test_parts_are_listed_replaced_and_checked_when_completed(s3):
    def part(number, body):
        made = s3.upload_part(Bucket="parts", Key="p", UploadId=upload, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": made["ETag"]}

    upload = s3.create_multipart_upload(Bucket="parts", Key="p")["UploadId"]
    first, old = part(1, b"a" * 5 * MB), part(2, b"old")
    last = part(2, b"end")
    listed = s3.list_parts(Bucket="parts", Key="p", UploadId=upload)
    assert [(p["PartNumber"], p["Size"]) for p in listed["Parts"]] == [(1, 5 * MB), (2, 3)]
    page = s3.list_parts(Bucket="parts", Key="p", UploadId=upload, MaxParts=1)
    assert page["IsTruncated"] and page["NextPartNumberMarker"] == 1

    def complete(*parts):
        return {"Bucket": "parts", "Key": "p", "UploadId": upload, "MultipartUpload": {"Parts": list(parts)}}

    done = s3.complete_multipart_upload
    assert refused(done, **complete(first, old)) == "InvalidPart"
    assert refused(done, **complete(last, first)) == "InvalidPartOrder"
    small = part(3, b"x")
    assert refused(done, **complete(first, last, small)) == "EntityTooSmall"
    assert refused(done, **{**complete(first), "UploadId": "none"}) == "NoSuchUpload"
    assert refused(s3.get_object, Bucket="parts", Key="p") == "NoSuchKey"
    done(**complete(first, last))
    assert content(s3, "p") == b"a" * 5 * MB + b"end"
    assert refused(done, **complete(first, last)) == "NoSuchUpload"
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    upload = s3.create_multipart_upload(Bucket="parts", Key="p")["UploadId"]
    assert refused(
        s3.upload_part, Bucket="parts", Key="p", UploadId=upload, PartNumber=1, Body=b"x", ContentMD5=wrong
    ) == "BadDigest"
    assert refused(s3.upload_part, Bucket="parts", Key="p", UploadId=upload, PartNumber=10001, Body=b"x") == (
        "InvalidArgument")  # fmt: skip
    s3.abort_multipart_upload(Bucket="parts", Key="p", UploadId=upload)


def test_uploads_are_listed_and_aborted(s3):
    ids = [s3.create_multipart_upload(Bucket="parts", Key=key)["UploadId"] for key in ("u/a", "u/b", "u/b")]
    listed = s3.list_multipart_uploads(Bucket="parts", Prefix="u/")["Uploads"]
    assert [u["Key"] for u in listed] == ["u/a", "u/b", "u/b"] and {u["UploadId"] for u in listed} == set(ids)
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket="parts", Prefix="u/", PaginationConfig={"PageSize": 1}
    )
    assert [u["UploadId"] for page in pages for u in page.get("Uploads", [])] == [u["UploadId"] for u in listed]
    first, second, third = ({"Bucket": "parts", "Key": u["Key"], "UploadId": u["UploadId"]} for u in listed)
    etag = s3.upload_part(**second, PartNumber=1, Body=b"kept")["ETag"]
    s3.upload_part(**third, PartNumber=1, Body=b"dropped")
    assert refused(s3.abort_multipart_upload, **{**third, "Key": "u/a"}) == "NoSuchUpload"
    for upload in (first, third):
        s3.abort_multipart_upload(**upload)
    # The other one of the same key goes on.
    left = s3.list_multipart_uploads(Bucket="parts", Prefix="u/")["Uploads"]
    assert [u["UploadId"] for u in left] == [second["UploadId"]]
    whole = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    assert refused(s3.abort_multipart_upload, **third) == "NoSuchUpload"
    assert refused(s3.list_parts, **third) == "NoSuchUpload"
    assert refused(s3.upload_part, **third, PartNumber=2, Body=b"late") == "NoSuchUpload"
    assert refused(s3.complete_multipart_upload, **third, MultipartUpload=whole) == "NoSuchUpload"
    s3.complete_multipart_upload(**second, MultipartUpload=whole)
    assert content(s3, "u/b") == b"kept"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="parts", Prefix="u/")


def test_objects_are_copied_whole_by_part_and_with_other_headers(s3):
    s3.put_object(Bucket="parts", Key="from a", Body=b"0123456789", ContentType="text/plain", Metadata={"k": "v"})
    s3.copy_object(Bucket="parts", Key="to", CopySource={"Bucket": "parts", "Key": "from a"})
    copied = s3.get_object(Bucket="parts", Key="to")
    assert (copied["Body"].read(), copied["ContentType"], copied["Metadata"]) == (
        b"0123456789", "text/plain", {"k": "v"})  # fmt: skip
    same = {"Bucket": "parts", "Key": "to", "CopySource": "parts/to"}
    assert refused(s3.copy_object, **same) == "InvalidRequest"
    s3.copy_object(**same, MetadataDirective="REPLACE", ContentType="text/html")
    assert s3.head_object(Bucket="parts", Key="to")["ContentType"] == "text/html"
    assert refused(s3.copy_object, **{**same, "CopySource": "parts/none"}) == "NoSuchKey"
    assert refused(s3.copy_object, **{**same, "CopySource": "parts/from a"}, CopySourceIfMatch='"0"') == (
        "PreconditionFailed")  # fmt: skip
    upload = s3.create_multipart_upload(Bucket="parts", Key="slice")["UploadId"]
    part = s3.upload_part_copy(
        Bucket="parts", Key="slice", UploadId=upload, PartNumber=1, CopySource="parts/to", CopySourceRange="bytes=2-4"
    )
    s3.complete_multipart_upload(
        Bucket="parts", Key="slice", UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]},
    )  # fmt: skip
    assert content(s3, "slice") == b"234"


def test_many_are_deleted_at_once(s3):
    keys = [f"gone/{n}" for n in range(3)] + ["gone/<&>"]
    for key in keys:
        s3.put_object(Bucket="parts", Key=key, Body=b"x")
    named = [{"Key": key} for key in keys]
    answered = s3.delete_objects(Bucket="parts", Delete={"Objects": named[:1] + [{"Key": "never"}]})
    assert {one["Key"] for one in answered["Deleted"]} == {"gone/0", "never"}
    assert "Deleted" not in s3.delete_objects(Bucket="parts", Delete={"Objects": named, "Quiet": True})
    assert s3.list_objects_v2(Bucket="parts", Prefix="gone/")["KeyCount"] == 0
    assert refused(s3.delete_objects, Bucket="nobody", Delete={"Objects": named}) == "NoSuchBucket"


def test_lists_of_version_1_go_on_by_their_marker(s3):
    for key in ("l/a", "l/b/1", "l/b/2", "l/c"):
        s3.put_object(Bucket="parts", Key=key, Body=b"x")
    pages = s3.get_paginator("list_objects").paginate(
        Bucket="parts", Prefix="l/", Delimiter="/", PaginationConfig={"PageSize": 1}
    )
    found = [
        one.get("Key", one.get("Prefix")) for page in pages
        for one in page.get("Contents", []) + page.get("CommonPrefixes", [])
    ]  # fmt: skip
    assert found == ["l/a", "l/b/", "l/c"]
    assert [o["Key"] for o in s3.list_objects(Bucket="parts", Prefix="l/b")["Contents"]] == ["l/b/1", "l/b/2"]


def test_the_location_of_a_bucket_is_the_first_region(s3):
    assert s3.get_bucket_location(Bucket="parts")["LocationConstraint"] is None
    assert refused(s3.get_bucket_location, Bucket="nobody") == "NoSuchBucket"


def test_conditions_of_time_and_of_absence(s3):
    s3.put_object(Bucket="parts", Key="when", Body=b"x")
    modified = s3.head_object(Bucket="parts", Key="when")["LastModified"]
    earlier = modified.replace(year=modified.year - 1)
    assert s3.head_object(Bucket="parts", Key="when", IfModifiedSince=earlier)["ContentLength"] == 1
    assert refused(s3.head_object, Bucket="parts", Key="when", IfModifiedSince=modified) == "304"
    assert refused(s3.head_object, Bucket="parts", Key="when", IfUnmodifiedSince=earlier) == "412"
    assert content(s3, "when", IfUnmodifiedSince=modified) == b"x"


def test_parts_that_come_at_once_make_one_whole(s3):
    upload = s3.create_multipart_upload(Bucket="parts", Key="threads")["UploadId"]
    bodies = {number: bytes([number]) * 5 * MB for number in range(1, 5)}
    etags = {}

    def send(number):
        etags[number] = s3.upload_part(
            Bucket="parts", Key="threads", UploadId=upload, PartNumber=number, Body=bodies[number]
        )["ETag"]

    threads = [threading.Thread(target=send, args=(number,)) for number in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    s3.complete_multipart_upload(
        Bucket="parts", Key="threads", UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": n, "ETag": etags[n]} for n in sorted(etags)]},
    )  # fmt: skip
    assert content(s3, "threads") == b"".join(bodies[n] for n in sorted(bodies))
