"""AWS credentials for functions, read by stock boto3 at the container credentials endpoint: of our
own service, of AWS STS, of an AWS IoT role alias."""

import json
import urllib.error
import urllib.request

import pytest

from harness import processes
from harness.aws_fakes import CredentialsProvider, Sts
from harness.cloud import PROGRAM, Cloud
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN

EVERGRASS = BIN / "evergrass"
ROLE = "arn:aws:iam::123456789012:role/service-role/Greengrass"
CODE = """
import os
import boto3
import botocore.exceptions


def handler(event, context):
    if event.get('environment'):
        return {'uri': os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
                'token': os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']}
    session = boto3.session.Session(region_name='us-east-1')
    try:
        found = session.get_credentials().get_frozen_credentials()
    except botocore.exceptions.CredentialRetrievalError as e:
        return {'error': str(e)}
    answer = {'id': found.access_key, 'secret': found.secret_key, 'token': found.token}
    if 'api' in event:
        greengrass = session.client('greengrass', endpoint_url=event['api'])
        answer['groups'] = [group['Id'] for group in greengrass.list_groups()['Groups']]
        try:
            greengrass.create_group(Name='of a function')
        except botocore.exceptions.ClientError as e:
            answer['refused'] = e.response['Error']
    return answer
"""


class Site:
    """A service with an upstream STS, and a core with one function. deploy() changes the setting."""

    def __init__(self, folder, sts):
        keys = folder / "aws"
        keys.write_text(f"[default]\naws_access_key_id = {sts.KEY}\naws_secret_access_key = {sts.SECRET}\n")
        self.cloud = Cloud(
            folder / "cloud", "--aws-credentials", keys, "--sts-region", "eu-west-1",
            "--sts-endpoint", f"http://127.0.0.1:{sts.port}",
        ).start()  # fmt: skip
        self.endpoints = self.cloud.endpoints
        self.api = self.endpoints.boto("greengrass")
        self.thing = new_thing(self.endpoints, folder / "keys", "core")
        self.function = publish_function(self.endpoints, "caller", CODE)
        self.group = Group(self.endpoints).give(
            cores=[entry(self.thing)], functions=[function_entry(self.function, pinned=True)]
        )
        self.core = Core(folder / "greengrass", self.endpoints, self.thing).start()

    def deploy(self, setting=None):
        if setting:
            arn = self.api.get_group(GroupId=self.group.id)["Arn"]
            self.api.tag_resource(ResourceArn=arn, tags={"evergrass:credentials": setting})
        self.group.deploy()

    def give_role(self):
        self.api.associate_role_to_group(GroupId=self.group.id, RoleArn=ROLE)

    def invoke(self, **event):
        done = processes.run(
            EVERGRASS, "invoke", "caller", "--payload", json.dumps(event), "--root", self.core.root
        )
        return json.loads(done.stdout)

    def ask(self, path="", **headers):
        """(status, body) of the endpoint itself."""
        uri = self.invoke(environment=True)["uri"]
        try:
            with urllib.request.urlopen(urllib.request.Request(uri + path, headers=headers)) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()


@pytest.fixture(scope="module")
def sts():
    with Sts() as fake:
        yield fake


@pytest.fixture(scope="module")
def site(tmp_path_factory, sts):
    made = Site(tmp_path_factory.mktemp("credentials"), sts)
    with made.core:
        yield made
        made.core.stop()
    made.cloud.process.stop()


def test_a_group_without_role_is_told_so(site):
    site.deploy("service")
    token = site.invoke(environment=True)["token"]
    status, said = site.ask(Authorization=token)
    assert status == 404 and "associate-role-to-group" in json.loads(said)["message"]
    assert "error" in site.invoke()


def test_only_functions_are_answered(site):
    assert site.ask()[0] == 403
    assert site.ask(Authorization="Basic Zm9yZ2Vk")[0] == 403
    token = site.invoke(environment=True)["token"]
    assert site.ask("role", Authorization=token)[0] == 400


def test_boto3_in_a_function_calls_our_service_as_the_groups_role(site):
    site.give_role()
    site.deploy("service")
    answer = site.invoke(api=site.endpoints.api_http)
    assert answer["id"].startswith("ASIA")
    assert site.group.id in answer["groups"]
    assert answer["refused"]["Code"] == "AccessDeniedException"
    assert "assumed-role/Greengrass/core" in answer["refused"]["Message"]
    token = site.invoke(environment=True)["token"]
    status, told = site.ask(Authorization=token)
    assert status == 200 and set(told) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}


def test_they_are_kept_while_the_service_is_away_and_good_when_it_is_back(site):
    before = site.invoke()
    site.cloud.kill()
    assert site.invoke() == before
    site.cloud.start()
    answer = site.invoke(api=site.endpoints.api_http)
    assert answer["id"] == before["id"] and site.group.id in answer["groups"]


def test_of_sts_by_the_services_own_keys(site, sts):
    site.give_role()
    site.deploy("sts")
    assert site.invoke() == {"id": "ASIASTS", "secret": "sts-secret", "token": "sts&token"}
    assert sts.asked[-1]["RoleArn"] == ROLE and sts.asked[-1]["RoleSessionName"] == "core"


def test_a_refusal_of_sts_reaches_the_log_in_its_words(site, sts):
    site.deploy("service")  # so that nothing of STS is kept
    sts.refuse = (403, Sts.error("AccessDenied", "not authorized to perform: sts:AssumeRole"))
    try:
        site.deploy("sts")
        assert "error" in site.invoke()
        site.core.wait_for_log("AccessDenied: not authorized to perform: sts:AssumeRole")
    finally:
        sts.refuse = None


def test_of_a_role_alias_by_the_cores_certificate(site, tmp_path):
    with CredentialsProvider(tmp_path, site.cloud.data / "device-ca.pem") as provider:
        with (site.core.root / "certs/root.ca.pem").open("a") as trusted:
            trusted.write(provider.ca.read_text())
        site.deploy(f"role-alias:localhost:{provider.port}/NoSuchAlias")
        assert "error" in site.invoke()
        site.core.wait_for_log("Invalid role alias")
        site.deploy(f"role-alias:localhost:{provider.port}/GreengrassAlias")
        assert site.invoke() == {"id": "ASIAALIAS", "secret": "alias-secret", "token": "alias-token"}
        assert provider.asked[-1] == ("/role-aliases/GreengrassAlias/credentials", "core")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--aws-credentials", "/nowhere"), "/nowhere"),
        (("--aws-credentials", "KEYS", "--sts-endpoint", "sts.example"), "--sts-endpoint 'sts.example'"),
    ],
)
def test_what_is_wrong_with_sts_ends_the_start(tmp_path, arguments, says):
    keys = tmp_path / "keys"
    keys.write_text("[default]\naws_access_key_id=A\naws_secret_access_key=S\n")
    arguments = [str(keys) if part == "KEYS" else part for part in arguments]
    done = processes.run(PROGRAM, "--data", tmp_path / "data", *arguments, check=False)
    assert done.returncode == 1 and says in done.stderr
