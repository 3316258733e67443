"""The MQTT server under test: `mqtt_testbed`, or Debian's mosquitto to try the tests themselves."""

import hashlib
import itertools
import json
import os
import signal
import ssl
from pathlib import Path

import pytest

from . import processes, waiting
from .mqtt_packets import V5, WireClient, pairs_of
from .ports import free_port
from .processes import BIN, Process

PROGRAM = BIN / "mqtt_testbed"
MOSQUITTO = Path("/usr/sbin/mosquitto")
BROKER = os.environ.get("MQTT_CONFORMANCE_BROKER", "testbed")
ON_MOSQUITTO = BROKER == "mosquitto"

# Where mosquitto deviates from the standard, tests wait in vain for it.
HANG = float(os.environ.get("MQTT_CONFORMANCE_HANG", 10 if ON_MOSQUITTO else waiting.HANG))
hang = HANG  # of the test that runs

# Limits that mosquitto has too, by the testbed's flags.
MOSQUITTO_LIMITS = {
    "--max-packet-bytes": "max_packet_size",
    "--receive-maximum": "max_inflight_messages",
    "--topic-alias-maximum": "max_topic_alias",
    "--server-keep-alive": "max_keepalive",
    "--session-queue-bytes": "max_queued_bytes",
    "--max-connections": "max_connections",
}

_names = itertools.count(1)


def unique(prefix):
    """Letters and digits, at most 23: good as a client id everywhere [MQTT-3.1.3-5]."""
    return f"{prefix}{next(_names)}"


def missing():
    """What to do when there is nothing to test, or None."""
    if BROKER not in ("testbed", "mosquitto"):
        return f"MQTT_CONFORMANCE_BROKER is {BROKER!r}; it may be testbed or mosquitto"
    program = MOSQUITTO if ON_MOSQUITTO else PROGRAM
    if program.exists():
        return None
    how = "apt-get install mosquitto" if ON_MOSQUITTO else (
        "build it (./dev build), or say where it is with EVERGRASS_BIN=build/<preset>/bin"
    )  # fmt: skip
    return f"the MQTT server under test is missing: {program}; {how}"


def environment():
    """A sanitizer's build keeps what was freed; a little is enough, and memory can be compared."""
    return processes.clean_env(ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64")


class Broker:
    """A server for any client and any topic, unless `group` names a group.json.

    `data`: sessions outlive the process in this folder. `tls`: a Pki. More arguments are the testbed's
    flags, e.g. "--receive-maximum", 3.
    """

    def __init__(self, folder, *flags, tls=None, group=None, data=None, websocket=False):
        self.folder = Path(folder)
        self.flags = [str(part) for part in flags]
        self.tls, self.group, self.data, self.websocket = tls, group, data, websocket
        self.process = self.port = self.ws_port = None

    def _command(self):
        files = []
        if self.tls:
            server = self.tls.server
            files = ["--cert", server.cert, "--key", server.key, "--ca", self.tls.ca.cert]
        return [
            PROGRAM, "--port", str(self.port or 0), *files,
            *(["--group", self.group] if self.group else ["--open"]),
            *(["--data", self.data] if self.data else []),
            *(["--ws-port", str(self.ws_port or 0)] if self.websocket else []),
            *self.flags,
        ]  # fmt: skip

    def _start_testbed(self):
        self.process = Process(*self._command(), env=environment())
        ready = json.loads(self.process.wait_for_line(r"^\{.*\"port\".*\}$").group())
        self.port, self.ws_port = ready["port"], ready.get("wsPort")

    def _start_mosquitto(self):
        self.port = self.port or free_port()
        files = []
        if self.tls:
            server = self.tls.server
            files = [f"certfile {server.cert}", f"keyfile {server.key}"]
            files += [f"cafile {self.tls.ca.cert}", "require_certificate true"]
        here, everywhere = [f"listener {self.port} 127.0.0.1", *files], [
            "per_listener_settings false", "allow_anonymous true", "user root",
            "max_queued_messages 0", "log_type error", "log_type warning", "log_type notice",
            "log_type information", "connection_messages false", "set_tcp_nodelay true",
            "autosave_interval 1", "autosave_on_changes true",
        ]  # fmt: skip
        for flag, value in zip(self.flags[::2], self.flags[1::2]):
            if flag not in MOSQUITTO_LIMITS:
                pytest.skip(f"mosquitto has nothing like {flag}")
            where = here if flag in ("--max-connections", "--topic-alias-maximum") else everywhere
            where.append(f"{MOSQUITTO_LIMITS[flag]} {value}")
        if self.websocket:
            self.ws_port = self.ws_port or free_port()
            here += [f"listener {self.ws_port} 127.0.0.1", "protocol websockets", *files]
        if self.data:
            everywhere += ["persistence true", f"persistence_location {self.data}/"]
        configuration = self.folder / f"mosquitto-{self.port}.conf"
        configuration.write_text("\n".join(everywhere + here) + "\n")
        self.process = Process(MOSQUITTO, "-c", configuration)
        self.process.wait_for_line(r"mosquitto version .* running")

    def start(self):
        assert not missing(), missing()
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.data:
            Path(self.data).mkdir(parents=True, exist_ok=True)
        if ON_MOSQUITTO and self.group:
            pytest.skip("mosquitto knows no groups")
        try:
            self._start_mosquitto() if ON_MOSQUITTO else self._start_testbed()
        except BaseException:
            self.kill()
            raise
        return self

    @property
    def address(self):
        return "127.0.0.1", self.port

    def check(self):
        """It still runs, and no sanitizer has complained."""
        assert self.process.running(), f"the server died: {self.process}"
        for word in ("runtime error:", "ERROR: AddressSanitizer", "WARNING: ThreadSanitizer"):
            assert word not in self.process.output, f"a sanitizer complains: {self.process}"

    def kill(self):
        if self.process:
            self.process.stop(signal.SIGKILL)

    def restart(self):
        """kill -9, and again on the same port and data."""
        if ON_MOSQUITTO:  # writes its state when it ends
            self.process.stop()
        self.kill()
        return self.start()

    def memory_kb(self):
        """Resident memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def wire(self, version, context=None):
        """A connection that has said nothing yet."""
        if self.tls and context is None:
            context = self.tls.context(self.tls.any_client)
        return WireClient(self.address, version, context, hang)

    def __enter__(self):
        running = self.process is not None and self.process.running()
        return self if running else self.start()

    def __exit__(self, failure, *unused):
        if self.process and self.process.running():
            status = self.process.stop()
            assert failure or status == 0, f"{self.process} ended with {status}"
            if failure is None:
                assert "LeakSanitizer" not in self.process.output, self.process


class Clients:
    """Makes connected clients of one version and closes them when the test ends."""

    def __init__(self, broker, version):
        self.broker, self.version = broker, version
        self._open = []

    def raw(self, **arguments):
        """Connected by TCP (and TLS) alone."""
        client = self.broker.wire(self.version, **arguments)
        self._open.append(client)
        return client

    def __call__(self, client_id=None, **connect):
        client = self.raw()
        client.client_id = unique("c") if client_id is None else client_id
        client.connect(client.client_id, **connect)
        return client

    def kept(self, client_id, clean=False, **connect):
        """A client whose session stays when it goes."""
        if self.version == V5:
            properties = dict(pairs_of(connect.pop("properties", None)))
            connect["properties"] = {"session_expiry": 300, **properties}
        return self(client_id, clean=clean, **connect)

    def close(self):
        for client in self._open:
            client.close()


# --- Certificates ---------------------------------------------------------------------------------


class Identity:
    def __init__(self, name, cert, key):
        self.name, self.cert, self.key = name, cert, key

    @property
    def certificate_id(self):
        """AWS's: the SHA-256 of the DER form, in hex."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.cert.read_text())).hexdigest()


class Pki:
    """A CA with a server's certificate for loopback, and clients' as they are asked for. By openssl."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self._self_signed("ca")
        self.server = self.issue("server", ("-extfile", self._extensions()))
        self.any_client = self.issue("anyclient")

    def _openssl(self, *arguments):
        return processes.run("openssl", *arguments, cwd=self.folder)

    def _extensions(self):
        file = self.folder / "server.ext"
        file.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        return file

    def _files(self, name):
        return Identity(name, self.folder / f"{name}.cert.pem", self.folder / f"{name}.key.pem")

    def _self_signed(self, name):
        made = self._files(name)
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", made.key, "-out", made.cert, "-days", "30", "-subj", f"/CN={name}",
        )  # fmt: skip
        return made

    def issue(self, name, extra=(), dates=None, file=None):
        """A certificate with this common name. `dates`: (from, to) as YYYYMMDDHHMMSSZ."""
        made, request = self._files(file or name), self.folder / f"{file or name}.csr"
        self._openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", made.key, "-out", request, "-subj", f"/CN={name}",
        )  # fmt: skip
        if dates:
            self._sign_for(request, made.cert, dates)
        else:
            self._openssl(
                "x509", "-req", "-in", request, "-CA", self.ca.cert, "-CAkey", self.ca.key,
                "-CAcreateserial", "-days", "30", "-out", made.cert, *extra,
            )  # fmt: skip
        made.name = name
        return made

    def _sign_for(self, request, cert, dates):
        """`openssl x509` can't choose the dates; `openssl ca` can."""
        (self.folder / "index.txt").write_text("")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=here\n[here]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
        )
        self._openssl(
            "ca", "-batch", "-config", "ca.cnf", "-cert", self.ca.cert, "-keyfile", self.ca.key,
            "-in", request, "-out", cert, "-startdate", dates[0], "-enddate", dates[1], "-notext",
        )  # fmt: skip

    def context(self, identity=None):
        """What a client uses: trusts the CA, and shows this certificate."""
        context = ssl.create_default_context(cafile=str(self.ca.cert))
        if identity:
            context.load_cert_chain(str(identity.cert), str(identity.key))
        return context


# --- Groups ---------------------------------------------------------------------------------------

ACCOUNT = "arn:aws:iot:eu-north-1:111122223333"


def thing_arn(name):
    return f"{ACCOUNT}:thing/{name}"


def write_group(path, devices, subscriptions):
    """V1's group.json of these devices (Identity) and (source, target, subject)…; "cloud" is a source."""

    def end(name):
        return name if name == "cloud" else thing_arn(name)

    document = {
        "Arn": "arn:aws:greengrass:eu-north-1:111122223333:/greengrass/groups/g/versions/v",
        "Region": "eu-north-1",
        "Cores": [{"thingArn": thing_arn("core"), "certArn": f"{ACCOUNT}:cert/{'c0' * 32}"}],
        "Devices": [
            {"thingArn": thing_arn(d.name), "certArn": f"{ACCOUNT}:cert/{d.certificate_id}"}
            for d in devices
        ],
        "GroupDefinitions": {
            "Lambdas": {"ref": None, "Content": []},
            "Subscriptions": {
                "ref": None,
                "Content": [
                    {"Id": f"s{n}", "Source": end(source), "Target": end(target), "Subject": subject}
                    for n, (source, target, subject) in enumerate(subscriptions)
                ],
            },
            "ClientCertFingerprints": {"Content": [d.certificate_id for d in devices]},
        },
    }
    Path(path).write_text(json.dumps(document))
    return path
