"""The service's master key in a PKCS#11 token, here SoftHSM2."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from harness import processes, waiting
from harness.cloud import PROGRAM
from harness.processes import BIN, Process
from harness.system import Endpoints

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "4711-user"

pytestmark = pytest.mark.skipif(
    not MODULE.exists() or not shutil.which("softhsm2-util"), reason="SoftHSM2 is not installed (softhsm2)"
)


class Site:
    def __init__(self, folder):
        self.folder = folder
        (folder / "tokens").mkdir()
        self.conf = folder / "softhsm2.conf"
        self.conf.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
        self.pin = folder / "pin"
        self.pin.touch(0o600)
        self.pin.write_text(PIN + "\n")
        (folder / "aes").write_text("0123456789abcdef" * 2)
        self.util("--init-token", "--free", "--label", "evergrass", "--so-pin", "12345678", "--pin", PIN)
        self.util("--import", folder / "aes", "--aes", "--token", "evergrass", "--label", "master", "--id", "01",
                  "--pin", PIN)  # fmt: skip
        self.data = folder / "data"

    def util(self, *arguments):
        processes.run("softhsm2-util", *arguments, env=processes.clean_env(SOFTHSM2_CONF=str(self.conf)))

    def uri(self, token="evergrass", pin=True):
        source = f"&pin-source=file:{self.pin}" if pin else ""
        return f"pkcs11:token={token};object=master?module-path={MODULE}{source}"

    def run(self, *arguments, program=PROGRAM, **environment):
        env = processes.clean_env(SOFTHSM2_CONF=str(self.conf), **environment)
        return processes.run(program, *arguments, env=env, check=False)

    @contextlib.contextmanager
    def service(self, data, keys):
        """Its endpoints, with the access key `keys`."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        ports = [part for name in ("api", "http", "mqtt", "iot-https") for part in (f"--{name}-port", "0")]
        with Process(
            PROGRAM, "--data", data, *ports, "--ready-file", ready, "--master-key", self.uri(),
            env=processes.clean_env(SOFTHSM2_CONF=str(self.conf)),
        ) as service:  # fmt: skip
            waiting.until("it is ready or ended", lambda: ready.exists() or not service.running())
            assert ready.exists(), service
            endpoints = self.folder / "endpoints.json"
            endpoints.write_text(json.dumps({**json.loads(ready.read_text()), **keys}))
            yield Endpoints(endpoints)
            assert service.stop() == 0


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("token"))



def test_a_service_with_its_key_in_a_token_goes_on_after_a_restart(site):
    made = site.run("keys", "create", "--data", site.data, "--json", "--master-key", site.uri())
    assert made.returncode == 0, made.stderr
    assert not (site.data / "master.key").exists()
    with Process(
        PROGRAM, "--data", site.data, "--api-port", "0", "--http-port", "0", "--mqtt-port", "0", "--iot-https-port",
        "0", "--master-key", site.uri(), env=processes.clean_env(SOFTHSM2_CONF=str(site.conf)),
    ) as service:  # fmt: skip
        service.wait_for_line("Ready.")
        assert service.stop() == 0
    listed = site.run(
        "keys", "list", "--data", site.data, "--json", "--master-key", site.uri(pin=False), EVERGRASS_PKCS11_PIN=PIN
    )
    assert listed.returncode == 0, listed.stderr


def test_a_backup_is_restored_with_the_same_token_and_with_no_other(site, tmp_path):
    evergrass, file, data = BIN / "evergrass", tmp_path / "backup.tar", tmp_path / "from"
    made = site.run("keys", "create", "--data", data, "--json", "--master-key", site.uri())
    assert made.returncode == 0, made.stderr
    keys = json.loads(made.stdout)
    with site.service(data, keys) as endpoints:
        endpoints.boto("secretsmanager").create_secret(Name="door", SecretString="sesame")
        done = site.run("backup", file, "--data", data, "--json", program=evergrass)
        assert done.returncode == 0, done.stderr
    assert b"sesame" not in file.read_bytes()

    def restore(to, *key):
        return site.run("restore", file, "--data", to, "--json", *key, program=evergrass)

    # Without the token nothing is put in place, and the line says what is needed.
    for key in ((), ("--master-key", site.uri("another"))):
        refused = restore(tmp_path / "to", *key)
        assert refused.returncode == 1, refused
        assert "master" in refused.stderr or "token" in refused.stderr, refused.stderr
        assert not (tmp_path / "to/service.db").exists()
    restored = restore(tmp_path / "to", "--master-key", site.uri())
    assert restored.returncode == 0, restored.stderr
    assert not (tmp_path / "to/master.key").exists()
    with site.service(tmp_path / "to", keys) as endpoints:  # and the access key is the same
        secret = endpoints.boto("secretsmanager").get_secret_value(SecretId="door")
        assert secret["SecretString"] == "sesame"


def test_what_is_wrong_with_token_or_pin_ends_the_start_with_one_line(site):
    def said(uri, **environment):
        done = site.run("--data", site.data, "--master-key", uri, **environment)
        assert done.returncode == 1 and done.stderr.count("evergrass-cloud: ") == 1, done.stderr
        assert "hush" not in done.stderr + done.stdout
        return done.stderr

    assert "no token" in said(site.uri("another")) and "'evergrass'" in said(site.uri("another"))
    assert "the PIN is wrong" in said(site.uri(pin=False), EVERGRASS_PKCS11_PIN="hush-hush")
    assert "EVERGRASS_PKCS11_PIN" in said(site.uri(pin=False))
    assert "pin-value" in said(site.uri(pin=False) + "&pin-value=hush")
    os.chmod(site.pin, 0o644)
    assert "chmod 600" in said(site.uri())
    os.chmod(site.pin, 0o600)
