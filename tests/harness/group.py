"""Things, functions and groups, made through the public APIs as a user makes them."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import isolation, waiting

ALLOW_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["iot:*", "greengrass:*"], "Resource": ["*"]}],
}


@dataclass
class Thing:
    name: str
    arn: str
    certificate_arn: str
    cert: Path
    key: Path


def new_thing(endpoints, folder, name, policy=None):
    """A thing with keys, certificate and policy; the files go to `folder`."""
    iot = endpoints.boto("iot")
    thing = iot.create_thing(thingName=name)
    keys = iot.create_keys_and_certificate(setAsActive=True)
    iot.create_policy(
        policyName=f"{name}_policy", policyDocument=json.dumps(policy or ALLOW_ALL)
    )
    iot.attach_policy(policyName=f"{name}_policy", target=keys["certificateArn"])
    iot.attach_thing_principal(thingName=name, principal=keys["certificateArn"])
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cert, key = folder / f"{name}.cert.pem", folder / f"{name}.private.key"
    cert.write_text(keys["certificatePem"])
    key.touch(0o600)
    key.write_text(keys["keyPair"]["PrivateKey"])
    return Thing(name, thing["thingArn"], keys["certificateArn"], cert, key)


def zip_of(**files):
    """The bytes of a zip; main_py="..." is the file main.py."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_py", ".py"), text)
    return data.getvalue()


def publish_function(endpoints, name, source, handler="main.handler"):
    """The ARN of a numbered version of a new Python function."""
    function = endpoints.boto("lambda").create_function(
        FunctionName=name,
        Runtime="python3.7",
        Role=f"arn:aws:iam::{endpoints.account}:role/unused",
        Handler=handler,
        Code={"ZipFile": zip_of(main_py=source)},
        Publish=True,
    )
    arn, version = function["FunctionArn"], function["Version"]
    return arn if arn.endswith(f":{version}") else f"{arn}:{version}"


def function_entry(arn, pinned, **configuration):
    settings = {"Pinned": pinned, "Timeout": 60, "EncodingType": "json"}
    settings.update(isolation.settings())
    settings.update(configuration)
    settings = {name: value for name, value in settings.items() if value is not None}
    return {"Id": arn.split(":")[6], "FunctionArn": arn, "FunctionConfiguration": settings}


def entry(thing):
    """A core or device in its definition."""
    return {
        "Id": thing.name,
        "ThingArn": thing.arn,
        "CertificateArn": thing.certificate_arn,
        "SyncShadow": False,
    }


def subscriptions(*triples):
    """(source, target, subject)... as a definition has them."""
    return [
        {"Id": f"s{number}", "Source": source, "Target": target, "Subject": subject}
        for number, (source, target, subject) in enumerate(triples)
    ]


class Group:
    """A group and its definitions; give() replaces some of them by a new group version."""

    FAMILIES = {
        "cores": ("Core", "Cores"),
        "devices": ("Device", "Devices"),
        "functions": ("Function", "Functions"),
        "resources": ("Resource", "Resources"),
        "subscriptions": ("Subscription", "Subscriptions"),
        "loggers": ("Logger", "Loggers"),
    }

    def __init__(self, endpoints, name="group"):
        self._api = endpoints.boto("greengrass")
        self.id = self._api.create_group(Name=name)["Id"]
        self._arns = {}
        self.version = None

    def give(self, **families):
        for family, entries in families.items():
            single, member = self.FAMILIES[family]
            create = getattr(self._api, f"create_{single.lower()}_definition")
            made = create(InitialVersion={member: entries})
            self._arns[f"{single}DefinitionVersionArn"] = made["LatestVersionArn"]
        self.version = self._api.create_group_version(GroupId=self.id, **self._arns)["Version"]
        return self

    def start_deployment(self):
        return self._api.create_deployment(
            GroupId=self.id, GroupVersionId=self.version, DeploymentType="NewDeployment"
        )["DeploymentId"]

    def status(self, deployment):
        return self._api.get_deployment_status(GroupId=self.id, DeploymentId=deployment)

    def outcome(self, deployment):
        """The status of the deployment once it is over, by success or failure."""

        def over():
            status = self.status(deployment)
            return status if status["DeploymentStatus"] in {"Success", "Failure"} else None

        return waiting.until(
            lambda: f"deployment {deployment} ends: {self.status(deployment)}", over
        )

    def write_ca(self, path):
        """Writes what devices of the group trust, as discovery hands it out."""
        listed = self._api.list_group_certificate_authorities(GroupId=self.id)
        texts = [
            self._api.get_group_certificate_authority(
                GroupId=self.id, CertificateAuthorityId=one["GroupCertificateAuthorityId"]
            )["PemEncodedCertificate"]
            for one in listed["GroupCertificateAuthorities"]
        ]
        Path(path).write_text("".join(texts))
        return path

    def deploy(self):
        deployment = self.start_deployment()
        status = self.outcome(deployment)
        assert status["DeploymentStatus"] == "Success", status
        return deployment
