"""A SoftHSM2 of a test's own, by the commands that a user would type."""

import fcntl
import shutil
from pathlib import Path

import pytest

from . import processes

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "4711-user"

_MISSING = [
    package
    for package, is_there in (
        ("softhsm2", MODULE.exists() and shutil.which("softhsm2-util")),
        ("opensc", shutil.which("pkcs11-tool")),
    )
    if not is_there
]
needed = pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}")


class SoftToken:
    """One token; `env` is what its users need."""

    def __init__(self, folder, label="greengrass"):
        self.folder = Path(folder)
        self.label = label
        self.module = MODULE
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

    def put_agreeing(self, label, pem):
        """The same of a key of an elliptic curve, which then may also agree on keys (CKA_DERIVE)."""
        self._count += 1
        for kind, options in (("privkey", ["--usage-sign", "--usage-derive"]), ("pubkey", [])):
            file = self.folder / f"{label}.{kind}"
            public = ["-pubout"] if kind == "pubkey" else []
            processes.run("openssl", "pkey", "-in", pem, "-outform", "DER", *public, "-out", file)
            processes.run(
                "pkcs11-tool", "--module", MODULE, "--token-label", self.label, "--login", "--pin", PIN,
                "--write-object", file, "--type", kind, "--label", label, "--id", f"{self._count:02}", *options,
                env=self.env,
            )  # fmt: skip
        return f"pkcs11:object={label};type=private"

    def make(self, label, *kind):
        """kind: as `openssl genpkey` has it after -algorithm."""
        pem = self.folder / f"{label}.pem"
        processes.run("openssl", "genpkey", "-algorithm", *kind, "-out", pem)
        return self.put(label, pem)

    def section(self, pin=PIN):
        """crypto.PKCS11 of config.json."""
        return {"P11Provider": str(self.module), "slotLabel": self.label, "slotUserPin": pin}

    def limit_to_one_session(self):
        """From now on all programs that use the token by section() have one session together."""
        source = processes.ROOT / "libs/pkcs11/testing/few_sessions.cpp"
        self.module = self.folder / "few_sessions.so"
        processes.run(
            "c++", "-std=c++20", "-shared", "-fPIC", "-isystem", "/usr/include/p11-kit-1", "-o", self.module, source
        )
        sessions = self.folder / "sessions"
        sessions.mkdir()
        self._session = sessions / "one"
        self._session.touch()
        self.env["EVERGRASS_FEW_SESSIONS"] = str(sessions)

    def other_program(self):
        """A program that holds the session until this is closed; raises when another has it."""
        held = self._session.open()
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return held

    def take_out(self):
        self.tokens.rename(self.folder / "drawer")
        self.tokens.mkdir()

    def put_back(self):
        self.tokens.rmdir()
        (self.folder / "drawer").rename(self.tokens)
