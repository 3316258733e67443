"""A SoftHSM2 of a test's own, by the commands that a user would type."""

import shutil
from pathlib import Path

import pytest

from . import processes

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "4711-user"

needed = pytest.mark.skipif(
    not MODULE.exists() or not shutil.which("softhsm2-util"), reason="SoftHSM2 is not installed (softhsm2)"
)


class SoftToken:
    """One token; `env` is what its users need."""

    def __init__(self, folder, label="greengrass"):
        self.folder = Path(folder)
        self.label = label
        self.tokens = self.folder / "tokens"
        self.tokens.mkdir(parents=True)
        conf = self.folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.env = processes.clean_env(SOFTHSM2_CONF=str(conf))
        self._count = 0
        self._util("--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN)

    def _util(self, *arguments):
        processes.run("softhsm2-util", *arguments, env=self.env)

    def put(self, label, pem):
        """The private key of the file, and its public one, under the label."""
        self._count += 1
        file = self.folder / f"{label}.pk8"
        processes.run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", pem, "-out", file)
        self._util("--import", file, "--token", self.label, "--label", label, "--id", f"{self._count:02}", "--pin", PIN)
        return f"pkcs11:object={label};type=private"

    def make(self, label, *kind):
        """kind: as `openssl genpkey` has it after -algorithm."""
        pem = self.folder / f"{label}.pem"
        processes.run("openssl", "genpkey", "-algorithm", *kind, "-out", pem)
        return self.put(label, pem)

    def section(self, pin=PIN):
        """crypto.PKCS11 of config.json."""
        return {"P11Provider": str(MODULE), "slotLabel": self.label, "slotUserPin": pin}

    def take_out(self):
        self.tokens.rename(self.folder / "drawer")
        self.tokens.mkdir()

    def put_back(self):
        self.tokens.rmdir()
        (self.folder / "drawer").rename(self.tokens)
