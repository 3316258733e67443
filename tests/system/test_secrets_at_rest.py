"""Where the values of a group's secrets are, and are not: a core that writes outside its read-only folder; new
values without a deployment; damage to what is kept."""

import base64
import http.client
import json
import os
import resource
import ssl
import stat
import subprocess

import pytest

from harness import processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN

EVERGRASS = BIN / "evergrass"
READER = """
import greengrasssdk

secrets = greengrasssdk.client('secretsmanager')


def handler(event, context):
    try:
        return secrets.get_secret_value(**event)['SecretString']
    except Exception as e:
        return 'error: ' + str(e)
"""
FIRST = "first-value-that-nobody-finds"
SECOND = "second-value-that-nobody-finds"
OLD = "former-value-that-nobody-finds"


def as_base64(text):
    """The base64 of the text at each of three places, without what its neighbours change."""
    return [base64.b64encode(b"x" * shift + text.encode())[4:-4] for shift in range(3)]


def files_below(*folders):
    for folder in folders:
        for directory, _, names in os.walk(folder):
            yield from (os.path.join(directory, name) for name in names)


class ReadOnlyRoot(Core):
    """Its folder is mounted read-only; what it writes is elsewhere (writeDirectory)."""

    def __init__(self, folder, endpoints, thing):
        super().__init__(folder / "greengrass", endpoints, thing)
        self.written = folder / "written"
        self.written.mkdir()
        self.config["writeDirectory"] = str(self.written)
        self.config["pidFileDirectory"] = str(self.written)
        self.config["secrets"] = {"refreshSeconds": 1}
        self.write_config()
        os.chmod(self.root / "config/config.json", 0o600)
        os.chmod(self.root / "certs" / thing.key.name, 0o644)  # which is told
        self.is_mounted = False

    def mount(self):
        for options in (["--bind", self.root, self.root], ["-o", "remount,bind,ro", self.root]):
            done = subprocess.run(["mount", *options], capture_output=True, check=False)
            if done.returncode != 0:
                self.unmount()
                return False
            self.is_mounted = True
        return True

    def unmount(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.root], check=True)
        self.is_mounted = False

    @property
    def pid(self):
        return int((self.written / "greengrassd.pid").read_text())

    def log(self, component="runtime"):
        path = self.written / f"var/log/system/{component}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __exit__(self, *unused):
        super().__exit__(*unused)
        self.unmount()


class Site:
    def __init__(self, service, folder):
        self.service = service
        self.secrets = service.endpoints.boto("secretsmanager")
        self.arn = self.secrets.create_secret(Name="greengrass-db", SecretString=OLD)["ARN"]
        self.secrets.put_secret_value(SecretId=self.arn, SecretString=FIRST)
        self.thing = new_thing(service.endpoints, folder / "keys", "core")
        self.core = ReadOnlyRoot(folder, service.endpoints, self.thing)
        self.is_read_only = os.geteuid() == 0 and self.core.mount()
        reader = function_entry(publish_function(service.endpoints, "reader", READER), pinned=True)
        environment = reader["FunctionConfiguration"]["Environment"]
        environment["ResourceAccessPolicies"] = [{"ResourceId": "db", "Permission": "ro"}]
        data = {"ARN": self.arn, "AdditionalStagingLabelsToDownload": ["AWSPREVIOUS"]}
        self.group = Group(service.endpoints).give(
            cores=[entry(self.thing)],
            resources=[
                {"Id": "db", "Name": "db", "ResourceDataContainer": {"SecretsManagerSecretResourceData": data}}
            ],
            functions=[reader],
        )
        # Whatever the shell of who starts it allows.
        umask = os.umask(0)
        _, most = dumps = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        try:
            self.core.start()
        finally:
            os.umask(umask)
            resource.setrlimit(resource.RLIMIT_CORE, dumps)
        self.group.deploy()

    def read(self, stage="AWSCURRENT"):
        event = json.dumps({"SecretId": "greengrass-db", "VersionStage": stage})
        done = processes.run(
            EVERGRASS, "invoke", "reader", "--payload", event, "--root", self.core.root
        )
        return json.loads(done.stdout)

    def sealed(self):
        (file,) = (self.core.written / "var/state/deployed-secrets").iterdir()
        return file


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    folder = tmp_path_factory.mktemp("at-rest")
    made = None
    try:
        made = Site(service, folder)
        with made.core:
            yield made
            made.core.stop()
    finally:
        if made:
            made.core.unmount()


def test_a_core_runs_from_a_read_only_root(site):
    if not site.is_read_only:
        pytest.skip("nothing can be mounted here")
    with pytest.raises(OSError):
        (site.core.root / "ggc").mkdir()
    assert site.read() == FIRST and site.read("AWSPREVIOUS") == OLD
    assert sorted(path.name for path in site.core.root.iterdir()) == ["certs", "config"]
    assert {"deployment", "var"} <= {path.name for path in site.core.written.iterdir()}
    assert "may be read or changed by others" in site.core.log()


# Code runs as another user, who has to read it; the rest of these holds nothing that is not public.
FOR_ALL = ("deployment/lambda/", "greengrassd.pid", "var/state/ready.json", "var/state/server/server.crt",
           "var/state/deployment-signing.pub.pem")  # fmt: skip


def test_only_the_owner_reads_what_a_core_writes(site):
    open_ones, writable = set(), []
    for path in files_below(site.core.written):
        mode = os.lstat(path).st_mode
        name = os.path.relpath(path, site.core.written)
        if stat.S_ISLNK(mode):
            continue
        if mode & 0o022:
            writable.append(name)
        if mode & 0o077 and not name.startswith(FOR_ALL):
            open_ones.add(name)
    assert not open_ones and not writable
    for private in ("var/log", "var/state/deployed-secrets", "var/state/server"):
        assert stat.S_IMODE(os.stat(site.core.written / private).st_mode) == 0o700, private
    key = site.core.written / "var/state/server/server.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_core_leaves_no_dump_of_its_memory(site):
    limits = open(f"/proc/{site.core.pid}/limits").read()
    (dumps,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert dumps.split()[4] == "0"
    status = open(f"/proc/{site.core.pid}/status").read()
    locked = int(status.partition("VmLck:")[2].split()[0])
    assert locked >= 4096


def test_values_are_found_nowhere(site, tmp_path):
    assert site.read() in (FIRST, SECOND)
    services = site.service.endpoints.path.parent
    (database,) = services.rglob("service.db")
    processes.run(EVERGRASS, "backup", tmp_path / "backup", "--data", database.parent)
    shown = processes.run(EVERGRASS, "status", "--json", "--root", site.core.root).stdout
    shown += processes.run(EVERGRASS, "secrets", "list", "--root", site.core.root).stdout
    needles = [text for value in (FIRST, OLD, SECOND) for text in [value.encode(), *as_base64(value)]]
    seen = 0
    for path in files_below(site.core.root, site.core.written, services, tmp_path):
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        seen += 1
        with open(path, "rb") as file:
            content = file.read()
        assert not [needle for needle in needles if needle in content], path
    assert seen > 10
    assert not [needle for needle in needles if needle in shown.encode()]


def test_damaged_secrets_are_taken_from_their_deployment_again(site):
    file = site.sealed()
    text = json.loads(file.read_text())
    text["dataKey"] = text["dataKey"][:-8] + "AAAAAAA="
    file.write_text(json.dumps(text))
    site.core.daemon("restart")
    assert site.read() == FIRST
    assert f"{file} was changed, or is for another key" in site.core.log()
    assert json.loads(site.sealed().read_text())["dataKey"] != text["dataKey"]


def test_each_deployment_has_a_data_key_of_its_own(site):
    former = json.loads(site.sealed().read_text())
    site.group.deploy()
    files = list((site.core.written / "var/state/deployed-secrets").iterdir())
    assert len(files) == 2  # one to go back to
    keys = {json.loads(file.read_text())["dataKey"] for file in files}
    assert len(keys) == 2 and former["dataKey"] in keys


def ask_as(thing, endpoints, path, body=None):
    context = ssl.create_default_context(cafile=endpoints.ca_file)
    context.load_cert_chain(thing.cert, thing.key)
    host, _, port = endpoints.iot_https.rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context)
    connection.request("GET" if body is None else "POST", path, body)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_the_service_gives_values_to_their_core_once_and_sealed(site, tmp_path):
    path, endpoints = "/evergrass/v1/cores/core/secrets?have=", site.service.endpoints
    status, body = ask_as(site.thing, endpoints, path)
    assert status == 200
    text = base64.b64decode(json.loads(body)["manifest"])
    told = json.loads(text)
    sealed = base64.b64decode(told["sealedSecrets"])
    assert FIRST.encode() not in text + sealed and OLD.encode() not in text + sealed
    assert ask_as(site.thing, endpoints, path + told["secretsVersion"]) == (204, b"")
    stranger = new_thing(endpoints, tmp_path, "stranger")
    assert ask_as(stranger, endpoints, path)[0] == 401
    another = processes.run("openssl", "pkey", "-in", stranger.key, "-pubout").stdout
    assert ask_as(stranger, endpoints, path, json.dumps({"sealFor": another}))[0] == 401
    short = processes.run("openssl", "genrsa", "1024").stdout
    short = processes.run("openssl", "pkey", "-pubout", stdin=short).stdout
    for wrong in ("no key", short):
        status, body = ask_as(site.thing, endpoints, path, json.dumps({"sealFor": wrong}))
        assert status == 400 and b"'sealFor'" in body, body


def test_new_values_come_without_a_deployment_and_stay_when_the_service_does_not(site):
    site.secrets.put_secret_value(SecretId=site.arn, SecretString=SECOND)
    waiting.until("the function reads the new value", lambda: site.read() == SECOND)
    assert site.read("AWSPREVIOUS") == FIRST
    # A secret that is gone at the service is none to take.
    site.secrets.delete_secret(SecretId=site.arn, RecoveryWindowInDays=7)
    site.core.wait_for_log("New values of secrets cannot be had")
    assert site.read() == SECOND
    site.core.daemon("restart")
    assert site.read() == SECOND and site.read("AWSPREVIOUS") == FIRST
    site.secrets.restore_secret(SecretId=site.arn)
