"""Authorities and what they sign, made by openssl."""

import hashlib
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


class Files:
    """Keys, CSRs and certificates by openssl, in a folder."""

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _run(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, cwd=self._folder, capture_output=True)

    def text(self, name):
        return (self._folder / name).read_text()

    def authority(self, name):
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                  "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")  # fmt: skip
        return self.text(f"{name}.pem")

    def request(self, name):
        self._run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        return self.text(f"{name}.csr")

    def signed(self, name, by, names=""):
        """`names`: what else than the CN it is for, as "IP:127.0.0.1,DNS:name"."""
        self.request(name)
        more = ()
        if names:
            extensions = self._folder / f"{name}.ext"
            extensions.write_text(f"subjectAltName={names}\n")
            more = ("-extfile", extensions)
        self._run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-days", "30",
                  "-CAcreateserial", *more, "-out", f"{name}.pem")  # fmt: skip
        return self.text(f"{name}.pem")


@dataclass
class Certificate:
    cert: Path
    key: Path
    id: str  # as AWS IoT has it: SHA-256 of the DER, hex


def new_certificate(folder, name):
    """A certificate that signed itself, as a device of another service's has one for us."""
    files = Files(Path(folder))
    pem = files.authority(name)
    cert, key = Path(folder, f"{name}.cert.pem"), Path(folder, f"{name}.private.key")
    Path(folder, f"{name}.pem").rename(cert)
    Path(folder, f"{name}.key").rename(key)
    key.chmod(0o600)
    return Certificate(cert, key, hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest())
