"""Secrets for functions: our Python SDK, and Node's stock one, against the store of a running core."""

import base64
import io
import json
import os
import subprocess
import zipfile

import pytest

from harness import processes
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN, ROOT
from harness.typist import Typist

EVERGRASS = BIN / "evergrass"
PACKAGES = ROOT / "tests/interop/node_modules"
DATABASE = "arn:aws:secretsmanager:us-east-1:123456789012:secret:greengrass-db-AbCdEf"
PYTHON = """
import greengrasssdk

secrets = greengrasssdk.client('secretsmanager')


def handler(event, context):
    try:
        secret = secrets.get_secret_value(**event)
    except Exception as e:
        return {'error': type(e).__name__ + ' ' + str(e)}
    return {'name': secret['Name'], 'arn': secret['ARN'], 'version': secret['VersionId'],
            'stages': secret['VersionStages'], 'text': secret.get('SecretString'),
            'bytes': list(secret.get('SecretBinary') or b''), 'time': secret['CreatedDate'].timestamp()}
"""
NODE = """
const gg = require('aws-greengrass-core-sdk');
const secrets = new gg.SecretsManager();

exports.handler = (event, context, callback) => {
  secrets.getSecretValue(event, (error, secret) => callback(null, error ? { error: String(error) } : secret));
};
"""


def stored(value):
    return {
        "version": 1,
        "arn": DATABASE,
        "name": "greengrass-db",
        "versions": [
            {"versionId": "v2", "stages": ["AWSCURRENT"], "createdDate": 1700000000500, "secretString": value},
            {"versionId": "v1", "stages": ["AWSPREVIOUS"], "createdDate": 1600000000000, "secretBinary": "AP8="},
            {"versionId": "v0", "stages": ["mine"], "createdDate": 1500000000000, "secretString": "old"},
        ],
    }


def resource(arn):
    data = {"ARN": arn, "AdditionalStagingLabelsToDownload": ["AWSPREVIOUS"]}
    return {"Id": "db", "Name": "db", "ResourceDataContainer": {"SecretsManagerSecretResourceData": data}}


def reading(arn, **more):
    entered = function_entry(arn, pinned=True, **more)
    environment = entered["FunctionConfiguration"]["Environment"]
    environment["ResourceAccessPolicies"] = [{"ResourceId": "db", "Permission": "ro"}]
    return entered


def node_package():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("main.js", NODE)
        for module in ("aws-greengrass-core-sdk", "cbor", "nofilter", "bignumber.js"):
            for path in sorted((PACKAGES / module).rglob("*")):
                if path.is_file():
                    archive.write(path, f"node_modules/{path.relative_to(PACKAGES)}")
    return data.getvalue()


class Site:
    def __init__(self, service, folder):
        self.endpoints = service.endpoints
        self.thing = new_thing(self.endpoints, folder / "keys", "core")
        self.reader = publish_function(self.endpoints, "reader", PYTHON)
        self.stranger = publish_function(self.endpoints, "stranger", PYTHON)
        self.core = Core(folder / "greengrass", self.endpoints, self.thing)
        self.store = self.core.root / "ggc/var/state/secrets"
        self.put("db.json", json.dumps(stored("p&ss")))
        self.core.start()
        self.group = Group(self.endpoints).give(
            cores=[entry(self.thing)],
            resources=[resource(DATABASE)],
            functions=[reading(self.reader), function_entry(self.stranger, pinned=True)],
        )
        self.group.deploy()

    def put(self, name, text, mode=0o600):
        self.store.mkdir(parents=True, exist_ok=True)
        file = self.store / name
        file.write_text(text)
        os.chmod(file, mode)
        return file

    def invoke(self, function, **event):
        done = processes.run(
            EVERGRASS, "invoke", function, "--payload", json.dumps(event), "--root", self.core.root
        )
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service, tmp_path_factory.mktemp("secrets"))
    with made.core:
        yield made
        made.core.stop()


def test_the_python_sdk_reads_by_name_and_arn(site):
    wanted = {
        "name": "greengrass-db", "arn": DATABASE, "version": "v2", "stages": ["AWSCURRENT"],
        "text": "p&ss", "bytes": [], "time": 1700000000.5,
    }  # fmt: skip
    assert site.invoke("reader", SecretId="greengrass-db") == wanted
    assert site.invoke("reader", SecretId=DATABASE, VersionStage="AWSCURRENT") == wanted


def test_a_label_that_the_group_lists_is_read(site):
    previous = site.invoke("reader", SecretId="greengrass-db", VersionStage="AWSPREVIOUS")
    assert previous["version"] == "v1" and previous["bytes"] == [0, 255] and previous["text"] is None


@pytest.mark.parametrize(
    ("function", "event", "status"),
    [
        ("stranger", {"SecretId": "greengrass-db"}, 401),
        ("reader", {"SecretId": "greengrass-db", "VersionStage": "mine"}, 404),
        ("reader", {"SecretId": "nothing"}, 404),
        ("reader", {"SecretId": 7}, 400),
    ],
)
def test_the_sdk_raises_what_the_core_refuses(site, function, event, status):
    refused = site.invoke(function, **event)["error"]
    assert refused.startswith("SecretsManagerError") and f'"Status":{status}' in refused


def test_changed_files_come_with_the_next_deployment_and_damaged_ones_are_told(site):
    site.put("db.json", json.dumps(stored("new")))
    site.put("open.json", json.dumps(stored("x")), mode=0o644)
    site.put("cut.json", json.dumps(stored("hush"))[:200])
    assert site.invoke("reader", SecretId="greengrass-db")["text"] == "p&ss"
    site.group.deploy()
    assert site.invoke("reader", SecretId="greengrass-db")["text"] == "new"
    assert "sealed" in (site.store / "db.json").read_text()
    assert files_with(site.store, "new") == [] and files_with(site.store, "p&ss") == []
    log = site.core.log()
    assert "open.json may be read by others" in log and "cut.json" in log and "hush" not in log


def test_the_store_outlives_the_core(site):
    site.core.daemon("restart")
    assert site.invoke("reader", SecretId="greengrass-db")["name"] == "greengrass-db"


@pytest.mark.skipif(not (PACKAGES / "aws-greengrass-core-sdk").exists(), reason="npm ci in tests/interop")
def test_the_stock_sdk_of_node_reads_too(site):
    made = site.endpoints.boto("lambda").create_function(
        FunctionName="node", Runtime="nodejs12.x", Role="arn:aws:iam::123456789012:role/unused",
        Handler="main.handler", Code={"ZipFile": node_package()}, Publish=True,
    )  # fmt: skip
    arn = made["FunctionArn"] if made["FunctionArn"].endswith(":1") else made["FunctionArn"] + ":1"
    site.group.give(functions=[reading(arn)]).deploy()
    secret = json.loads(site.invoke("node", SecretId="greengrass-db"))  # it hands on the text
    assert secret["Name"] == "greengrass-db" and secret["VersionStages"] == ["AWSCURRENT"]
    assert "There is no secret 'nothing'" in site.invoke("node", SecretId="nothing")["error"]


def typist_of(*arguments):
    return Typist(EVERGRASS, "secrets", "put", *arguments)


@pytest.fixture
def root(tmp_path):
    """As much of a core's folder as its store of secrets needs."""
    files = {name: f"file://{tmp_path / name}" for name in ("core.pem", "core.key", "ca.pem")}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=core", "-days", "2",
         "-keyout", tmp_path / "core.key", "-out", tmp_path / "core.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    config = {
        "coreThing": {"thingArn": "arn:aws:iot:us-east-1:123456789012:thing/core", "iotHost": "localhost",
                      "ggHost": "localhost"},
        "crypto": {"caPath": files["ca.pem"], "principals": {"IoTCertificate": {
            "privateKeyPath": files["core.key"], "certificatePath": files["core.pem"]}}},
    }  # fmt: skip
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.json").write_text(json.dumps(config))
    return tmp_path


def kept(root):
    """The one secret in the store, without its values."""
    files = list((root / "ggc/var/state/secrets").glob("*.json"))
    return json.loads(files[0].read_text()) if files else None


def files_with(root, value):
    needles = (value.encode(), base64.b64encode(value.encode()))
    texts = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return [path for path, text in texts.items() if any(needle in text for needle in needles)]


def test_a_value_that_is_typed_is_not_shown_and_is_sealed_in_the_store(root):
    with typist_of(DATABASE, "--root", root) as typist:
        typist.types("s3cret & more")
        typist.types("s3cret & more")
        assert typist.status() == 0, typist.seen
    assert b"s3cret" not in typist.seen and b"has the version" in typist.seen
    assert len(kept(root)["versions"]) == 1 and files_with(root, "s3cret & more") == []
    (file,) = (root / "ggc/var/state/secrets").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_value_that_is_typed_differently_the_second_time_changes_nothing(root):
    with typist_of(DATABASE, "--root", root) as typist:
        typist.types("s3cret")
        typist.types("s3crte")
        assert typist.status() == 2
    assert b"nothing was changed" in typist.seen
    assert kept(root) is None
    with typist_of(DATABASE, "--root", root, "--binary") as typist:
        assert typist.status() == 2


def put(root, *arguments, check=True, **options):
    return processes.run(EVERGRASS, "secrets", "put", DATABASE, "--root", root, *arguments, check=check, **options)


def test_a_value_comes_by_a_pipe_or_a_file_and_a_file_that_keeps_it_is_told(root, tmp_path_factory):
    file = tmp_path_factory.mktemp("given") / "db.json"
    file.write_text("of a file")
    file.chmod(0o644)
    said = put(root, "--file", file)
    assert "db.json still has the value in the clear, and others than its owner may read it" in said.stderr
    for arguments in ((), ("--file", "-")):
        said = put(root, *arguments, stdin="of a pipe\n")
        assert said.stderr == "" and "of a pipe" not in said.stdout
    assert [version["stages"] for version in kept(root)["versions"]] == [["AWSCURRENT"], ["AWSPREVIOUS"]]
    assert files_with(root, "of a pipe") == []
    before = kept(root)
    for value, why in (("", "empty"), ("\n", "empty"), ("x" * 65537, "larger than 65536 bytes")):
        refused = put(root, stdin=value, check=False)
        assert refused.returncode == 2 and why in refused.stderr
    (root / "config/config.json").rename(root / "config/elsewhere.json")
    refused = put(root, stdin="x", check=False)
    assert refused.returncode == 2 and "sealed for the core's key" in refused.stderr
    assert kept(root) == before
    listed = processes.run(EVERGRASS, "secrets", "list", "--json", "--root", root).stdout
    assert json.loads(listed)[0]["stages"] == ["AWSCURRENT", "AWSPREVIOUS"]
