"""A core of AWS's Greengrass V1 as it is found on a disk, made by us from its documented shapes.

Its program is a stand-in of ours: `greengrassd start|stop` that leaves a process running. What the
stand-in itself keeps is outside of the root, as the tree is compared byte by byte."""

import hashlib
import json
import os
import stat
from pathlib import Path

from . import isolation, processes
from .cloud import Cloud
from .openssl import new_certificate
from .ports import free_port

ACCOUNT = "111122223333"
REGION = "eu-north-1"
GROUP = "0a1b2c3d-0000-4000-8000-000000000001"
VERSION = "0a1b2c3d-0000-4000-8000-000000000002"
DEPLOYMENT = "0a1b2c3d-0000-4000-8000-000000000003"

STAND_IN = """#!/bin/sh
# Stands for the old core.
PIDS='{pids}'
case "$1" in
start) (exec -a old-core sleep 100000) >/dev/null 2>&1 & echo $! > "$PIDS"; echo old core started ;;
stop) kill "$(cat "$PIDS" 2>/dev/null)" 2>/dev/null; rm -f "$PIDS"; echo old core stopped ;;
esac
"""

FUNCTION = """import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    client.publish(topic="pump/state", payload="seen")
"""


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def without_synthesised(group):
    """Without what docs/rescue.md lists as different after a deployment here."""
    group = json.loads(json.dumps(group))
    group.pop("Arn")
    definitions = group["GroupDefinitions"]
    definitions["ClientCertFingerprints"] = definitions["ShadowSync"] = None
    for subscription in definitions["Subscriptions"]["Content"]:
        subscription.pop("Id", None)
    for function in definitions["Lambdas"]["Content"]:
        function.pop("ArtifactArn")
        for member in ("CodeSha256", "CodeSize"):
            function["DeploymentConfiguration"].pop(member)
    return group


def new_service(folder):
    """A service of its account and region."""
    return Cloud(folder, "--account", ACCOUNT, "--region", REGION)


class OldCore:
    """`name`: of its group and things; devices: their certificates are beside the tree."""

    def __init__(self, folder, name="Pump7", group=GROUP, devices=("Valve1",), shared=None):
        self.folder = Path(folder)
        self.root = self.folder / "greengrass"
        self.name, self.group = name, group
        self.function = arn("lambda", "function:pump-control:7")
        self.pids = self.folder / "old-core.pid"
        self.devices = {
            d: (shared or {}).get(d) or new_certificate(self.folder / "devices", d) for d in devices
        }
        self.mqtt_port = free_port()
        self._write()

    def _put(self, path, text, mode=0o644):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def _write(self):
        certs = self.root / "certs"
        self.core = new_certificate(certs, "c1")
        self._put("certs/root.ca.pem", "the old root\n")
        self._put("config/config.json", json.dumps({
            "coreThing": {
                "caPath": "root.ca.pem", "certPath": self.core.cert.name,
                "keyPath": self.core.key.name,
                "thingArn": arn("iot", f"thing/{self.name}_Core"),
                "iotHost": "x-ats.iot.eu-north-1.amazonaws.com",
                "ggHost": "greengrass-ats.iot.eu-north-1.amazonaws.com",
                "ggMqttPort": self.mqtt_port, "ggDaemonPort": free_port(), "keepAlive": 600,
            },
            "runtime": {"cgroup": {"useSystemd": "yes"}, "allowFunctionsToRunAsRoot": "yes"},
            "pidFileDirectory": str(self.folder),
        }, indent=2))  # fmt: skip
        self._put("ggc/packages/1.11.6/marker", "")
        program = STAND_IN.format(pids=self.pids).replace("exec -a old-core", "exec")
        self._put("ggc/packages/1.11.6/bin/greengrassd", program, 0o755)
        (self.root / "ggc/core").symlink_to("packages/1.11.6/bin")
        self._put("ggc/deployment/group/group.json", json.dumps(self.group_json(), indent=1))
        self._put(f"ggc/deployment/lambda/{self.function}/main.py", FUNCTION)
        self._put("ggc/var/log/system/runtime.log", "[INFO]-Greengrass Version: 1.11.6\n")

    def group_json(self):
        member = lambda thing, id: {  # noqa: E731
            "thingArn": arn("iot", f"thing/{thing}"), "certArn": arn("iot", f"cert/{id}")
        }
        return {
            "$Schema": None,
            "Arn": arn("greengrass", f"/greengrass/groups/{self.group}/versions/{VERSION}"),
            "Version": None,
            "Region": REGION,
            "Cores": [member(f"{self.name}_Core", self.core.id)],
            "Devices": [member(name, made.id) for name, made in self.devices.items()],
            "GroupDefinitions": {
                "Resources": {"ref": None, "Content": []},
                "Lambdas": {"ref": None, "Content": [{
                    "FunctionArn": self.function,
                    "ArtifactArn": arn("greengrass", f"/greengrass/groups/{self.group}/deployments/"
                                       f"{DEPLOYMENT}/artifacts/lambda/x"),
                    "DeploymentConfiguration": {
                        "Priority": 1, "Pinned": False, "CodeSha256": "AAAA", "CodeSize": 2048,
                        "Description": "", "Handler": "main.handler", "MemorySize": 131072,
                        "Timeout": 25, "EncodingType": "json", "Runtime": "python3.7",
                        "Environment": {
                            "Variables": {"PERIOD_S": "5"},
                            **isolation.settings()["Environment"],
                        },
                    },
                }]},
                "Subscriptions": {"ref": None, "Content": [
                    {"Source": arn("iot", f"thing/{device}"), "Subject": "pump/order",
                     "Target": self.function} for device in list(self.devices)[:1]
                ] + [
                    {"Source": self.function, "Subject": "pump/state",
                     "Target": arn("iot", f"thing/{device}")} for device in list(self.devices)[:1]
                ]},
                "Logging": {"Content": [{"Type": "FileSystem", "Component": "GreengrassSystem",
                                         "Level": "INFO", "Space": 128}]},
                "ShadowSync": {"ref": None, "Content": []},
                "ClientCertFingerprints": {"Content": []},
            },
        }  # fmt: skip

    def greengrassd(self, verb):
        """What starts the core at boot."""
        return processes.run(self.root / "ggc/core/greengrassd", verb, check=False)

    def starts(self):
        """Whether a `greengrassd start` of whoever is under way."""
        lines = (processes.command_line(pid) for pid in processes.descendants())
        return any(str(self.root) in line and line.endswith(" start") for line in lines)

    @property
    def old_is_in_place(self):
        return (self.root / "ggc/core").is_symlink()

    def old_runs(self):
        try:
            return processes.alive(int(self.pids.read_text()))
        except (OSError, ValueError):
            return False

    def digest(self):
        """Of all below the root: names, kinds, modes, targets, content."""
        whole = hashlib.sha256()
        for folder, folders, files in sorted(os.walk(self.root)):
            for name in sorted(folders + files):
                path = Path(folder, name)
                about = path.lstat()
                whole.update(f"{path} {about.st_mode} {about.st_uid} {about.st_gid}\n".encode())
                if stat.S_ISLNK(about.st_mode):
                    whole.update(os.readlink(path).encode())
                elif stat.S_ISREG(about.st_mode):
                    whole.update(path.read_bytes())
        return whole.hexdigest()
