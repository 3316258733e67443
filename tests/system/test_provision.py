"""`evergrass provision` and `evergrass device`: identities made, unpacked and used, and undone."""

import json
import socket
import ssl
import stat
import tarfile
from pathlib import Path

import pytest

from harness import processes, waiting
from harness.cloud import Cloud
from harness.core import start_options
from harness.group import ALLOW_ALL, subscriptions
from harness.hub import HubClient
from harness.ports import free_port
from harness.processes import BIN

PYTHON = "/usr/bin/python3"


class Owner:
    """Who makes identities at one service, in one working folder."""

    def __init__(self, folder, endpoints):
        self.folder, self.endpoints = Path(folder), endpoints
        self.iot, self.greengrass = endpoints.boto("iot"), endpoints.boto("greengrass")

    def evergrass(self, *arguments, check=True, **how):
        return processes.run(
            BIN / "evergrass", *arguments, "--dir", self.endpoints.path.parent, cwd=self.folder, check=check, **how
        )  # fmt: skip

    def group(self, name):
        found = [group for group in self.greengrass.list_groups()["Groups"] if group["Name"] == name]
        assert len(found) == 1, found
        return found[0]

    def definition(self, name):
        group = self.group(name)
        return self.greengrass.get_group_version(GroupId=group["Id"], GroupVersionId=group["LatestVersion"])["Definition"]

    def devices(self, name):
        arn = self.definition(name)["DeviceDefinitionVersionArn"].split("/")
        return self.greengrass.get_device_definition_version(
            DeviceDefinitionId=arn[-3], DeviceDefinitionVersionId=arn[-1]
        )["Definition"]["Devices"]

    def deploy(self, name):
        group = self.group(name)
        deployment = self.greengrass.create_deployment(
            GroupId=group["Id"], GroupVersionId=group["LatestVersion"], DeploymentType="NewDeployment"
        )["DeploymentId"]

        def status():
            return self.greengrass.get_deployment_status(GroupId=group["Id"], DeploymentId=deployment)

        waiting.until(
            lambda: f"the deployment succeeds: {status()}", lambda: status()["DeploymentStatus"] == "Success"
        )

    def left(self):
        """Everything that provisioning can make, as the service has it now."""
        return {
            "things": [thing["thingName"] for thing in self.iot.list_things()["things"]],
            "certificates": [one["certificateId"] for one in self.iot.list_certificates()["certificates"]],
            "policies": [policy["policyName"] for policy in self.iot.list_policies()["policies"]],
            "groups": [group["Name"] for group in self.greengrass.list_groups()["Groups"]],
            "cores": len(self.greengrass.list_core_definitions()["Definitions"]),
            "devices": len(self.greengrass.list_device_definitions()["Definitions"]),
            "functions": len(self.greengrass.list_function_definitions()["Definitions"]),
        }


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def owner(cloud, tmp_path):
    return Owner(tmp_path, cloud.endpoints)


def discovers_at_both_doors(endpoints, bundle):
    """8443, and 443 for those who ask by ALPN; the header's name in lower case is for the Python SDK."""
    for address, protocols in ((endpoints.iot_https, []), (endpoints.api.rpartition("//")[2], ["x-amzn-http-ca"])):
        context = ssl.create_default_context(cafile=str(endpoints.ca_file))
        context.load_cert_chain(bundle / "pump.cert.pem", bundle / "pump.private.key")
        if protocols:
            context.set_alpn_protocols(protocols)
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
            tls.sendall(b"GET /greengrass/discover/thing/pump HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            head, _, body = b"".join(iter(lambda stream=tls: stream.recv(65536), b"")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and b"\r\ncontent-length: " in head
        assert json.loads(body)["GGGroups"][0]["Cores"][0]["thingArn"].endswith(":thing/site-core")


def test_a_core_and_a_device_from_nothing_to_messages_and_back(owner, tmp_path):
    before = owner.left()
    root = tmp_path / "greengrass"
    owner.evergrass(
        "provision", "site-core", "--group", "site", "--root", root, "--mqtt-port", str(free_port()),
        "--daemon-port", str(free_port()),
    )  # fmt: skip
    owner.evergrass("device", "add", "pump", "--group", "site", "--sync-shadow")
    (device,) = owner.devices("site")
    assert device["ThingArn"].endswith(":thing/pump") and device["SyncShadow"] is True

    # A subscription, as the owner adds one.
    made = owner.greengrass.create_subscription_definition(
        InitialVersion={"Subscriptions": subscriptions((device["ThingArn"], "cloud", "pump/data"))}
    )
    owner.greengrass.create_group_version(
        GroupId=owner.group("site")["Id"], **owner.definition("site"),
        SubscriptionDefinitionVersionArn=made["LatestVersionArn"],
    )  # fmt: skip

    root.mkdir()
    processes.run("tar", "-xzf", tmp_path / "site-core.tar.gz", "-C", root)
    processes.run("tar", "-xzf", tmp_path / "pump.tar.gz", "-C", tmp_path)
    for key in (root / "certs/site-core.private.key", tmp_path / "pump/pump.private.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    try:
        processes.run(BIN / "greengrassd", "start", "--root", root, *start_options())
        owner.deploy("site")
        watcher = HubClient(owner.endpoints, "watcher", secure=False)
        watcher.subscribe("pump/data", 1)
        waiting.until(
            "the service knows where the core is",
            lambda: owner.greengrass.get_connectivity_info(ThingName="site-core")["ConnectivityInfo"],
        )
        discovers_at_both_doors(owner.endpoints, tmp_path / "pump")
        said = processes.run(PYTHON, tmp_path / "pump/device.py", "--once", "--message", "hello")
        assert "connected to" in said.stdout and "published to pump/data: hello" in said.stdout
        assert watcher.messages.get(timeout=waiting.HANG).payload == b"hello"
        watcher.close()

        owner.evergrass("device", "remove", "pump", "--yes")
        assert owner.devices("site") == []
        owner.evergrass("provision", "site-core", "--undo", "--yes")
    finally:
        processes.run(BIN / "greengrassd", "stop", "--root", root, check=False)
    assert owner.left() == before
    assert not list(tmp_path.glob("*.identity.json"))


def test_with_a_csr_no_key_is_made_or_packed(owner, tmp_path):
    processes.run(
        "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
        "/CN=sealed", "-keyout", tmp_path / "sealed.key", "-out", tmp_path / "sealed.csr",
    )  # fmt: skip
    owner.evergrass("provision", "sealed", "--csr", "sealed.csr", "--json")
    with tarfile.open(tmp_path / "sealed.tar.gz") as bundle:
        names = bundle.getnames()
        certificate = bundle.extractfile("certs/sealed.cert.pem").read().decode()
    assert sorted(names) == ["certs/root.ca.pem", "certs/sealed.cert.pem", "config/config.json"]
    of_key = processes.run("openssl", "pkey", "-in", tmp_path / "sealed.key", "-pubout").stdout
    of_certificate = processes.run("openssl", "x509", "-noout", "-pubkey", stdin=certificate).stdout
    assert of_key == of_certificate
    owner.evergrass("provision", "sealed", "--undo", "--yes")


def test_nothing_is_overwritten_and_nothing_undone_unasked(owner, tmp_path):
    made = owner.evergrass("provision", "once", "--json").stdout.splitlines()
    assert json.loads(made[-1])["event"] == "made"
    bundle = (tmp_path / "once.tar.gz").read_bytes()
    again = owner.evergrass("provision", "once", "--force", check=False)
    assert again.returncode == 1 and "was made already" in again.stderr
    other = owner.evergrass("provision", "once", "--out", "other.tar.gz", check=False)
    assert other.returncode == 1 and "has a thing 'once' already" in other.stderr
    assert (tmp_path / "once.tar.gz").read_bytes() == bundle

    unasked = owner.evergrass("provision", "once", "--undo", check=False, stdin="")
    assert unasked.returncode == 1 and "give --yes" in unasked.stderr
    assert "delete the thing once" in unasked.stdout
    assert "once" in owner.left()["things"]
    owner.evergrass("provision", "once", "--undo", "--yes")
    assert "once" not in owner.left()["things"]


def test_a_run_that_was_cut_short_is_undone_by_the_next_one(owner, tmp_path):
    """The policy of another document is in the way: the first run ends in the middle."""
    before = owner.left()
    owner.iot.create_policy(policyName="torn-policy", policyDocument=json.dumps(ALLOW_ALL))
    torn = owner.evergrass("provision", "torn", check=False)
    assert torn.returncode == 1 and "has a policy 'torn-policy' already" in torn.stderr
    assert "torn" in owner.left()["things"]
    owner.iot.delete_policy(policyName="torn-policy")
    owner.evergrass("provision", "torn")
    assert len(owner.left()["certificates"]) == len(before["certificates"]) + 1
    owner.evergrass("provision", "torn", "--undo", "--yes")
    assert owner.left() == before


def test_what_was_there_before_is_used_by_force_and_left_by_undo(owner):
    before = owner.left()
    owner.iot.create_thing(thingName="veteran")
    owner.evergrass("provision", "veteran", "--force")
    assert owner.iot.list_thing_principals(thingName="veteran")["principals"]
    owner.evergrass("provision", "veteran", "--undo", "--yes")
    assert owner.iot.list_thing_principals(thingName="veteran")["principals"] == []
    owner.iot.delete_thing(thingName="veteran")
    assert owner.left() == before


def test_another_service_than_that_of_the_record_is_refused(owner, tmp_path):
    """It would not know what was made, and take that for gone."""
    owner.evergrass("provision", "moved")
    record = tmp_path / "moved.identity.json"
    right = record.read_text()
    of_another = json.loads(right)
    of_another["api"] = "https://elsewhere.example"
    for item in of_another["made"]:
        if item["what"] == "certificate":
            item["id"] = "0" * 64
    wrong = json.dumps(of_another)
    record.write_text(wrong)
    refused = owner.evergrass("provision", "moved", "--undo", "--yes", check=False)
    assert refused.returncode == 1 and "was made at https://elsewhere.example" in refused.stderr
    assert record.read_text() == wrong and "moved" in owner.left()["things"]
    # The same service at another address is known by the certificate.
    record.write_text(right.replace(json.loads(right)["api"], "https://elsewhere.example"))
    owner.evergrass("provision", "moved", "--undo", "--yes")
    assert "moved" not in owner.left()["things"]


def test_a_group_that_is_not_there_is_said_before_anything_is_made(owner):
    before = owner.left()
    refused = owner.evergrass("device", "add", "stray", "--group", "nowhere", check=False)
    assert refused.returncode == 1 and "no group with the name or id 'nowhere'" in refused.stderr
    assert owner.left() == before
