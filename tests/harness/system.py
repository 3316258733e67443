"""`evergrass up` as a test sees it: started, asked through its endpoints file, stopped."""

import json
import os
import signal
import stat
from pathlib import Path

import boto3
from botocore.config import Config

from . import mqtt, processes, waiting
from .processes import BIN, Process

AWS = "/usr/bin/aws"


class Endpoints:
    """DIR/endpoints.json; its members as attributes, and clients made from them."""

    def __init__(self, path):
        self.path = Path(path)
        self.mode = stat.S_IMODE(os.stat(path).st_mode)
        self.members = json.loads(self.path.read_text())

    def __getattr__(self, name):
        try:
            return self.members[name]
        except KeyError:
            raise AttributeError(f"{self.path} has no member {name}") from None

    @property
    def iot_host(self):
        return self.iot_mqtt.rpartition(":")[0]

    def env(self, **more):
        """For stock clients: nothing but a clean shell and the keys of this service."""
        return processes.clean_env(
            AWS_ACCESS_KEY_ID=self.access_key_id,
            AWS_SECRET_ACCESS_KEY=self.secret_access_key,
            AWS_DEFAULT_REGION=self.region,
            AWS_EC2_METADATA_DISABLED="true",
            AWS_PAGER="",
            **more,
        )

    def aws(self, *arguments, check=True):
        """Debian's CLI over HTTPS; its JSON answer."""
        done = processes.run(
            AWS, *arguments, "--endpoint-url", self.api, "--ca-bundle", self.ca_file,
            "--output", "json", env=self.env(), check=check,
        )  # fmt: skip
        return json.loads(done.stdout or "null") if check else done

    def boto(self, service, plain=True, **config):
        return boto3.session.Session(
            self.access_key_id, self.secret_access_key, region_name=self.region
        ).client(
            service,
            endpoint_url=self.api_http if plain else self.api,
            verify=None if plain else self.ca_file,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )


class System:
    """One `evergrass up --dir DIR`. `with` stops it and checks that no process is left."""

    def __init__(self, directory, *arguments, ports=("--port-base", "0")):
        self.directory = Path(directory)
        self._arguments = [*ports, *arguments]
        self.process = None
        self.endpoints = None

    def start(self):
        file = self.directory / "endpoints.json"
        file.unlink(missing_ok=True)
        self.process = Process(BIN / "evergrass", "up", "--dir", self.directory, *self._arguments)
        waiting.until(
            lambda: f"{file} is written by {self.process}",
            lambda: file.exists() or not self.process.running(),
        )
        assert file.exists(), f"{self.process} ended with {self.process.wait()}"
        self.endpoints = Endpoints(file)
        return self

    def pid_of(self, program):
        """The one process of this system that runs `program`."""
        found = [
            pid for pid in processes.descendants(self.process.pid)
            if processes.program(pid) == program
        ]  # fmt: skip
        assert len(found) == 1, f"{len(found)} processes run {program}: {self.process}"
        return found[0]

    def stop(self, number=signal.SIGINT):
        """The exit status of `up`, after nothing of the system is left."""
        before = processes.descendants(self.process.pid)
        status = self.process.stop(number)
        waiting.until(
            lambda: f"all of these end: {[processes.command_line(p) for p in before]}",
            lambda: not any(processes.alive(pid) for pid in before)
            and not processes.of_directory(self.directory),
        )
        return status

    def sample_device(self, thing):
        files = next(d for d in self.endpoints.devices if d["thing"] == thing)
        return files

    def __enter__(self):
        return self.start()

    def __exit__(self, failure, *unused):
        try:
            if self.process.running():
                status = self.stop()
                assert failure or status == 0, f"{self.process} ended with {status}"
        finally:
            kill_all(self.directory)


def kill_all(directory):
    """The broom after a test that failed half-way."""
    while left := processes.of_directory(directory):
        for pid in left:
            processes.kill(pid)
        waiting.until("killed processes end", lambda: not any(map(processes.alive, left)))


def connect_iot(endpoints, thing, client_id=None):
    """A device of `things.new_thing` at the service's own MQTT."""
    return mqtt.Device(
        endpoints.iot_mqtt, client_id or thing.name, endpoints.ca_file, thing.cert, thing.key
    )
