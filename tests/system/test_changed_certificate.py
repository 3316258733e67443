"""A core that gets another certificate and key: what becomes of its secrets, without a service and with one."""

import json
import shutil

import pytest

from harness import processes
from harness.cloud import Cloud
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN

SECRET = "kept-through-a-change"
READER = """
import greengrasssdk
secrets = greengrasssdk.client('secretsmanager')

def handler(event, context):
    return secrets.get_secret_value(SecretId='greengrass-db')['SecretString']
"""


class Site:
    """A core with keys in files, a secret, and further certificates of the same thing."""

    def __init__(self, folder):
        self.folder = folder
        self.cloud = Cloud(folder / "cloud").start()
        endpoints = self.cloud.endpoints
        self.thing = new_thing(endpoints, folder / "keys", "core")
        self.core = Core(folder / "greengrass", endpoints, self.thing)
        self.core.config["cloudLink"] = {"certificateCheckSeconds": 1}
        self.core.write_config()
        arn = endpoints.boto("secretsmanager").create_secret(Name="greengrass-db", SecretString=SECRET)["ARN"]
        reads = function_entry(publish_function(endpoints, "reader", READER), pinned=False)
        reads["FunctionConfiguration"]["Environment"]["ResourceAccessPolicies"] = [{"ResourceId": "db", "Permission": "ro"}]
        data = {"SecretsManagerSecretResourceData": {"ARN": arn}}
        self.group = Group(endpoints).give(
            cores=[entry(self.thing)], functions=[reads],
            resources=[{"Id": "db", "Name": "db", "ResourceDataContainer": data}],
        )  # fmt: skip
        self.more = [self.another(endpoints, n) for n in range(2)]

    def another(self, endpoints, number):
        iot = endpoints.boto("iot")
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.attach_policy(policyName="core_policy", target=made["certificateArn"])
        iot.attach_thing_principal(thingName="core", principal=made["certificateArn"])
        cert, key = (self.folder / f"another-{number}.{end}" for end in ("pem", "key"))
        cert.write_text(made["certificatePem"])
        key.touch(0o600)
        key.write_text(made["keyPair"]["PrivateKey"])
        return cert, key

    def change_to(self, number):
        cert, key = self.more[number]
        shutil.copy(key, self.core.root / "certs" / self.thing.key.name)
        shutil.copy(cert, self.core.root / "certs" / self.thing.cert.name)

    def secret(self):
        done = processes.run(
            BIN / "evergrass", "invoke", "reader", "--payload", "{}", "--root", self.core.root, check=False
        )
        return json.loads(done.stdout) if done.returncode == 0 else None


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("changed"))
    try:
        with made.core:
            made.core.start()
            made.group.deploy()
            yield made
            made.core.stop()
    finally:
        if made.cloud.running():
            made.cloud.kill()


def test_a_key_that_changes_while_the_core_runs_gets_its_secrets_without_a_service(site):
    assert site.secret() == SECRET
    site.cloud.kill()
    site.change_to(0)
    site.core.wait_for_log("Certificate, key or CA changed on disk: new connections use them.")
    site.core.daemon("restart")
    assert site.secret() == SECRET
    assert "cannot be opened" not in site.core.log()


def test_a_key_that_changed_while_the_core_was_down_opens_none_and_says_what_to_do(site):
    site.core.stop()
    site.change_to(1)
    site.core.start()
    assert site.secret() is None
    said = site.core.log()
    assert "they were sealed for another certificate than that of" in said
    assert "put the former certificate and key back" in said
    site.core.wait_for_log("The group's secrets cannot be had from the service: it is asked again.")


def test_the_service_seals_them_anew_for_the_certificate_that_the_core_has_now(site):
    site.cloud.start()
    site.core.wait_for_log("The group's secrets are as the service has them now.")
    assert site.secret() == SECRET
    site.cloud.kill()
    site.core.daemon("restart")  # and they are kept under the new key
    assert site.secret() == SECRET
