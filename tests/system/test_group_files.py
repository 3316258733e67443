"""A whole group as one file: out of a service, changed, into it, into another, and to a core alone."""

import json
import shutil
import socket

import pytest

from harness import isolation, processes
from harness.cloud import Cloud
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions
from harness.processes import BIN, Process

ECHO = """
import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    client.publish(topic="echo/out", payload="%s")
"""


def evergrass(*arguments, endpoints=None, status=0):
    """What it prints; with the keys of a service as the AWS CLI takes them."""
    env = None
    if endpoints:
        arguments = (*arguments, "--endpoint", endpoints.api, "--ca-file", endpoints.ca_file)
        env = endpoints.env()
    done = processes.run(BIN / "evergrass", *arguments, env=env, check=False)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if status == 0 else done.stdout + done.stderr


class Site:
    """A service with a group that boto3 made, deployed on its core."""

    def __init__(self, folder):
        self.folder = folder
        self.cloud = Cloud(folder / "cloud").start()
        self.endpoints = self.cloud.endpoints
        keys = folder / "keys"
        core = new_thing(self.endpoints, keys, "pump-core")
        self.sensor = new_thing(self.endpoints, keys, "pump")
        self.display = new_thing(self.endpoints, keys, "display")
        echo = publish_function(self.endpoints, "echo", ECHO % "first")
        self.core = Core(folder / "greengrass", self.endpoints, core).start()
        self.group = Group(self.endpoints, "pumps").give(
            cores=[entry(core)],
            devices=[entry(self.sensor), entry(self.display)],
            functions=[function_entry(echo, pinned=True)],
            subscriptions=subscriptions(
                (self.sensor.arn, echo, "echo/in"), (echo, self.display.arn, "echo/out")
            ),
        )
        self.group.deploy()

    def run(self, *arguments, status=0):
        return evergrass("group", *arguments, endpoints=self.endpoints, status=status)

    def deployed(self):
        return json.loads(evergrass("status", "--root", self.core.root, "--json"))

    def state_of(self, function):
        (found,) = (f for f in self.deployed()["functions"] if f":function:{function}:" in f["arn"])
        return found["state"]

    def close(self):
        self.core.stop()
        self.cloud.__exit__(None)

    def answer(self, ca_file):
        """What the function says to the display."""
        display = self.core.connect(self.display, ca_file)
        display.subscribe("echo/out")
        sensor = self.core.connect(self.sensor, ca_file)
        sensor.publish("echo/in", "{}")
        said = display.receive().payload.decode()
        for device in (sensor, display):
            device.close()
        return said


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


def write_code(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").write_text(ECHO % text)


def export(site, folder):
    """group.yaml with its packages, in a folder of its own."""
    folder.mkdir()
    text = site.run("export", "pumps", "--code", folder / "functions")
    file = folder / "group.yaml"
    file.write_text(text.replace(f"{folder}/", ""))
    return file


def test_a_file_is_planned_applied_and_then_there_is_nothing_to_do(site, tmp_path):
    file = export(site, tmp_path / "group")
    assert "thing: pump-core" in file.read_text()
    assert "certificate" not in file.read_text()  # the things tell
    assert site.run("plan", file) == "Nothing to do.\n"

    write_code(tmp_path / "group/echo", "second")
    text = file.read_text().replace("code: functions/echo.zip", "code: echo\n    alias: live")
    file.write_text(text.replace("subject: echo/in", "subject: echo/+"))
    planned = site.run("plan", file, status=1)
    assert "~ functions: echo\n" in planned and "codeSha256: " in planned
    assert "- subscriptions: thing:pump --[echo/in]--> function:echo\n" in planned
    assert "+ subscriptions: thing:pump --[echo/+]--> function:echo\n" in planned
    assert site.run("plan", file, status=1) == planned  # it changed nothing

    said = site.run("apply", file, "--wait")
    assert "deployment: Success" in said
    functions = [one["arn"] for one in site.deployed()["functions"]]
    assert any(arn.endswith(":function:echo:2") for arn in functions), functions
    assert site.answer(site.group.write_ca(tmp_path / "ca.pem")) == "second"

    assert site.run("apply", file, "--wait") == "Nothing to do.\n"
    assert json.loads(site.run("plan", file, "--json"))["changes"] == []
    versions = site.endpoints.boto("lambda").list_versions_by_function(FunctionName="echo")
    assert len(versions["Versions"]) == 3  # $LATEST, 1, 2


def test_a_second_service_gets_the_same_group(site, tmp_path):
    file = export(site, tmp_path / "group")
    with Cloud(tmp_path / "other") as other:
        endpoints = other.endpoints
        evergrass("group", "apply", file, "--no-deploy", endpoints=endpoints)
        again = evergrass("group", "export", "pumps", "--code", tmp_path / "again", endpoints=endpoints)
        original = file.read_text().replace("functions/echo", f"{tmp_path}/again/echo")
        assert again == original
        key = tmp_path / "group/certificates/pump.private.key"
        assert key.stat().st_mode & 0o777 == 0o600

        # What the file no longer names stays, unless it is to be pruned.
        lines = file.read_text().splitlines(keepends=True)
        gone = ("  - thing: pump\n", "  - {from: thing:pump,")
        file.write_text("".join(line for line in lines if not line.startswith(gone)))
        planned = evergrass("group", "plan", file, "--prune", "--no-deploy", endpoints=endpoints, status=1)
        assert "- devices: pump\n    and the thing itself, with its certificates\n" in planned
        certificates = tmp_path / "group/certificates"
        certificates.rename(tmp_path / "group/kept")
        evergrass("group", "apply", file, "--prune", "--no-deploy", endpoints=endpoints)
        names = [t["thingName"] for t in endpoints.boto("iot").list_things()["things"]]
        assert sorted(names) == ["display", "pump-core"]
        assert len(endpoints.boto("iot").list_certificates()["certificates"]) == 2
        # And back.
        evergrass("group", "apply", file.parent / "group.before-prune.yaml", "--no-deploy", endpoints=endpoints)
        assert len(endpoints.boto("iot").list_things()["things"]) == 3


def deploy(site, file, *arguments, status=0):
    return evergrass("deploy", file, "--core", site.core.root, *arguments, status=status)


def test_a_file_deploys_without_a_service_and_a_bundle_too(site, tmp_path):
    folder = tmp_path / "group"
    folder.mkdir()
    write_code(folder / "echo", "by hand")
    for thing in (site.sensor, site.display):
        (folder / "certificates").mkdir(exist_ok=True)
        shutil.copy(thing.cert, folder / "certificates")
    text = f"""
format: evergrass-group-1
group: pumps
core: {{thing: pump-core}}
devices: [{{thing: pump}}, {{thing: display}}]
functions:
  - name: echo
    code: echo
    runtime: python3.7
    handler: main.handler
    pinned: true
    timeoutSeconds: 60
{isolation.group_file_lines()}subscriptions:
  - {{from: thing:pump, subject: echo/in, to: function:echo}}
  - {{from: function:echo, subject: echo/out, to: thing:display}}
"""
    file = folder / "group.yaml"
    file.write_text(text)
    ca = tmp_path / "ca.pem"
    bundle = tmp_path / "pumps.bundle"
    at_service = ("bundle", file, "-o", bundle, "--data", site.cloud.data)
    evergrass(*at_service, endpoints=site.endpoints)

    site.cloud.kill()
    try:
        assert "The core runs deployment" in deploy(site, file, "--group-ca", ca)
        assert site.answer(ca) == "by hand"
        assert "Nothing to do" in deploy(site, file)

        # What cannot come up is rolled back.
        running = site.deployed()["deploymentId"]
        write_code(folder / "echo", "broken")
        (folder / "echo/main.py").write_text("raise RuntimeError('no')\n")
        failed = deploy(site, file, status=1)
        assert "the core runs what it ran before" in failed and "echo" in failed
        assert site.deployed()["deploymentId"] == running

        # The bundle was made before that.
        assert "before the deployment that runs" in deploy(site, bundle, status=2)
        assert site.deployed()["deploymentId"] == running
    finally:
        site.cloud.start()

    write_code(folder / "echo", "by bundle")
    made = json.loads(evergrass(*at_service, "--json", endpoints=site.endpoints))
    for other, why in damaged(bundle.read_bytes(), tmp_path / "damaged").items():
        assert why in deploy(site, other, status=2)
    assert site.deployed()["deploymentId"] == running
    assert "The core runs deployment " + made["deploymentId"] in deploy(site, bundle)
    assert site.answer(site.group.write_ca(tmp_path / "ca.pem")) == "by bundle"
    assert "nobody signed" in deploy(site, unsigned(bundle, tmp_path / "unsigned"), status=2)

    # It is the core's own after a restart, and the service's next deployment takes its place.
    site.core.stop()
    site.core.start()
    assert site.deployed()["deploymentId"] == made["deploymentId"]
    service_s = site.group.deploy()
    assert site.deployed()["deploymentId"] == service_s


SLOW = """
import socket

socket.create_connection(("127.0.0.1", PORT)).recv(1)  # until the other end is closed


def handler(event, context):
    return event
"""


def test_each_step_is_told_when_it_begins(site, tmp_path):
    """While a function comes up, which takes until this test lets it, by hand and by the service."""
    file = tmp_path / "group.yaml"
    file.write_text(f"""
format: evergrass-group-1
group: pumps
core: {{thing: pump-core}}
functions:
  - name: slow
    code: slow
    runtime: python3.7
    handler: main.handler
    alias: live
    pinned: true
    timeoutSeconds: 60
{isolation.group_file_lines()}""")
    at_service = ("--endpoint", site.endpoints.api, "--ca-file", site.endpoints.ca_file)
    with socket.create_server(("127.0.0.1", 0)) as server:
        write_code(tmp_path / "slow", "")
        (tmp_path / "slow/main.py").write_text(SLOW.replace("PORT", str(server.getsockname()[1])))
        with Process(BIN / "evergrass", "deploy", file, "--core", site.core.root) as deploying:
            coming_up, _ = server.accept()
            deploying.wait_for_line("waiting for the function slow")
            assert site.state_of("slow") == "Starting"
            coming_up.close()
            deploying.wait_for_line("the function slow: ")
            assert deploying.wait() == 0, deploying

        applying = Process(
            BIN / "evergrass", "group", "apply", file, "--wait", "--json", *at_service, env=site.endpoints.env()
        )
        with applying:
            coming_up, _ = server.accept()
            applying.wait_for_line('"event":"step","text":"deployment: InProgress"')
            assert site.state_of("slow") == "Starting"
            coming_up.close()
            assert applying.wait() == 0, applying
        lines = [json.loads(line) for line in applying.lines]
        assert lines[0]["event"] == "plan" and lines[0]["deploys"] and lines[0]["unknownValues"] == []
        assert {line["event"] for line in lines[1:-1]} == {"step"}
        assert lines[-1] == {"event": "end", "deploymentId": site.deployed()["deploymentId"]}


READER = """
import greengrasssdk

secrets = greengrasssdk.client("secretsmanager")


def handler(event, context):
    value = secrets.get_secret_value(SecretId=event["secret"])["SecretString"]
    try:
        with open("/net/weights") as model:
            return {"secret": value, "model": model.read()}
    except OSError:
        return {"secret": value}
"""


def write_reader(folder):
    (folder / "reader").mkdir(parents=True, exist_ok=True)
    (folder / "reader/main.py").write_text(READER)


def file_with_values(site, folder, more=""):
    """A function that reads a secret whose value is in a file, and a model where one can be had."""
    write_reader(folder)
    (folder / "net").mkdir()
    (folder / "net/weights").write_text("1 2 3")
    model = isolation.available()
    file = folder / "group.yaml"
    file.write_text(f"""
format: evergrass-group-1
group: pumps
core: {{thing: pump-core}}
functions:
  - name: reader
    code: reader
    runtime: python3.7
    handler: main.handler
    pinned: true
    timeoutSeconds: 60
    resources: {{db: ro{", net: ro" if model else ""}{", key: ro" if more else ""}}}
{isolation.group_file_lines()}resources:
  - {{id: db, secret: {{name: pump-db, valueFrom: "file:db.txt"}}}}
{"  - {id: net, model: {path: net, destination: /net}}" if model else ""}
{more}
""")
    expected = {"model": "1 2 3"} if model else {}
    return file, lambda value: {"secret": value, **expected}


def put_value(folder, text):
    (folder / "db.txt").write_text(text)
    (folder / "db.txt").chmod(0o600)


def read_at(site, secret="pump-db"):
    asked = json.dumps({"secret": secret})
    return json.loads(evergrass("invoke", "reader", "--payload", asked, "--root", site.core.root))


def files_with(root, text):
    """Where it lies in clear."""
    return [p for p in root.rglob("*") if p.is_file() and not p.is_symlink() and text.encode() in p.read_bytes()]


def test_secrets_and_models_go_along_without_a_service_and_undo_brings_back(site, tmp_path):
    file, answer = file_with_values(site, tmp_path / "group")
    put_value(file.parent, "first-value")
    lines = [json.loads(line) for line in deploy(site, file, "--json").splitlines()]
    assert (lines[-1]["event"], lines[-1]["status"]) == ("end", "Success")
    steps = [line["text"] for line in lines[:-1]]
    assert "1 secret sealed for the core" in steps[0] and "unpacking" in steps, steps
    assert read_at(site) == answer("first-value")
    assert files_with(site.core.root, "first-value") == []

    assert "Nothing to do" in deploy(site, file)  # though it is sealed anew
    first = site.deployed()["deploymentId"]
    assert first == lines[-1]["deploymentId"]

    put_value(file.parent, "second-value")
    deploy(site, file)
    assert read_at(site) == answer("second-value")

    # The way back, over one that fails.
    (file.parent / "reader/main.py").write_text("raise RuntimeError('no')\n")
    end = json.loads(deploy(site, file, "--json", status=1).splitlines()[-1])
    assert (end["event"], end["status"]) == ("end", "Failure") and "reader" in end["errorMessage"], end
    said = evergrass("deploy", "--undo", "--core", site.core.root)
    assert f"The core runs deployment {first} of pumps again" in said
    assert read_at(site) == answer("first-value")
    site.core.stop()
    site.core.start()
    assert read_at(site) == answer("first-value")
    evergrass("deploy", "--undo", "--core", site.core.root)
    assert read_at(site) == answer("second-value")

    # Sealed for another certificate, which config.json of another folder names.
    config = json.loads((site.core.root / "config/config.json").read_text())
    config["crypto"]["principals"]["IoTCertificate"]["certificatePath"] = f"file://{site.sensor.cert}"
    (tmp_path / "other/config").mkdir(parents=True)
    (tmp_path / "other/config/config.json").write_text(json.dumps(config))
    write_reader(file.parent)
    put_value(file.parent, "third-value")
    socket = site.core.root / "ggc/var/run/admin.sock"
    failed = evergrass("deploy", file, "--core", tmp_path / "other", "--socket", socket, status=1)
    assert "the group's secrets cannot be opened" in failed
    assert read_at(site) == answer("second-value")

    (file.parent / "db.txt").chmod(0o644)
    assert "chmod 600" in deploy(site, file, status=2)
    assert "leave FILE out" in evergrass("deploy", file, "--undo", "--core", site.core.root, status=2)


def test_secrets_and_models_go_to_the_service_and_into_bundles(site, tmp_path):
    secrets = site.endpoints.boto("secretsmanager")
    secrets.create_secret(Name="api-key", SecretString="of the service")
    file, answer = file_with_values(site, tmp_path / "group", "  - {id: key, secret: {name: api-key}}")
    put_value(file.parent, "of the file")

    planned = site.run("plan", file, status=1)
    assert "+ secrets: pump-db\n" in planned and "of the file" not in planned
    said = site.run("apply", file, "--wait")
    assert "made the secret pump-db" in said and "deployment: Success" in said
    assert read_at(site) == answer("of the file")
    assert read_at(site, "api-key") == answer("of the service")
    assert site.run("apply", file, "--wait") == "Nothing to do.\n"

    put_value(file.parent, "of the file, newer")
    planned = site.run("plan", file, status=1)
    assert "~ secrets: pump-db\n    value: another one than the service has\n" == planned
    site.run("apply", file, "--wait")
    assert read_at(site) == answer("of the file, newer")
    assert secrets.get_secret_value(SecretId="pump-db")["SecretString"] == "of the file, newer"

    exported = site.run("export", "pumps", "--code", tmp_path / "exported")
    if "model" in answer(""):
        assert f"path: {tmp_path}/exported/net.zip" in exported
        (tmp_path / "exported.yaml").write_text(exported)
        assert site.run("plan", tmp_path / "exported.yaml") == "Nothing to do.\n"

    put_value(file.parent, "of the bundle")
    bundle = tmp_path / "pumps.bundle"
    made = evergrass("bundle", file, "-o", bundle, "--data", site.cloud.data, endpoints=site.endpoints)
    assert "2 secrets" in made
    assert b"of the bundle" not in bundle.read_bytes() and b"of the service" not in bundle.read_bytes()
    assert "The core runs deployment" in deploy(site, bundle)
    assert read_at(site) == answer("of the bundle")
    assert read_at(site, "api-key") == answer("of the service")
    assert "Nothing to do" in deploy(site, bundle)
    assert "this core's own store has the secret 'api-key'" in deploy(site, file, status=2)


def damaged(whole, folder):
    """Bundles by what the core says of them."""
    head, code = whole.index(b"\n"), whole.index(b"PK\x03\x04")

    def flipped(at):
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]

    folder.mkdir()
    made = {}
    for name, content, why in (
        ("cut", whole[:-5], "is cut"),
        ("flipped-head", flipped(head + 100), ""),
        ("flipped-code", flipped(code + 40), "is not what its SHA-256 says"),
        ("other-key", signed_by_another(whole), "not signed with the key that this core trusts"),
    ):
        (folder / name).write_bytes(content)
        made[folder / name] = why
    return made


def signed_by_another(whole):
    first, head, rest = whole.split(b"\n", 2)
    members = json.loads(head)
    members.update(signature="A" * 86 + "==", keyId="0" * 64)
    return b"\n".join([first, json.dumps(members).encode(), rest])


def unsigned(bundle, other):
    """The bundle with its signature taken off."""
    first, head, rest = bundle.read_bytes().split(b"\n", 2)
    members = json.loads(head)
    members.update(signature="A" * 86 + "==", keyId="unsigned")
    other.write_bytes(b"\n".join([first, json.dumps(members).encode(), rest]))
    return other
