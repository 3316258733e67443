"""A core of its own folder, run by `greengrassd` as V1's users ran it."""

import json
import shutil
from pathlib import Path

from . import isolation, mqtt, processes, waiting
from .ports import free_port
from .processes import BIN

GREENGRASSD = BIN / "greengrassd"
# Seconds. A core asks anew after 50: what takes less after an answer was told to it, and not found.
BEFORE_IT_ASKS_ANEW = 30


def start_options():
    """-i where this machine's kernel has no link protection, as some CI machines."""
    names = ("protected_hardlinks", "protected_symlinks")
    guarded = all(Path("/proc/sys/fs", name).read_text().strip() == "1" for name in names)
    return [] if guarded else ["-i"]


def port_of(address):
    return int(address.rpartition(":")[2])


def config_of(endpoints, thing, root, mqtt_port, daemon_port):
    """config.json in the form that AWS's console made."""
    certs = Path(root) / "certs"
    return {
        "coreThing": {
            "caPath": "root.ca.pem",
            "certPath": thing.cert.name,
            "keyPath": thing.key.name,
            "thingArn": thing.arn,
            "iotHost": endpoints.iot_host,
            "ggHost": endpoints.iot_host,
            "iotMqttPort": port_of(endpoints.iot_mqtt),
            "iotHttpPort": port_of(endpoints.iot_https),
            "ggHttpPort": port_of(endpoints.iot_https),
            "ggMqttPort": mqtt_port,
            "ggDaemonPort": daemon_port,
            "keepAlive": 600,
        },
        "runtime": {
            "cgroup": {"useSystemd": "yes"},
            # Where nothing can be isolated, functions of a tester who is root are root too.
            "allowFunctionsToRunAsRoot": "no" if isolation.available() else "yes",
        },
        "managedRespawn": False,
        "crypto": {
            "principals": {
                "SecretsManager": {"privateKeyPath": f"file://{certs / thing.key.name}"},
                "IoTCertificate": {
                    "privateKeyPath": f"file://{certs / thing.key.name}",
                    "certificatePath": f"file://{certs / thing.cert.name}",
                },
            },
            "caPath": f"file://{certs / 'root.ca.pem'}",
        },
        "mqttMaxConnectionRetryInterval": 1,
        "pidFileDirectory": str(root),
    }


class Core:
    """One Greengrass folder. `with` stops the daemon, however the test ended."""

    def __init__(self, root, endpoints, thing):
        self.root = Path(root)
        self.endpoints = endpoints
        self.thing = thing
        self.mqtt = f"127.0.0.1:{free_port()}"
        certs = self.root / "certs"
        certs.mkdir(parents=True)
        shutil.copy(thing.cert, certs)
        shutil.copy(thing.key, certs)
        shutil.copy(endpoints.ca_file, certs / "root.ca.pem")
        self.config = config_of(endpoints, thing, self.root, port_of(self.mqtt), free_port())
        self.write_config()

    def write_config(self, text=None):
        folder = self.root / "config"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(text or json.dumps(self.config, indent=2))

    def command(self, verb):
        options = start_options() if verb in ("start", "restart") else []
        return [GREENGRASSD, verb, "--root", self.root, *options]

    def daemon(self, verb, check=True, env=None):
        return processes.run(*self.command(verb), check=check, env=env)

    @property
    def pid(self):
        return int((self.root / "greengrassd.pid").read_text())

    def start(self, env=None):
        self.daemon("start", env=env)
        return self

    def stop(self):
        said = self.daemon("stop")
        assert "killed" not in said.stderr, f"SIGTERM did not end the core: {self.log()[-2000:]}"

    def kill(self):
        """kill -9, and waits until it is gone."""
        pid = self.pid
        processes.kill(pid)
        waiting.until("the killed core is gone", lambda: not processes.alive(pid))

    def log(self, component="runtime"):
        path = self.root / f"ggc/var/log/system/{component}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for_log(self, text, component="runtime"):
        waiting.until(
            lambda: f"{component}.log says {text!r}; it ends with\n{self.log(component)[-3000:]}",
            lambda: text in self.log(component),
        )

    def connect(self, thing, ca_file, client_id=None):
        return mqtt.Device(self.mqtt, client_id or thing.name, ca_file, thing.cert, thing.key)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for pid in processes.of_directory(self.root):
            processes.kill(pid)
        waiting.until("the core is gone", lambda: not processes.of_directory(self.root))
