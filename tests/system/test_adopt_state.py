"""What a V1 core has besides its group comes over too: shadows, secrets, a model, streams (docs/rescue.md)."""

import json
import os
import shutil
import sqlite3
import termios
from pathlib import Path

import pytest

from harness import core as ours
from harness import isolation, mqtt, old_core, processes, waiting
from harness.old_core import OldCore, arn, without_synthesised
from harness.processes import BIN, Process

EVERGRASS = BIN / "evergrass"
INSECURE = ours.start_options()
SECRET = arn("secretsmanager", "secret:meter-AbCdEf")
MODEL = "net"
FOLDER = "0a1b2c3d-0000-4000-8000-0000000000e1"  # no resource has its name
STATE = {"desired": {"open": True}, "reported": {"open": False, "bar": 7}}
CODE = """
import json, os
import greengrasssdk

secrets = greengrasssdk.client('secretsmanager')
data = greengrasssdk.client('iot-data')


def handler(event, context):
    if 'secret' in event:
        return secrets.get_secret_value(SecretId=event['secret'])['SecretString']
    if 'shadow' in event:
        return json.loads(data.get_thing_shadow(thingName=event['shadow'])['payload'])
    if 'read' in event:
        return open(event['read']).read()
    data.publish(topic='pump/state', payload='seen')
"""

pytestmark = pytest.mark.skipif(
    not isolation.available(), reason="functions get models in containers alone"
)


class RichCore(OldCore):
    def group_json(self):
        group = super().group_json()
        definitions = group["GroupDefinitions"]
        definitions["Resources"]["Content"] = [
            {"Id": MODEL, "Type": "S3_MACHINE_LEARNING_MODEL", "Data": {
                "type": "S3MachineLearningModelResourceData", "S3Uri": "s3://models/net.tar.gz",
                "DestinationPath": "/net"}},
            {"Id": "meter", "Type": "SECRETS_MANAGER_SECRET", "Data": {
                "type": "SecretsManagerSecretResourceData", "ARN": SECRET,
                "AdditionalStagingLabelsToDownload": []}},
        ]  # fmt: skip
        function = definitions["Lambdas"]["Content"][0]["DeploymentConfiguration"]
        function["Environment"]["ResourceAccessPolicies"] = [
            {"ResourceId": MODEL, "Permission": "ro"}, {"ResourceId": "meter", "Permission": "ro"}
        ]  # fmt: skip
        return group

    def _write(self):
        super()._write()
        self._put(f"ggc/deployment/lambda/{self.function}/main.py", CODE)
        self._put(f"ggc/deployment/mlmodel/{FOLDER}/weights/net.bin", "weights of the net")
        self._put("ggc/var/state/stream_manager/Pumps/0.log", "a stream in some form")
        shadows = self._put("ggc/var/state/some/store", "")
        shadows.unlink()
        with sqlite3.connect(shadows) as store:
            store.execute("CREATE TABLE documents(thing TEXT, document TEXT)")
            store.execute(
                "INSERT INTO documents VALUES('Valve1', ?)",
                (json.dumps({"state": STATE, "version": 41}),),
            )
        store.close()

    @property
    def new_root(self):
        return Path(f"{self.root}.evergrass/root")

    def invoke(self, **event):
        done = processes.run(
            EVERGRASS, "invoke", "pump-control", "--payload", json.dumps(event), "--root", self.new_root
        )  # fmt: skip
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with old_core.new_service(tmp_path_factory.mktemp("service")) as running:
        running.endpoints  # writes the file
        yield running


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    made = RichCore(tmp_path_factory.mktemp("old"))
    yield made
    for pid in processes.descendants():
        if str(made.folder) in processes.command_line(pid):
            processes.kill(pid)
    if made.old_runs():
        processes.kill(int(made.pids.read_text()))


def adopt(cloud, old, *arguments, check=True):
    return processes.run(
        EVERGRASS, "adopt", "--endpoints", cloud.folder / "endpoints.json", "--root", old.root,
        *arguments, check=check,
    )  # fmt: skip


def test_a_look_tells_what_comes_over_and_what_nobody_knows(old):
    before = old.digest()
    said = processes.run(EVERGRASS, "adopt", "--root", old.root, "--dry-run").stdout
    assert "1 unpacked model" in said and "1 stream in" in said and "1 local shadow" in said
    assert f"model of resource net: s3://models/net.tar.gz, from {old.root}" in said
    assert "the value of secret meter: give --secret" in said
    assert "what the streams in " in said and "form is not published" in said
    told = json.loads(processes.run(EVERGRASS, "adopt", "--root", old.root, "--dry-run", "--json").stdout)
    assert told["models"] == [{
        "path": str(old.root / "ggc/deployment/mlmodel" / FOLDER), "resource": MODEL,
        "object": "s3://models/net.tar.gz",
    }]  # fmt: skip
    assert told["missingSecrets"] == [SECRET] and old.digest() == before


def test_a_secrets_value_is_asked_for_and_a_model_becomes_an_object(cloud, old):
    ours_end, its_end = os.openpty()
    command = [EVERGRASS, "adopt", "--endpoints", cloud.folder / "endpoints.json", "--root", old.root]
    asked = Process(*command, stdin=its_end)
    os.close(its_end)
    waiting.until(  # what was typed before the question is thrown away
        lambda: f"it asks without an echo: {asked}",
        lambda: not asked.running() or not termios.tcgetattr(ours_end)[3] & termios.ECHO,
    )  # fmt: skip
    os.write(ours_end, b"what the meter is told\n")
    assert asked.wait() == 0, asked
    os.close(ours_end)
    assert f"Value of secret {SECRET}" in str(asked) and "meter is told" not in str(asked)
    value = cloud.endpoints.boto("secretsmanager").get_secret_value(SecretId=SECRET)
    assert value["SecretString"] == "what the meter is told"
    put = cloud.endpoints.aws("s3api", "head-object", "--bucket", "models", "--key", "net.tar.gz")
    assert put["ContentLength"] > 0


def test_a_local_shadow_is_at_the_service_once_and_what_changed_there_stays(cloud, old):
    adopt(cloud, old)
    data = cloud.endpoints.boto("iot-data")
    shadow = lambda: json.loads(data.get_thing_shadow(thingName="Valve1")["payload"].read())  # noqa: E731
    made = shadow()
    assert {part: made["state"][part] for part in STATE} == STATE
    told = json.loads(adopt(cloud, old, "--json").stdout)
    assert told["shadowsMade"] == 0 and shadow()["version"] == made["version"]


@pytest.fixture(scope="module")
def switched(cloud, old):
    """Our core in the old one's place; what was said, and the tree's digest before."""
    old.greengrassd("start")
    before = old.digest()
    over = Process(
        EVERGRASS, "adopt", "--endpoints", cloud.folder / "endpoints.json", "--root", old.root,
        "--switch", "--messages-within", "600", "--messages-on", "all", *INSECURE,
    )  # fmt: skip
    over.wait_for_line("the core answers and its functions run")
    yield over, before
    over.stop(9)


def test_each_subscription_is_seen_before_the_takeover_is_done(cloud, old, switched):
    over, _ = switched
    told = processes.run(EVERGRASS, "status", "--subscriptions", "--json", "--root", old.new_root)
    counts = lambda text: [s["messages"] for s in json.loads(text)["subscriptions"]]  # noqa: E731
    assert counts(told.stdout) == [0, 0] and over.running()
    bundle = old.folder / "bundle"
    processes.run(
        EVERGRASS, "device", "bundle", "Valve1", "--endpoints", cloud.folder / "endpoints.json",
        "--out", bundle,
    )  # fmt: skip
    device = old.devices["Valve1"]
    valve = mqtt.Device(
        f"127.0.0.1:{old.mqtt_port}", "Valve1", bundle / "group-ca.pem", device.cert, device.key,
        check_name=False,
    )  # fmt: skip
    valve.subscribe("pump/state")
    old.invoke()  # it publishes, which is the second subscription's; the first is still quiet
    assert valve.messages.get(timeout=waiting.HANG).payload == b"seen"
    told = processes.run(EVERGRASS, "status", "--subscriptions", "--json", "--root", old.new_root)
    assert counts(told.stdout) == [0, 1] and over.running()
    valve.publish("pump/order", b"{}")
    assert valve.messages.get(timeout=waiting.HANG).payload == b"seen"
    valve.close()
    over.wait_for_line("ok: all 2 subscriptions have carried messages")
    assert over.wait() == 0, over
    told = processes.run(EVERGRASS, "status", "--subscriptions", "--root", old.new_root).stdout
    assert "1\t'1'  thing:Valve1 --[pump/order]--> function:pump-control" in told
    why = processes.run(
        EVERGRASS, "why", "--from", "thing:Valve1", "--topic", "pump/order", "--root", old.new_root
    ).stdout  # fmt: skip
    assert "1 message since the core started" in why


def test_the_function_has_secret_model_and_shadow_as_before(old, switched):
    assert old.invoke(secret="meter") == "what the meter is told"
    assert old.invoke(read="/net/weights/net.bin") == "weights of the net"
    shadow = old.invoke(shadow="Valve1")
    assert shadow["state"]["desired"] == STATE["desired"]
    assert shadow["state"]["reported"] == STATE["reported"]


def test_streams_lie_unread_beside_our_core(old, switched):
    copy = old.new_root / "ggc/var/state/stream_manager/Pumps/0.log"
    assert copy.read_text() == "a stream in some form"


def test_exported_and_deployed_again_the_group_is_the_old_one(cloud, old, switched):
    """All of group.json, with resources, but for the fields that docs/rescue.md lists."""
    service = ("--endpoint", cloud.endpoints.api, "--ca-file", cloud.endpoints.ca_file, "--region", old_core.REGION)
    keys = cloud.endpoints.env()
    exported = processes.run(EVERGRASS, "group", "export", "Pump7", *service, env=keys)
    file = old.folder / "group.yaml"
    file.write_text(exported.stdout)
    processes.run(EVERGRASS, "group", "apply", file, "--no-deploy", *service, env=keys)
    greengrass = cloud.endpoints.boto("greengrass")
    newest = greengrass.get_group(GroupId=old.group)["LatestVersion"]
    deployment = greengrass.create_deployment(
        GroupId=old.group, GroupVersionId=newest, DeploymentType="NewDeployment"
    )["DeploymentId"]
    waiting.until(
        "the deployment is applied",
        lambda: greengrass.get_deployment_status(GroupId=old.group, DeploymentId=deployment)["DeploymentStatus"]
        == "Success",
    )
    new = json.loads((old.new_root / "ggc/deployment/group/group.json").read_text())
    had = json.loads((old.root / "ggc/deployment/group/group.json").read_text())
    assert deployment in new["GroupDefinitions"]["Lambdas"]["Content"][0]["ArtifactArn"]
    assert without_synthesised(new) == without_synthesised(had)
    assert new["GroupDefinitions"]["Resources"] == had["GroupDefinitions"]["Resources"]


def test_undo_leaves_the_old_tree_byte_for_byte(old, switched):
    said = processes.run(EVERGRASS, "adopt", "--root", old.root, "--undo").stdout
    assert "The old core runs again." in said
    assert old.old_runs() and old.digest() == switched[1]


def test_quiet_subscriptions_are_named_and_bring_the_old_core_back_if_that_is_asked_for(cloud, old, switched):
    if not old.old_is_in_place:  # this test was asked for alone
        switched[0].stop(9)
        processes.run(EVERGRASS, "adopt", "--root", old.root, "--undo")
    before = old.digest()
    said = adopt(
        cloud, old, "--switch", "--messages-within", "1", "--messages-on", "all",
        "--may-be-quiet", "1", *INSECURE, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "not so: 2 of 2 subscriptions have carried no message" in said.stdout
    assert "'2'  function:pump-control:7 --[pump/state]--> thing:Valve1\n" in said.stdout
    assert "(may be quiet)" in said.stdout and "Going back to the old core." in said.stdout
    assert "--messages-on all" in said.stderr
    assert old.old_runs() and old.digest() == before
    shutil.rmtree(f"{old.root}.evergrass")
