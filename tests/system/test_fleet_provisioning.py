"""Devices that come with a shared certificate, and get their own."""

import json

import cbor2
import pytest

from harness import processes
from harness.cloud import Cloud
from harness.group import Thing, new_thing
from harness.hub import HubClient
from harness.mqtt import Refused
from harness.processes import ROOT

SCRIPT = ROOT / "tests/interop/provision.js"
SDK_V2 = ROOT / "tests/interop/node_modules/aws-iot-device-sdk-v2"
TEMPLATE = {
    "Parameters": {"SerialNumber": {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
    "Mappings": {"Sites": {"north": {"url": "https://north.example"}}},
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {
                "ThingName": {"Fn::Join": ["", ["pump_", {"Ref": "SerialNumber"}]]},
                "AttributePayload": {"serial": {"Ref": "SerialNumber"}},
            },
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
        },
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "pumps"}},
    },
    "DeviceConfiguration": {"Url": {"Fn::FindInMap": ["Sites", "north", "url"]}},
}


def statement(actions, *resources):
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


def claim_policy(endpoints):
    """As the AWS IoT developer guide has it for provisioning by claim."""
    arn = f"arn:aws:iot:{endpoints.region}:{endpoints.account}:"
    ends = ("$aws/certificates/create/*", "$aws/certificates/create-from-csr/*",
            "$aws/provisioning-templates/pump/provision/*")  # fmt: skip
    return {
        "Version": "2012-10-17",
        "Statement": [
            statement("iot:Connect", "*"),
            statement(["iot:Publish", "iot:Receive"], *(arn + "topic/" + end for end in ends)),
            statement("iot:Subscribe", *(arn + "topicfilter/" + end for end in ends)),
        ],
    }


class Device:
    """A device fresh from the factory: `claim` is all that it has."""

    def __init__(self, endpoints, folder, claim, client_id):
        self.endpoints, self.folder = endpoints, folder
        self.client = HubClient(endpoints, client_id, thing=claim)

    def ask(self, topic, payload):
        """(True when accepted, the answer), in the topic's format."""
        write, read = (cbor2.dumps, cbor2.loads) if topic.endswith("/cbor") else (json.dumps, json.loads)
        for end in ("accepted", "rejected"):
            assert self.client.subscribe(f"{topic}/{end}") == 1
        self.client.publish(topic, payload if isinstance(payload, (str, bytes)) else write(payload))
        answer = self.client.receive()
        return answer.topic == topic + "/accepted", read(answer.payload)

    def provision(self, token, serial, form="json"):
        return self.ask(
            f"$aws/provisioning-templates/pump/provision/{form}",
            {"certificateOwnershipToken": token, "parameters": {"SerialNumber": serial}},
        )

    def keep(self, name, certificate_pem, key_pem):
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        cert.write_text(certificate_pem)
        key.write_text(key_pem)
        return Thing(name, "", "", cert, key)


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        made = running.endpoints
        iot = made.boto("iot")
        iot.create_policy(
            policyName="pumps",
            policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                statement(["iot:Connect"], f"arn:aws:iot:{made.region}:{made.account}:client/${{iot:Connection.Thing.ThingName}}"),
                statement(["iot:Publish", "iot:Subscribe", "iot:Receive"], "*"),
            ]}),
        )  # fmt: skip
        iot.create_provisioning_template(
            templateName="pump", templateBody=json.dumps(TEMPLATE), enabled=True,
            provisioningRoleArn=f"arn:aws:iam::{made.account}:role/provisioning",
        )  # fmt: skip
        yield made


@pytest.fixture(scope="module")
def claim(endpoints, tmp_path_factory):
    return new_thing(endpoints, tmp_path_factory.mktemp("claim"), "claim", claim_policy(endpoints))


def test_a_device_registers_itself_with_its_claim_and_connects_with_its_own(endpoints, claim, tmp_path):
    factory_fresh = Device(endpoints, tmp_path, claim, "factory-fresh-1")
    accepted, made = factory_fresh.ask("$aws/certificates/create/json", "")
    assert accepted, made
    own = factory_fresh.keep("pump_1", made["certificatePem"], made["privateKey"])
    with pytest.raises(Refused):
        HubClient(endpoints, "pump_1", thing=own)
    accepted, registered = factory_fresh.provision(made["certificateOwnershipToken"], "1")
    assert accepted, registered
    assert registered == {"deviceConfiguration": {"Url": "https://north.example"}, "thingName": "pump_1"}
    factory_fresh.client.close()

    with HubClient(endpoints, "pump_1", thing=own) as device:
        assert device.subscribe("pump_1/echo") == 1
        device.publish("pump_1/echo", "mine")
        assert device.receive().payload == b"mine"
    described = endpoints.boto("iot").describe_thing(thingName="pump_1")
    assert described["attributes"] == {"serial": "1"}
    with pytest.raises(Refused):  # its policy is for its own name
        HubClient(endpoints, "pump_2", thing=own)


def test_with_a_csr_the_key_stays_on_the_device(endpoints, claim, tmp_path):
    processes.run(
        "openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=pump_3", "-keyout",
        tmp_path / "pump_3.key", "-out", tmp_path / "pump_3.csr",
    )  # fmt: skip
    device = Device(endpoints, tmp_path, claim, "factory-fresh-3")
    csr = (tmp_path / "pump_3.csr").read_text()
    accepted, made = device.ask("$aws/certificates/create-from-csr/json", {"certificateSigningRequest": csr})
    assert accepted and "privateKey" not in made
    own = device.keep("pump_3", made["certificatePem"], (tmp_path / "pump_3.key").read_text())
    assert device.provision(made["certificateOwnershipToken"], "3")[0]
    device.client.close()
    HubClient(endpoints, "pump_3", thing=own).close()


@pytest.mark.parametrize("own_key", [True, False], ids=["csr", "key"])
def test_a_device_registers_itself_in_cbor(endpoints, claim, tmp_path, own_key):
    name = f"pump_c{own_key:d}"
    device = Device(endpoints, tmp_path, claim, f"factory-fresh-{name}")
    if own_key:
        key = tmp_path / "own.key"
        processes.run(
            "openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key,
            "-out", tmp_path / "own.csr",
        )  # fmt: skip
        csr = {"certificateSigningRequest": (tmp_path / "own.csr").read_text()}
        accepted, made = device.ask("$aws/certificates/create-from-csr/cbor", csr)
        assert accepted and "privateKey" not in made, made
        made["privateKey"] = key.read_text()
    else:
        accepted, made = device.ask("$aws/certificates/create/cbor", b"")
        assert accepted, made
    own = device.keep(name, made["certificatePem"], made["privateKey"])
    accepted, refused = device.ask("$aws/provisioning-templates/pump/provision/cbor", b"{}")
    assert not accepted
    assert refused["statusCode"] == 400 and refused["errorCode"] == "InvalidPayload"
    accepted, registered = device.provision(made["certificateOwnershipToken"], name.partition("_")[2], "cbor")
    assert accepted, registered
    assert registered == {"deviceConfiguration": {"Url": "https://north.example"}, "thingName": name}
    device.client.close()
    HubClient(endpoints, name, thing=own).close()


def test_what_is_wrong_is_answered_to_the_device_that_asked(endpoints, claim, tmp_path):
    device = Device(endpoints, tmp_path, claim, "factory-fresh-4")
    bystander = HubClient(endpoints, "bystander", thing=claim)
    assert bystander.subscribe("$aws/provisioning-templates/pump/provision/json/rejected") == 1
    accepted, said = device.provision("a guess", "4")
    assert not accepted
    assert said["statusCode"] == 400 and said["errorCode"] == "InvalidCertificateOwnershipToken"
    assert bystander.messages.empty(), "an answer may hold a key: it is for who asked"
    device.client.close()
    bystander.close()


def test_a_claim_may_do_nothing_else(endpoints, claim):
    with HubClient(endpoints, "curious", thing=claim) as client:
        assert client.subscribe("pump_1/#") == 0x80
        client._client.publish("pump_1/echo", "false", 1)
        client.wait_closed()


def test_a_temporary_claim_of_a_trusted_user_provisions(endpoints, tmp_path):
    made = endpoints.aws("iot", "create-provisioning-claim", "--template-name", "pump")
    cert, key = tmp_path / "claim.pem", tmp_path / "claim.key"
    cert.write_text(made["certificatePem"])
    key.write_text(made["keyPair"]["PrivateKey"])
    device = Device(endpoints, tmp_path, Thing("claim", "", "", cert, key), "at-the-installer")
    accepted, certificate = device.ask("$aws/certificates/create/json", "{}")
    assert accepted
    accepted, registered = device.provision(certificate["certificateOwnershipToken"], "5")
    assert accepted and registered["thingName"] == "pump_5"
    device.client.close()


@pytest.mark.skipif(not SDK_V2.exists(), reason="npm ci in tests/interop")
def test_the_identity_client_of_the_stock_sdk_provisions(endpoints, claim, tmp_path):
    host, _, port = endpoints.iot_mqtt.rpartition(":")
    options = {
        "host": host, "port": int(port), "ca": str(endpoints.ca_file), "cert": str(claim.cert), "key": str(claim.key),
        "clientId": "sdk-device", "template": "pump", "parameters": {"SerialNumber": "6"},
    }  # fmt: skip
    said = processes.run("node", SCRIPT, json.dumps(options)).stdout.splitlines()
    created, registered = [json.loads(line)["body"] for line in said]
    assert registered["thingName"] == "pump_6"
    cert, key = tmp_path / "own.pem", tmp_path / "own.key"
    cert.write_text(created["certificatePem"])
    key.write_text(created["privateKey"])
    HubClient(endpoints, "pump_6", thing=Thing("pump_6", "", "", cert, key)).close()
