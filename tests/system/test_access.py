"""Who may do what at the service: roles, the audit, backups, limits, health, a full or failing disk."""

import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from harness import processes, waiting
from harness.cloud import Cloud
from harness.hub import HubClient
from harness.mqtt import Refused
from harness.processes import BIN, ROOT

SERVICES = [
    "greengrass", "iot", "iot-data", "iot-jobs-data", "lambda", "secretsmanager", "logs", "iam", "sts",
]  # fmt: skip
# Clients don't sign these, so nobody is asked which role he has.
UNSIGNED = {("sts", "AssumeRoleWithSAML"), ("sts", "AssumeRoleWithWebIdentity")}
EVERGRASS = BIN / "evergrass"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud"), "--log-level", "DEBUG") as running:
        yield running


@pytest.fixture(scope="module")
def secrets():
    """Every secret that these tests have seen."""
    return []


def evergrass(cloud, *words, check=True):
    done = processes.run(EVERGRASS, *words, "--data", cloud.data, "--json", check=check)
    return json.loads(done.stdout) if check else done


def audit(cloud, *words):
    done = processes.run(EVERGRASS, "audit", "--data", cloud.data, "--json", *words)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Caller:
    """An access key, and clients that sign with it."""

    def __init__(self, cloud, key):
        self.id, self.secret = key["accessKeyId"], key["secretAccessKey"]
        self.endpoints = cloud.endpoints
        self.endpoints.members.update(access_key_id=self.id, secret_access_key=self.secret)

    def client(self, service, **config):
        return self.endpoints.boto(service, **config)

    def outcome(self, service="greengrass", call="list_groups", **parameters):
        try:
            getattr(self.client(service), call)(**parameters)
            return "done"
        except ClientError as refused:
            return refused.response["Error"]["Code"]


@pytest.fixture
def caller(cloud, secrets):
    def make(role="admin"):
        made = evergrass(cloud, "keys", "create", "--role", role, "--name", f"a {role}'s")
        secrets.append(made["secretAccessKey"])
        return Caller(cloud, made)

    return make


def documented_roles():
    """{(service, operation): role} of docs/access.md's table."""
    table = {}
    for line in (ROOT / "docs/access.md").read_text().splitlines():
        if match := re.fullmatch(r"\| `([\w-]+)` \| (operator|admin) \| (.+) \|", line):
            service, role, names = match.groups()
            table.update({(service, name): role for name in names.split(", ")})
    return table


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_the_model_takes_the_role_that_the_page_says(caller, service):
    table = documented_roles()
    ranks = {"read-only": 0, "operator": 1, "admin": 2}
    for role in ("read-only", "operator"):
        client = caller(role).client(service, parameter_validation=False)
        model = client.meta.service_model
        for operation in model.operation_names:
            if (service, operation) in UNSIGNED:
                continue
            needed = table.get((service, operation), "read-only")
            denied = ranks[role] < ranks[needed]
            if not denied and (needed != "read-only" or role != "read-only"):
                continue  # what it may change, it would
            shape = model.operation_model(operation).input_shape
            sample = sample_of(shape) if shape else {}
            code = message = None
            try:
                getattr(client, boto3.session.botocore.xform_name(operation))(**sample)
            except ClientError as refused:
                code = refused.response["Error"]["Code"]
                message = refused.response["Error"].get("Message", "")
            outcome = f"{role} {operation}: {code} {message}"
            assert (code in ("AccessDeniedException", "AccessDenied")) == denied, outcome
            if denied:
                assert f"is not authorized to perform: {service}:{operation} because no" in message


def sample_of(shape):
    if shape.type_name == "structure":
        return {name: sample_of(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [sample_of(shape.member)] * max(1, shape.metadata.get("min", 1))
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "a" * max(1, shape.metadata.get("min", 1))
    return {"boolean": True, "blob": b"{}", "timestamp": 0}.get(shape.type_name, 1)


def test_an_operator_runs_the_fleet(caller):
    operator = caller("operator")
    assert operator.outcome("greengrass", "create_group", Name="g") == "done"
    assert operator.outcome("iot", "create_thing", thingName="operators-thing") == "done"
    assert operator.outcome("iot-data", "publish", topic="t", payload=b"1") == "done"
    policy = {"policyName": "p", "policyDocument": "{}"}
    assert operator.outcome("iot", "create_policy", **policy) == "AccessDeniedException"
    assert operator.outcome("s3", "create_bucket", Bucket="bucket") == "AccessDenied"


def test_who_reads_publishes_nothing_over_mqtt(cloud, caller):
    reader, admin = caller("read-only"), caller()
    with HubClient(reader.endpoints, "reader") as one, HubClient(admin.endpoints, "writer") as two:
        assert one.subscribe("news/#") == 1
        two.publish("news/1", "hello")
        assert one.payloads(1) == ["hello"]
    with HubClient(reader.endpoints, "reader-2") as one, pytest.raises(Refused):
        one.publish("news/2", "mine")


def test_a_revoked_key_is_refused_at_once_everywhere(cloud, caller):
    key = caller()
    s3 = key.client("s3", signature_version="s3v4")
    s3.create_bucket(Bucket="revoked")
    s3.put_object(Bucket="revoked", Key="k", Body=b"content")
    where = {"Bucket": "revoked", "Key": "k"}
    url = s3.generate_presigned_url("get_object", where, ExpiresIn=604800)
    assert urllib.request.urlopen(url).read() == b"content"
    with HubClient(key.endpoints, "revoked") as client:
        assert evergrass(cloud, "keys", "revoke", key.id)["state"] == "revoked"
        client.wait_closed()
    assert key.outcome() == "UnrecognizedClientException"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url)
    assert refused.value.code == 403
    assert b"InvalidAccessKeyId" in refused.value.read()
    assert evergrass(cloud, "keys", "show", key.id)["state"] == "revoked"


def test_rotating_a_key(cloud, caller, secrets):
    old = caller("operator")
    rotated = evergrass(cloud, "keys", "rotate", old.id)
    secrets.append(rotated["secretAccessKey"])
    assert rotated["role"] == "operator" and rotated["replaces"] == old.id
    assert old.outcome() == Caller(cloud, rotated).outcome() == "done"
    again = evergrass(cloud, "keys", "rotate", rotated["accessKeyId"], "--grace", "0")
    secrets.append(again["secretAccessKey"])
    assert Caller(cloud, rotated).outcome() == "UnrecognizedClientException"
    assert Caller(cloud, again).outcome() == "done"


def test_what_a_rotated_key_has_open_ends_with_its_grace(cloud, caller, secrets):
    old = caller()
    with HubClient(old.endpoints, "rotated") as client:
        rotated = evergrass(cloud, "keys", "rotate", old.id, "--grace", "1")
        secrets.append(rotated["secretAccessKey"])
        client.wait_closed()
    assert old.outcome() == "UnrecognizedClientException"


def test_keys_are_listed_without_secrets_and_faults_say_what_to_do(cloud, caller, tmp_path):
    key = caller()
    listed = evergrass(cloud, "keys", "list")
    assert key.id in [each["accessKeyId"] for each in listed["keys"]]
    assert key.secret not in json.dumps(listed)
    unknown = evergrass(cloud, "keys", "revoke", "AKIANONE", check=False)
    assert unknown.returncode == 1 and "evergrass keys list" in unknown.stderr
    nobody = processes.run(EVERGRASS, "keys", "list", "--data", tmp_path, check=False)
    assert nobody.returncode == 1 and "start evergrass-cloud" in nobody.stderr
    assert os.stat(cloud.data / "admin.sock").st_mode & 0o777 == 0o600
    assert os.stat(cloud.data / "master.key").st_mode & 0o777 == 0o600


def test_the_audit_says_who_did_what_when_from_where_and_how_it_ended(cloud, caller):
    admin, reader = caller(), caller("read-only")
    made = admin.client("greengrass").create_group(Name="audited")
    request_id = made["ResponseMetadata"]["RequestId"]
    with pytest.raises(ClientError) as refused:
        reader.client("iot").create_thing(thingName="mine")
    mine = audit(cloud, "--by", admin.id, "--since", "1h")
    assert [(e["operation"], e["target"], e["status"]) for e in mine] == [
        ("greengrass:CreateGroup", f"Name=audited Id={made['Id']}", 200)
    ]
    assert mine[-1]["requestId"] == request_id
    assert mine[-1]["from"].startswith("127.0.0.1:")
    denied = audit(cloud, "--by", reader.id)[-1]
    assert (denied["operation"], denied["status"], denied["code"]) == (
        "iot:CreateThing", 403, "AccessDeniedException")  # fmt: skip
    assert denied["requestId"] == refused.value.response["ResponseMetadata"]["RequestId"]
    admin.client("greengrass").list_groups()
    assert len(audit(cloud, "--by", admin.id)) == 1
    certificate = admin.client("iot").create_keys_and_certificate()["certificateId"]
    version = admin.client("greengrass").create_group_version(GroupId=made["Id"])["Version"]
    assert [e["target"] for e in audit(cloud, "--by", admin.id)[1:]] == [
        f"certificateId={certificate}", f"GroupId={made['Id']} Version={version}"
    ]  # fmt: skip
    local = audit(cloud, "--by", f"local:{os.getuid()}")
    assert {"keys:Create"} <= {e["operation"] for e in local}
    assert audit(cloud, "--since", "2100-01-01T00:00:00Z") == []


def get(url, host=None):
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(), refused.headers


def metrics(cloud):
    try:
        return get(cloud.endpoints.api_http + "/metrics")[1]
    except OSError:  # the connection was closed
        return None


def test_health_and_metrics(cloud, caller):
    base = cloud.endpoints.api_http
    assert get(f"{base}/healthz")[0] == get(f"{base}/readyz")[0] == 200
    caller().outcome("greengrass", "get_group", GroupId="none")
    status, text, _ = get(f"{base}/metrics")
    assert status == 200
    counted = r'^evergrass_api_requests_total\{operation="greengrass:GetGroup",status="404"\} \d+$'
    assert re.search(counted, text, re.M)
    assert "evergrass_mqtt_connections " in text
    assert get(f"{base}/metrics", host="evil.example")[0] == 403
    local = subprocess.run(
        ["curl", "-sS", "--unix-socket", cloud.data / "admin.sock", "http://service/metrics"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "evergrass_api_throttled_total" in local.stdout


def test_every_answer_has_a_request_id(cloud, caller):
    for service, call, parameters in [
        ("greengrass", "get_group", {"GroupId": "none"}),
        ("iot", "describe_thing", {"thingName": "none"}),
        ("lambda", "get_function", {"FunctionName": "none"}),
        ("iot-data", "get_thing_shadow", {"thingName": "none"}),
        ("s3", "get_object", {"Bucket": "none", "Key": "k"}),
    ]:
        with pytest.raises(ClientError) as refused:
            getattr(caller().client(service), call)(**parameters)
        request_id = refused.value.response["ResponseMetadata"]["RequestId"]
        assert request_id, service
        waiting.until(f"{service}: {request_id} is logged", lambda: request_id in cloud.process.output)
    assert get(cloud.endpoints.api_http + "/")[2]["x-amzn-RequestId"]


def test_a_backup_of_the_running_service_is_restored(cloud, caller, tmp_path, secrets):
    admin = caller()
    admin.client("greengrass").create_group(Name="in the backup")
    s3 = admin.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"content")
    file = tmp_path / "backup.tar"
    if Cloud.postgres is not None:
        assert "pg_dump" in evergrass(cloud, "backup", file, check=False).stderr
        return
    made = evergrass(cloud, "backup", file)
    assert made["objects"] >= 1 and made["leftOut"] == []
    assert "is there already" in evergrass(cloud, "backup", file, check=False).stderr

    text = file.read_bytes()
    for name in ("ca.key", "device-ca.key", "deployment-signing.key"):
        body = (cloud.data / name).read_text().splitlines()[1]
        assert body.encode() not in text, name
    assert (cloud.data / "master.key").read_text().split()[1].encode() not in text
    assert tarfile.open(file).getnames()[0] == "evergrass-backup.json"

    other = Cloud(tmp_path / "other")
    admin.client("greengrass").create_group(Name="after the backup")
    refused = evergrass(other, "restore", file, check=False)
    assert refused.returncode == 1 and "--force" in refused.stderr
    key = cloud.data / "master.key"
    restored = evergrass(other, "restore", file, "--force", "--master-key", key)
    assert restored["undo"] and (Path(restored["undo"]) / "service.db").exists()
    with other:
        there = Caller(other, {"accessKeyId": admin.id, "secretAccessKey": admin.secret})
        names = [g["Name"] for g in there.client("greengrass").list_groups()["Groups"]]
        assert "in the backup" in names and "after the backup" not in names
        assert there.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == b"content"
        running = evergrass(other, "restore", file, "--force", check=False)
        assert "another evergrass-cloud" in running.stderr


def test_limits_answer_as_aws_does(tmp_path):
    with Cloud(tmp_path / "cloud", "--key-rate", "1", "--connections-per-address", "40") as cloud:
        client = cloud.endpoints.boto("iot")
        with pytest.raises(ClientError) as refused:
            for _ in range(100):
                client.list_things()
        answer = refused.value.response
        assert answer["Error"]["Code"] == "ThrottlingException"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert int(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) >= 1
        with pytest.raises(ClientError) as refused:
            for _ in range(100):
                cloud.endpoints.boto("s3").list_buckets()
        assert refused.value.response["Error"]["Code"] == "SlowDown"
        host, _, port = cloud.endpoints.api_http.removeprefix("http://").rpartition(":")
        crowd = [socket.create_connection((host, int(port))) for _ in range(50)]
        assert crowd[-1].recv(1) == b"", "one connection too many is closed at once"
        for one in crowd:
            one.close()
        text = waiting.until("there is room again", lambda: metrics(cloud))
        assert int(re.search(r'throttled_total\{limit="key"\} (\d+)', text)[1]) >= 2
        assert int(re.search(r'throttled_total\{limit="connections"\} (\d+)', text)[1]) >= 10


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with little space."""
    if Cloud.postgres is not None:
        pytest.skip("the disk that fills up is the database server's")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk needs the right to mount: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_said_so_and_the_service_goes_on_when_there_is_space(small_disk):
    with Cloud(small_disk / "cloud") as cloud:
        client = cloud.endpoints.boto("greengrass")
        s3 = cloud.endpoints.boto("s3")
        s3.create_bucket(Bucket="bucket")
        client.create_group(Name="before")
        ballast = small_disk / "ballast"
        with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 65536)
        with open(ballast, "ab", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x")
        with pytest.raises(ClientError) as refused:
            for number in range(10_000):  # the database has some room in its own files
                client.create_group(Name=f"during {number}")
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailableException"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert "disk is full" in refused.value.response["Error"]["Message"]
        with pytest.raises(ClientError) as refused:
            s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 1_000_000)
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert get(cloud.endpoints.api_http + "/readyz")[0] == 503
        assert get(cloud.endpoints.api_http + "/healthz")[0] == 200
        assert len(client.list_groups(MaxResults="1")["Groups"]) == 1
        ballast.unlink()
        client.create_group(Name="after")
        s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 1_000_000)
        cloud.kill()
        cloud.start()
        newest = cloud.endpoints.boto("greengrass").list_groups(MaxResults="1")["Groups"]
        assert newest[0]["Name"] == "after", "what was answered is there after kill -9"
        body = cloud.endpoints.boto("s3").get_object(Bucket="bucket", Key="k")["Body"].read()
        assert body == b"x" * 1_000_000


@pytest.fixture
def failing_disk(tmp_path):
    """A file system that can be made to stop taking writes, as ext4 does when its disk fails."""
    if Cloud.postgres is not None:
        pytest.skip("the disk that fails is the database server's")
    place, image = tmp_path / "disk", tmp_path / "image"
    place.mkdir()
    with open(image, "wb") as file:
        file.truncate(32 << 20)
    if subprocess.run(["mkfs.ext4", "-q", image], capture_output=True).returncode != 0:
        pytest.skip("there is no mkfs.ext4")
    mount = ["mount", "-o", "loop"]
    mounted = subprocess.run([*mount, image, place], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a disk of its own needs the right to mount: {mounted.stderr.strip()}")

    def mend():
        subprocess.run(["umount", place], check=True)
        # A copy: whoever made a mount namespace meanwhile still holds the old one.
        mended = shutil.copyfile(image, tmp_path / "mended")
        assert subprocess.run(["e2fsck", "-fy", mended], capture_output=True).returncode <= 1
        subprocess.run([*mount, mended, place], check=True)

    yield place, mend
    subprocess.run(["umount", "-l", place], check=True)


def test_a_disk_that_became_read_only_is_said_so_and_what_was_answered_is_kept(failing_disk):
    place, mend = failing_disk
    with Cloud(place / "cloud") as cloud:
        client, http = cloud.endpoints.boto("greengrass"), cloud.endpoints.api_http
        client.create_group(Name="before")
        subprocess.run(["mount", "-o", "remount,abort", place], check=True)
        with pytest.raises(ClientError) as refused:
            client.create_group(Name="during")
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailableException"
        assert "read-only" in refused.value.response["Error"]["Message"]
        assert get(http + "/readyz")[0] == 503
        assert get(http + "/healthz")[0] == 200
        assert [g["Name"] for g in client.list_groups()["Groups"]] == ["before"]
        cloud.kill()
        refused = processes.run(BIN / "evergrass-cloud", "--data", cloud.data, check=False)
        assert refused.returncode != 0
        assert "Read-only file system" in refused.stderr
        assert str(cloud.data) in refused.stderr
        mend()
        cloud.start()
        client = cloud.endpoints.boto("greengrass")
        assert [g["Name"] for g in client.list_groups()["Groups"]] == ["before"]
        client.create_group(Name="after")


def test_no_secret_is_in_a_log_the_audit_or_the_database(cloud, caller, secrets, tmp_path):
    """Last: everything that the tests above have used."""
    cloud_secret = cloud.endpoints.secret_access_key
    caller().outcome("iot", "list_things")
    listed = processes.run(EVERGRASS, "audit", "--data", cloud.data, "--json").stdout
    places = {"log": cloud.process.output.encode(), "audit": listed.encode()}
    if Cloud.postgres is not None:
        places["database"] = Cloud.postgres.dump(cloud.store[1])
    else:
        file = tmp_path / "all.tar"
        evergrass(cloud, "backup", file)
        places["backup"] = file.read_bytes()
        places["database"] = (cloud.data / "service.db").read_bytes()
        places["database's log"] = (cloud.data / "service.db-wal").read_bytes()
    assert secrets
    for secret in [*secrets, cloud_secret, (cloud.data / "master.key").read_text().split()[1]]:
        for place, content in places.items():
            assert secret.encode() not in content, f"a secret is in the {place}"
            assert secret.encode().hex().encode() not in content, f"a secret is in the {place}"
    # Presigned URLs are as good as a secret while they last.
    assert b"X-Amz-Signature=" not in places["log"]
