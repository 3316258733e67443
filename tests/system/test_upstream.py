"""APIs that are elsewhere (`--upstream`): a second service is what AWS is to the first."""

import http.client
import io
import json
import ssl
import tarfile
import time

import boto3
import botocore.exceptions
import pytest

from harness import processes, waiting
from harness.cloud import PROGRAM, Cloud
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN

SERVICES = ("lambda", "s3", "secretsmanager", "logs", "iam", "sts")
ROLE_POLICY = {"Version": "2012-10-17", "Statement": []}
LABELS = b"one\ntwo\n"
FUNCTION = """
import greengrasssdk

secrets = greengrasssdk.client('secretsmanager')


def handler(event, context):
    return {'text': secrets.get_secret_value(SecretId='database', **event)['SecretString']}
"""


def model():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as out:
        entered = tarfile.TarInfo("labels")
        entered.size = len(LABELS)
        out.addfile(entered, io.BytesIO(LABELS))
    return data.getvalue()


def secret_resource(arn, *labels):
    data = {"ARN": arn, "AdditionalStagingLabelsToDownload": list(labels)}
    return {"Id": "db", "Name": "db", "ResourceDataContainer": {"SecretsManagerSecretResourceData": data}}


def model_resource(uri):
    data = {"S3Uri": uri, "DestinationPath": "/model"}
    return {"Id": "model", "Name": "model", "ResourceDataContainer": {"S3MachineLearningModelResourceData": data}}


class Site:
    """`aws` has functions, objects, secrets, roles and logs; `cloud` the groups, and asks it by HTTPS."""

    def __init__(self, folder):
        self.folder = folder
        self.aws = Cloud(folder / "aws").start()
        self.there = self.aws.endpoints
        keys = folder / "keys"
        keys.write_text(
            f"[default]\naws_access_key_id = {self.there.access_key_id}\n"
            f"aws_secret_access_key = {self.there.secret_access_key}\n"
        )
        self.settings = folder / "upstream.json"
        endpoint = {"endpoint": self.there.api, "caFile": str(self.there.ca_file)}
        self.settings.write_text(
            json.dumps({"credentialsFile": str(keys), "services": {name: endpoint for name in SERVICES}})
        )
        self.cloud = Cloud(folder / "cloud", "--upstream", self.settings).start()
        self.here = self.cloud.endpoints
        self.api = self.here.boto("greengrass")
        self.thing = new_thing(self.here, folder / "things", "core")
        self.function = publish_function(self.there, "reader", FUNCTION)
        s3 = self.there.boto("s3")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key="a b/model.tar.gz", Body=model())
        self.secret = self.there.boto("secretsmanager").create_secret(Name="database", SecretString="first")["ARN"]
        self.group = Group(self.here)

    def give(self, *resources, function=None):
        read = [one["Id"] for one in resources if one["Id"] == "db"]
        entered = function_entry(function or self.function, pinned=True)
        policies = [{"ResourceId": name, "Permission": "ro"} for name in read]
        entered["FunctionConfiguration"]["Environment"]["ResourceAccessPolicies"] = policies
        return self.group.give(cores=[entry(self.thing)], resources=list(resources), functions=[entered])

    def all_of_it(self):
        return self.give(secret_resource(self.secret, "AWSPREVIOUS"), model_resource("s3://models/a b/model.tar.gz"))

    def refusal(self, *resources, function=None):
        status = self.group.status(self.give(*resources, function=function).start_deployment())
        assert status["DeploymentStatus"] == "Failure", status
        return status["ErrorMessage"]

    def ask_as_core(self, method, path, body=None):
        """(status, JSON) of the cores' own API."""
        context = ssl.create_default_context(cafile=self.here.ca_file)
        context.load_cert_chain(self.thing.cert, self.thing.key)
        host, _, port = self.here.iot_https.rpartition(":")
        link = http.client.HTTPSConnection(host, int(port), context=context)
        link.request(method, f"/evergrass/v1/cores/{self.thing.name}/{path}", body and json.dumps(body))
        answer = link.getresponse()
        told = answer.read()
        link.close()
        return answer.status, json.loads(told)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("upstream"))
    yield made
    for cloud in (made.cloud, made.aws):
        if cloud.running():
            assert cloud.process.stop() == 0


@pytest.mark.parametrize(
    "settings, said",
    [
        ('{"services": {"sqs": {}}}', "'services.sqs' is not a service"),
        ('{"services": {"iot": {}}}', "'services.iot' cannot be elsewhere"),
        ('{"services": {"s3": {"endpoint": "minio"}}}', "'services.s3.endpoint' 'minio' is not http://HOST"),
        ('{"services": {"s3": {"caFile": "/no.pem"}}, "credentialsFile": "KEYS"}', "'services.s3.caFile' of --upstream"),
        ('{"services": {"s3": {}}, "credentialsFile": "/no"}', "'credentialsFile' of --upstream"),
        ('{"services": {"s3": {}}}', "AWS_ACCESS_KEY_ID is not set"),
    ],
)
def test_wrong_settings_end_the_start_and_are_named(tmp_path, settings, said):
    keys, file = tmp_path / "keys", tmp_path / "upstream.json"
    keys.write_text("[default]\naws_access_key_id = A\naws_secret_access_key = hush\n")
    file.write_text(settings.replace("KEYS", str(keys)))
    done = processes.run(PROGRAM, "--data", tmp_path / "data", "--upstream", file, check=False)
    assert done.returncode == 1 and said in done.stderr and "hush" not in done.stderr


@pytest.mark.parametrize(
    "service, operation",
    [("lambda", "list_functions"), ("secretsmanager", "list_secrets"), ("logs", "describe_log_groups"),
     ("iam", "list_roles"), ("sts", "get_caller_identity"), ("s3", "list_buckets")],
)  # fmt: skip
def test_clients_are_told_where_the_api_is(site, service, operation):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        getattr(site.here.boto(service), operation)()
    told = refused.value.response
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 421
    assert site.there.api in told["Error"]["Message"]


def test_strangers_are_not_told(site):
    stranger = boto3.session.Session("AKIAIOSFODNN7EXAMPLE", "x", region_name="us-east-1").client(
        "lambda", endpoint_url=site.here.api_http
    )
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        stranger.list_functions()
    assert site.there.api not in str(refused.value)


def test_a_group_is_deployed_with_what_is_elsewhere(site):
    core = Core(site.folder / "greengrass", site.here, site.thing).start()
    with core:
        site.there.boto("secretsmanager").put_secret_value(SecretId=site.secret, SecretString="second")
        status = site.group.outcome(site.all_of_it().start_deployment())
        assert status["DeploymentStatus"] == "Success", status

        def text(**wanted):
            done = processes.run(
                BIN / "evergrass", "invoke", "reader", "--payload", json.dumps(wanted), "--root", core.root
            )
            return json.loads(done.stdout)["text"]

        assert text() == "second"
        assert text(VersionStage="AWSPREVIOUS") == "first"
        core.stop()
    assert [file.read_bytes() for file in core.root.rglob("labels")] == [LABELS]


def test_what_is_not_there_fails_the_deployment_in_the_upstreams_words(site):
    unknown = site.function.replace("reader", "nobody")
    said = site.refusal(
        secret_resource(site.secret, "mine"), model_resource("s3://models/none.tar.gz"), function=unknown
    )
    assert f"'{unknown}' of {site.there.api}" in said and "ResourceNotFoundException" in said
    assert "staging label 'mine'" in said
    assert f"s3://models/none.tar.gz of {site.there.api} does not exist" in said


def test_a_bulk_deployment_has_its_input_there_too(site):
    site.all_of_it()
    line = json.dumps(
        {"GroupId": site.group.id, "GroupVersionId": site.group.version, "DeploymentType": "NewDeployment"}
    )
    site.there.boto("s3").put_object(Bucket="models", Key="input", Body=line.encode())
    bulk = site.api.start_bulk_deployment(
        InputFileUri="s3://models/input", ExecutionRoleArn="arn:aws:iam::123456789012:role/bulk", AmznClientToken="t"
    )["BulkDeploymentId"]
    status = waiting.until(
        "the bulk deployment ends",
        lambda: (lambda s: s if s["BulkDeploymentStatus"] == "Completed" else None)(
            site.api.get_bulk_deployment_status(BulkDeploymentId=bulk)
        ),
    )
    assert status["BulkDeploymentMetrics"] == {"InvalidInputRecords": 0, "RecordsProcessed": 1, "RetryAttempts": 0}
    with pytest.raises(botocore.exceptions.ClientError, match="s3://models/none.tar.gz of .* does not exist"):
        site.api.start_bulk_deployment(
            InputFileUri="s3://models/none.tar.gz", ExecutionRoleArn="arn:aws:iam::123456789012:role/bulk"
        )


def test_a_groups_credentials_are_of_the_upstreams_sts(site):
    role = site.there.boto("iam").create_role(
        RoleName="group", AssumeRolePolicyDocument=json.dumps(ROLE_POLICY)
    )["Role"]["Arn"]  # fmt: skip
    site.api.associate_role_to_group(GroupId=site.group.id, RoleArn=role)
    arn = site.api.get_group(GroupId=site.group.id)["Arn"]
    site.api.tag_resource(ResourceArn=arn, tags={"evergrass:credentials": "sts"})
    site.all_of_it().start_deployment()
    status, told = site.ask_as_core("GET", "credentials")
    assert status == 200, told
    given = told["credentials"]
    session = boto3.session.Session(
        given["accessKeyId"], given["secretAccessKey"], given["sessionToken"], region_name="us-east-1"
    )
    who = session.client("sts", endpoint_url=site.there.api_http).get_caller_identity()
    assert who["Arn"].endswith("assumed-role/group/core")


def test_a_cores_logs_are_sent_on(site):
    now = int(time.time() * 1000)
    group, stream = "/aws/greengrass/GreengrassSystem/runtime", "2026/11/27/123456789012/core"
    for text in ("one", "two"):
        events = [{"timestamp": now, "message": text}]
        status, told = site.ask_as_core(
            "POST", "logs", {"logs": [{"group": group, "stream": stream, "events": events}]}
        )
        assert status == 200, told
    read = site.there.boto("logs").get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    assert [event["message"] for event in read["events"]] == ["one", "two"]


def test_an_endpoint_that_is_away_deploys_nothing_and_says_so(site):
    site.all_of_it()
    before = site.api.list_deployments(GroupId=site.group.id)["Deployments"]
    assert site.aws.process.stop() == 0
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        site.group.start_deployment()
    told = refused.value.response
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert f"lambda at {site.there.api} cannot be asked" in told["Error"]["Message"]
    assert site.api.list_deployments(GroupId=site.group.id)["Deployments"] == before
