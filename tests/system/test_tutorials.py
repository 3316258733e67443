"""The V1 guide's tutorials beyond modules 1 to 4, typed with Debian's aws: secrets, models, local resources, logs,
tags, bulk deployments, reset; and those that are refused, with the reason. One service, one core."""

import io
import json
import tarfile
import zipfile

import pytest

from harness import isolation, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN

EVERGRASS = BIN / "evergrass"
LABELS = ["AWSPREVIOUS"]
FUNCTION = """
import json, logging, os
import greengrasssdk

secrets = greengrasssdk.client('secretsmanager')


def handler(event, context):
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger().info('asked for %s', json.dumps(event))
    if 'read' in event:
        return open(event['read']).read()
    if 'list' in event:
        return sorted(os.listdir(event['list']))
    try:
        secret = secrets.get_secret_value(**event)
    except Exception as e:
        return {'error': str(e)}
    return {'text': secret.get('SecretString'), 'stages': secret['VersionStages'], 'version': secret['VersionId']}
"""


def secret_resource(arn):
    data = {"ARN": arn, "AdditionalStagingLabelsToDownload": LABELS}
    return {"Id": "db", "Name": "db", "ResourceDataContainer": {"SecretsManagerSecretResourceData": data}}


def model_resource(uri, name="model"):
    data = {"S3Uri": uri, "DestinationPath": f"/{name}"}
    return {"Id": name, "Name": name, "ResourceDataContainer": {"S3MachineLearningModelResourceData": data}}


def archive(**files):
    """The bytes of a .tar.gz; model__labels is the file model/labels."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as out:
        for name, text in files.items():
            entered = tarfile.TarInfo(name.replace("__", "/"))
            entered.size = len(text)
            out.addfile(entered, io.BytesIO(text.encode()))
    return data.getvalue()


class Site:
    def __init__(self, service, folder):
        self.folder = folder
        self.endpoints = service.endpoints
        self.aws = self.endpoints.aws
        self.thing = new_thing(self.endpoints, folder / "keys", "core")
        self.core = Core(folder / "greengrass", self.endpoints, self.thing)
        self.function = publish_function(self.endpoints, "tutorial", FUNCTION)
        self.core.start()
        self.group = Group(self.endpoints, "tutorial")
        self.loggers = []

    def give(self, *resources):
        entered = function_entry(self.function, pinned=True)
        policies = [{"ResourceId": one["Id"], "Permission": "ro"} for one in resources]
        entered["FunctionConfiguration"]["Environment"]["ResourceAccessPolicies"] = policies
        self.group.give(cores=[entry(self.thing)], resources=list(resources), functions=[entered])
        return self.group

    def invoke(self, **event):
        done = processes.run(
            EVERGRASS, "invoke", "tutorial", "--payload", json.dumps(event), "--root", self.core.root
        )
        return json.loads(done.stdout)

    def refusal(self, *resources):
        status = self.group.outcome(self.give(*resources).start_deployment())
        assert status["DeploymentStatus"] == "Failure", status
        return status["ErrorMessage"]


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service, tmp_path_factory.mktemp("tutorials"))
    with made.core:
        yield made
        made.core.stop()


@pytest.fixture(scope="module")
def secret(site):
    """The tutorial's first step; the ARN."""
    return site.aws("secretsmanager", "create-secret", "--name", "greengrass-db", "--secret-string", "first-value")["ARN"]


# Secrets


def test_a_secret_comes_with_the_deployment_and_a_changed_one_with_the_next(site, secret):
    site.aws("secretsmanager", "put-secret-value", "--secret-id", secret, "--secret-string", "second-value")
    site.give(secret_resource(secret)).deploy()
    read = site.invoke(SecretId="greengrass-db")
    assert read["text"] == "second-value" and read["stages"] == ["AWSCURRENT"]
    assert site.invoke(SecretId=secret, VersionStage="AWSPREVIOUS")["text"] == "first-value"
    site.aws("secretsmanager", "put-secret-value", "--secret-id", secret, "--secret-string", "third-value")
    assert site.invoke(SecretId="greengrass-db")["text"] == "second-value"
    site.group.deploy()
    assert site.invoke(SecretId="greengrass-db")["text"] == "third-value"


def test_a_deployed_secret_is_on_no_disk_in_the_clear_and_outlives_a_restart(site, secret):
    found = [
        path for path in site.core.root.rglob("*")
        if path.is_file() and not path.is_symlink() and b"third-value" in path.read_bytes()
    ]  # fmt: skip
    assert found == []
    assert not (site.core.root / "ggc/var/state/secrets").exists()
    site.core.daemon("restart")
    assert site.invoke(SecretId="greengrass-db")["text"] == "third-value"


def test_a_secret_of_neither_side_fails_the_deployment_until_it_is_put_at_the_core(site, secret):
    unknown = secret[:-6] + "ZzZzZz"
    assert "evergrass secrets put" in site.refusal(secret_resource(unknown))
    root = ("--root", site.core.root)
    put = processes.run(EVERGRASS, "secrets", "put", unknown, "--name", "local", *root, stdin="offline\n")
    assert unknown in put.stdout and "offline" not in put.stdout
    site.give(secret_resource(unknown)).deploy()
    assert site.invoke(SecretId="local")["text"] == "offline"
    processes.run(EVERGRASS, "secrets", "put", unknown, *root, stdin="newer\n")
    listed = json.loads(processes.run(EVERGRASS, "secrets", "list", "--json", *root).stdout)
    assert listed == [{"name": "local", "arn": unknown, "stages": ["AWSCURRENT", "AWSPREVIOUS"]}]
    site.core.daemon("restart")
    assert site.invoke(SecretId="local")["text"] == "newer"
    assert site.invoke(SecretId="local", VersionStage="AWSPREVIOUS")["text"] == "offline"
    processes.run(EVERGRASS, "secrets", "delete", "local", *root)
    gone = processes.run(EVERGRASS, "secrets", "delete", "local", *root, check=False)
    assert gone.returncode == 1 and "no secret 'local'" in gone.stderr


def test_a_secret_without_the_label_or_marked_for_deletion_is_told(site):
    api = site.endpoints.boto("secretsmanager")
    arn = api.create_secret(Name="fresh", SecretString="x")["ARN"]
    assert "no version with the staging label 'AWSPREVIOUS'" in site.refusal(secret_resource(arn))
    api.delete_secret(SecretId=arn)
    assert "marked for deletion" in site.refusal(secret_resource(arn))


# Machine learning


isolated = pytest.mark.skipif(not isolation.available(), reason=f"models need a container: {isolation.probe()}")


@isolated
def test_a_model_of_the_object_store_is_mounted_for_its_function(site):
    file = site.folder / "model.tar.gz"
    file.write_bytes(archive(squeezenet__labels="cat\ndog", squeezenet__params="\0" * 10))
    endpoint = ("--endpoint-url", site.endpoints.api, "--ca-bundle", site.endpoints.ca_file)
    for arguments in (("mb", "s3://models"), ("cp", "--quiet", file, "s3://models/model.tar.gz")):
        processes.run("/usr/bin/aws", "s3", *arguments, *endpoint, env=site.endpoints.env())
    site.give(model_resource("s3://models/model.tar.gz")).deploy()
    assert site.invoke(read="/model/squeezenet/labels") == "cat\ndog"
    # A new archive under the same key comes with the next deployment; a zip does as well.
    s3 = site.endpoints.boto("s3")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        out.writestr("zipped/labels", "bird")
    s3.put_object(Bucket="models", Key="model.tar.gz", Body=archive(squeezenet__labels="fish"))
    s3.put_object(Bucket="models", Key="other.zip", Body=data.getvalue())
    site.give(model_resource("s3://models/model.tar.gz"), model_resource("s3://models/other.zip", "other")).deploy()
    assert site.invoke(read="/model/squeezenet/labels") == "fish"
    assert site.invoke(list="/other/zipped") == ["labels"]
    kept = list((site.core.root / "ggc/deployment/mlmodel").iterdir())
    assert len(kept) == 3  # the former deployment's stays for a roll-back


@isolated
def test_models_that_cannot_be_are_refused_with_the_reason(site):
    missing = site.refusal(model_resource("s3://models/none.zip"))
    assert "refers to a resource 'model' with nonexistent S3 object s3://models/none.zip" in missing
    site.endpoints.boto("s3").put_object(Bucket="models", Key="bad.zip", Body=b"PK no zip")
    assert "resource model" in site.refusal(model_resource("s3://models/bad.zip"))
    site.endpoints.boto("s3").put_object(Bucket="models", Key="out.tar.gz", Body=archive(**{"..__out": "x"}))
    assert "leaves the package" in site.refusal(model_resource("s3://models/out.tar.gz"))
    job = "arn:aws:sagemaker:us-east-1:123456789012:training-job/j"
    data = {"SageMakerJobArn": job, "DestinationPath": "/m"}
    resource = {"Id": "m", "Name": "m", "ResourceDataContainer": {"SageMakerMachineLearningModelResourceData": data}}
    assert "make it an S3 model" in site.refusal(resource)


# Local resources


@isolated
def test_a_local_volume_by_the_cli(site):
    (site.folder / "src").mkdir()
    (site.folder / "src" / "test").write_text("from the host")
    for path in (site.folder, site.folder / "src", site.folder / "src" / "test"):
        path.chmod(0o755)
    version = {
        "Resources": [{
            "Id": "data-volume", "Name": "data-volume",
            "ResourceDataContainer": {"LocalVolumeResourceData": {
                "SourcePath": str(site.folder / "src"), "DestinationPath": "/dest/LRAtest",
                "GroupOwnerSetting": {"AutoAddGroupOwner": True}}},
        }]
    }  # fmt: skip
    made = site.aws("greengrass", "create-resource-definition", "--name", "LRA", "--initial-version", json.dumps(version))
    assert made["LatestVersionArn"]
    site.give(*version["Resources"]).deploy()
    assert site.invoke(read="/dest/LRAtest/test") == "from the host"


# Logs


def test_a_group_with_loggers_for_cloudwatch_sends_its_logs(site):
    loggers = [
        {"Id": name, "Component": name, "Level": "INFO", "Type": "AWSCloudWatch"} for name in ("GreengrassSystem", "Lambda")
    ]
    made = site.aws("greengrass", "create-logger-definition", "--initial-version", json.dumps({"Loggers": loggers}))
    site.group._arns["LoggerDefinitionVersionArn"] = made["LatestVersionArn"]
    site.give().deploy()
    site.invoke(read="/etc/hostname", mark="unmistakable")
    group = "/aws/greengrass/Lambda/us-east-1/123456789012/tutorial"
    logs = site.endpoints.boto("logs")

    def found():
        names = [one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]]
        return group in names and logs.filter_log_events(logGroupName=group, filterPattern="unmistakable")["events"]

    event = waiting.until(lambda: f"the function's line arrives; {site.core.log()[-1000:]}", found)[0]
    day, _, rest = event["logStreamName"].partition("/123456789012/")
    assert len(day.split("/")) == 3 and rest == f"{site.group.id}/core"
    assert "[INFO]" in event["message"] and "asked for" in event["message"]
    told = site.aws(
        "logs", "get-log-events", "--log-group-name", group, "--log-stream-name", event["logStreamName"],
    )  # fmt: skip
    assert any("unmistakable" in one["message"] for one in told["events"])
    names = [one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]]
    assert "/aws/greengrass/GreengrassSystem/runtime" in names


# Tags, bulk deployments, reset, and what is not there


def test_a_group_is_tagged(site):
    arn = site.aws("greengrass", "get-group", "--group-id", site.group.id)["Arn"]
    site.aws("greengrass", "tag-resource", "--resource-arn", arn, "--tags", "Environment=Test,Team=A")
    site.aws("greengrass", "untag-resource", "--resource-arn", arn, "--tag-keys", "Team")
    assert site.aws("greengrass", "list-tags-for-resource", "--resource-arn", arn)["tags"] == {"Environment": "Test"}


def test_a_bulk_deployment_of_a_file_in_a_bucket(site):
    site.give()
    line = {"GroupId": site.group.id, "GroupVersionId": site.group.version, "DeploymentType": "NewDeployment"}
    file = site.folder / "bulk.json"
    file.write_text(json.dumps(line) + "\n")
    site.endpoints.boto("s3").create_bucket(Bucket="fleet")
    site.endpoints.boto("s3").upload_file(str(file), "fleet", "bulk.json")
    role = site.aws(
        "iam", "create-role", "--role-name", "bulk", "--assume-role-policy-document",
        json.dumps({"Version": "2012-10-17", "Statement": []}),
    )["Role"]["Arn"]  # fmt: skip
    begun = site.aws(
        "greengrass", "start-bulk-deployment", "--input-file-uri", "s3://fleet/bulk.json", "--execution-role-arn", role,
    )["BulkDeploymentId"]  # fmt: skip
    api = site.endpoints.boto("greengrass")

    def reported():
        reports = api.list_bulk_deployment_detailed_reports(BulkDeploymentId=begun)["Deployments"]
        return [one["DeploymentStatus"] for one in reports] == ["Success"]

    waiting.until(lambda: f"the bulk deployment is done: {api.get_bulk_deployment_status(BulkDeploymentId=begun)}", reported)


def test_a_connector_is_refused_with_the_reason(site):
    connector = {"Connectors": [{"Id": "c", "ConnectorArn": "arn:aws:greengrass:us-east-1::/connectors/SNS/versions/1"}]}
    made = site.aws("greengrass", "create-connector-definition", "--initial-version", json.dumps(connector))
    arns = {**site.group._arns, "ConnectorDefinitionVersionArn": made["LatestVersionArn"]}
    api = site.endpoints.boto("greengrass")
    version = api.create_group_version(GroupId=site.group.id, **arns)["Version"]
    deployment = api.create_deployment(GroupId=site.group.id, GroupVersionId=version, DeploymentType="NewDeployment")
    assert "does not deploy" in site.group.status(deployment["DeploymentId"])["ErrorMessage"]


def test_a_reset_by_the_cli_removes_what_was_deployed(site):
    site.aws("greengrass", "reset-deployments", "--group-id", site.group.id)
    waiting.until(
        lambda: f"the core is reset: {site.core.log()[-1000:]}",
        lambda: not (site.core.root / "ggc/deployment/lambda").exists(),
    )
