"""The core's keys in a PKCS#11 token, here SoftHSM2, and the owner's own key of the local server in a file; a token whose
sessions are few."""

import json
import re
import stat
from pathlib import Path

import pytest

from harness import processes
from harness.core import Core
from harness.group import ALLOW_ALL, Group, Thing, entry, function_entry, new_thing, publish_function, subscriptions
from harness.processes import BIN
from harness.soft_token import PIN, SoftToken, needed

pytestmark = needed

EC = ("EC", "-pkeyopt")
READER = """
import greengrasssdk
secrets = greengrasssdk.client('secretsmanager')

def handler(event, context):
    return secrets.get_secret_value(SecretId='greengrass-db')['SecretString']
"""


def ec_thing(endpoints, folder, name):
    """A thing whose certificate AWS made from a request of its owner's, with a P-384 key."""
    folder.mkdir(parents=True, exist_ok=True)
    key, request, cert = (folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
    processes.run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes",
                  "-subj", f"/CN={name}", "-keyout", key, "-out", request)  # fmt: skip
    iot = endpoints.boto("iot")
    thing = iot.create_thing(thingName=name)
    made = iot.create_certificate_from_csr(certificateSigningRequest=request.read_text(), setAsActive=True)
    cert.write_text(made["certificatePem"])
    iot.create_policy(policyName=f"{name}_policy", policyDocument=json.dumps(ALLOW_ALL))
    iot.attach_policy(policyName=f"{name}_policy", target=made["certificateArn"])
    iot.attach_thing_principal(thingName=name, principal=made["certificateArn"])
    return Thing(name, thing["thingArn"], made["certificateArn"], cert, key)


@pytest.fixture(scope="module")
def read_secret(service):
    """The ARNs of a secret and of a function that reads it."""
    endpoints = service.endpoints
    secret = endpoints.boto("secretsmanager").create_secret(Name="greengrass-db", SecretString="quite-hush")
    return secret["ARN"], publish_function(endpoints, "reader", READER)


class Site:
    """A core, deployed, with a secret and one device that sends to itself."""

    def __init__(self, endpoints, folder, name, thing, principals, token, read_secret):
        self.folder, self.token = folder, token
        self.device = new_thing(endpoints, folder / "keys", f"{name}_device")
        self.core = Core(folder / "greengrass", endpoints, thing)
        (self.core.root / "certs" / thing.key.name).unlink()  # it is in the token alone
        crypto = self.core.config["crypto"]
        crypto["PKCS11"] = token.section()
        for principal, uri in principals.items():
            crypto["principals"].setdefault(principal, {})["privateKeyPath"] = uri
        self.core.write_config()
        self.core.start(env=token.env)
        self.group = Group(endpoints, name).give(
            cores=[entry(thing)], devices=[entry(self.device)],
            subscriptions=subscriptions((self.device.arn, self.device.arn, "to/itself")),
        )  # fmt: skip
        self.give_secret(*read_secret)
        self.group.deploy()
        self.ca = self.group.write_ca(folder / "group-ca.pem")

    def give_secret(self, arn, function):
        reads = function_entry(function, pinned=False)
        reads["FunctionConfiguration"]["Environment"]["ResourceAccessPolicies"] = [
            {"ResourceId": "db", "Permission": "ro"}
        ]
        data = {"SecretsManagerSecretResourceData": {"ARN": arn}}
        self.group.give(functions=[reads], resources=[{"Id": "db", "Name": "db", "ResourceDataContainer": data}])

    def use(self, **principals):
        """Restarts with these keys; None: config.json names none. The log from then on is at started_at."""
        named = self.core.config["crypto"]["principals"]
        for principal, uri in principals.items():
            if uri is None:
                named.pop(principal, None)
            else:
                named.setdefault(principal, {})["privateKeyPath"] = uri
        self.core.write_config()
        self.core.stop()
        self.started_at = len(self.core.log())
        self.core.start(env=self.token.env)

    def publish(self, *more):
        return processes.run(
            "mosquitto_pub", "-h", "127.0.0.1", "-p", self.core.mqtt.rpartition(":")[2], "--cafile", self.ca,
            "--cert", self.device.cert, "--key", self.device.key, "-i", self.device.name, "-t", "to/itself", "-m", "x",
            "-q", "1", *more, check=False,
        )  # fmt: skip

    def secret(self):
        done = processes.run(
            BIN / "evergrass", "invoke", "reader", "--payload", "{}", "--root", self.core.root, check=False
        )
        return done.stdout


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return SoftToken(tmp_path_factory.mktemp("token"))


@pytest.fixture(scope="module")
def by_rsa(service, token, read_secret, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rsa")
    thing = new_thing(service.endpoints, folder / "keys", "rsa_core")
    own = token.put("iot-rsa", thing.key)
    server = token.make("server-ec", *EC, "ec_paramgen_curve:P-256")
    wrapping = token.make("secrets", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    principals = {"IoTCertificate": own, "MQTTServerCertificate": server, "SecretsManager": wrapping}
    made = Site(service.endpoints, folder, "rsa", thing, principals, token, read_secret)
    with made.core:
        yield made


def test_rsa_to_the_cloud_secrets_and_a_server_key_of_an_elliptic_curve(by_rsa):
    assert by_rsa.publish().returncode == 0
    assert by_rsa.publish("--tls-version", "tlsv1.2").returncode == 0
    assert "quite-hush" in by_rsa.secret()


def test_the_doctor_shows_the_certificate_with_the_tokens_key(by_rsa):
    said = processes.run(
        BIN / "evergrass", "doctor", "--root", by_rsa.core.root, "--json", env=by_rsa.token.env, check=False
    ).stdout
    found = {check["id"]: check["status"] for check in json.loads(said)["checks"]}
    assert found["token.certificate-key"] == found["token.opens-secrets"] == "ok", said
    assert found["mqtt.client-certificate"] == found["https.client-certificate"] == "ok", said
    assert PIN not in said


def test_the_secret_is_in_no_file_and_its_keeper_leaves_no_dump(by_rsa):
    root = by_rsa.core.root
    (sealed,) = (root / "ggc/var/state/deployed-secrets").iterdir()
    assert json.loads(sealed.read_bytes())["wrapping"] == "RSA-PKCS1-v1_5"
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 10 and not [path for path in files if b"quite-hush" in path.read_bytes()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in files}
    private = [path for path in files if path.suffix == ".key" or path == sealed]
    assert private and all(modes[path] == 0o600 for path in private), modes
    assert not [path for path, mode in modes.items() if mode & 0o022]
    limits = Path(f"/proc/{by_rsa.core.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 ", limits)


def test_what_is_put_into_the_cores_own_store_is_sealed_by_the_token(by_rsa):
    own = "arn:aws:secretsmanager:us-east-1:123456789012:secret:own-AbCdEf"
    for value in ("first of its own", "second of its own"):  # the second one opens the first
        command = (BIN / "evergrass", "secrets", "put", own, "--root", by_rsa.core.root)
        assert "left out" not in processes.run(*command, stdin=value, env=by_rsa.token.env).stderr
    (file,) = (by_rsa.core.root / "ggc/var/state/secrets").iterdir()
    kept = json.loads(file.read_text())
    assert kept["wrapping"] == "RSA-PKCS1-v1_5" and "of its own" not in file.read_text()
    assert [version["stages"] for version in kept["versions"]] == [["AWSCURRENT"], ["AWSPREVIOUS"]]


def test_a_token_taken_out_ends_handshakes_until_it_is_back(by_rsa):
    by_rsa.token.take_out()
    try:
        assert by_rsa.publish().returncode != 0
        by_rsa.core.wait_for_log("The token that has the core's keys cannot be used.")
        assert "quite-hush" in by_rsa.secret()  # what is open goes on
    finally:
        by_rsa.token.put_back()
    assert by_rsa.publish().returncode == 0
    by_rsa.core.wait_for_log("The token that has the core's keys can be used again.")


def test_a_wrong_pin_is_tried_once_and_shown_nowhere(by_rsa):
    core = by_rsa.core
    core.stop()
    core.config["crypto"]["PKCS11"] = by_rsa.token.section(pin="0000-wrong")
    core.write_config()
    first = core.daemon("start", check=False, env=by_rsa.token.env)
    second = core.daemon("start", check=False, env=by_rsa.token.env)
    assert first.returncode != 0 and "the PIN is wrong" in first.stderr
    assert second.returncode != 0 and "was not tried again" in second.stderr
    doctor = processes.run(BIN / "evergrass", "doctor", "--root", core.root, "--offline", env=by_rsa.token.env, check=False)
    assert "it was not tried again" in doctor.stdout
    core.config["crypto"]["PKCS11"] = by_rsa.token.section()
    core.write_config()
    core.start(env=by_rsa.token.env)
    assert by_rsa.publish().returncode == 0
    assert "quite-hush" in by_rsa.secret()
    said = first.stderr + first.stdout + second.stderr + core.log() + (core.root / "ggc/var/log/crash.log").read_text()
    assert "0000-wrong" not in said + doctor.stdout and PIN not in said + doctor.stdout


@pytest.fixture(scope="module")
def by_ec(service, read_secret, tmp_path_factory):
    """Its IoT key may sign and nothing else, as imported ones may; its token has one session."""
    folder = tmp_path_factory.mktemp("ec")
    token = SoftToken(folder / "token")
    thing = ec_thing(service.endpoints, folder / "keys", "ec_core")
    file = folder / "server.key"
    processes.run("openssl", "genpkey", "-algorithm", *EC, "ec_paramgen_curve:P-384", "-out", file)
    principals = {
        "IoTCertificate": token.put("iot-ec", thing.key),
        "MQTTServerCertificate": f"file://{file}",
        "SecretsManager": token.make("secrets", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    }
    token.put_agreeing("iot-agrees", thing.key)
    token.limit_to_one_session()
    made = Site(service.endpoints, folder, "ec", thing, principals, token, read_secret)
    with made.core:
        yield made
        made.core.stop()


def test_an_elliptic_curve_to_the_cloud_and_the_owners_server_key_in_a_file(by_ec):
    assert by_ec.publish().returncode == 0
    served = processes.run("openssl", "x509", "-noout", "-pubkey", "-in", by_ec.core.root / "ggc/var/state/server/server.crt")
    assert served.stdout == processes.run("openssl", "pkey", "-in", by_ec.folder / "server.key", "-pubout").stdout


def test_a_key_that_cannot_agree_on_keys_gets_secrets_sealed_for_the_rsa_key(by_ec):
    assert "quite-hush" in by_ec.secret()
    (sealed,) = (by_ec.core.root / "ggc/var/state/deployed-secrets").iterdir()
    assert json.loads(sealed.read_bytes())["wrapping"] == "RSA-PKCS1-v1_5"


def test_a_session_that_others_have_is_waited_for_at_the_start(by_ec):
    core = by_ec.core
    core.stop()
    other = by_ec.token.other_program()  # free again, as the core has ended
    with processes.Process(*core.command("start"), env=by_ec.token.env) as starting:
        core.wait_for_log("The token has no session left: waiting for one.")
        assert starting.running()
        other.close()
        assert starting.wait() == 0, starting
    with pytest.raises(BlockingIOError):
        by_ec.token.other_program()
    doctor = processes.run(BIN / "evergrass", "doctor", "--root", core.root, "--offline", env=by_ec.token.env, check=False)
    assert "the running core holds it" in doctor.stdout


def test_a_session_that_others_took_is_told_and_used_once_it_is_free(by_ec):
    core = by_ec.core
    by_ec.use(MQTTServerCertificate=by_ec.token.make("server", *EC, "ec_paramgen_curve:P-256"))
    by_ec.token.take_out()
    assert by_ec.publish().returncode != 0
    by_ec.token.put_back()
    other = by_ec.token.other_program()
    assert by_ec.publish().returncode != 0
    core.wait_for_log("close others that use it, or raise its limit of sessions")
    assert "quite-hush" in by_ec.secret()  # the core goes on with all else
    other.close()
    assert by_ec.publish().returncode == 0
    core.wait_for_log("The token that has the core's keys can be used again.")


def test_an_elliptic_curve_that_agrees_on_keys_opens_its_deployment_itself(by_ec):
    by_ec.use(IoTCertificate="pkcs11:object=iot-agrees;type=private", SecretsManager=None)
    assert "quite-hush" in by_ec.secret()
    assert "the group's secrets cannot be opened" not in by_ec.core.log()[by_ec.started_at:]


def test_without_a_key_that_opens_secrets_the_core_names_both_ways_out(by_ec):
    by_ec.use(IoTCertificate="pkcs11:object=iot-ec;type=private", SecretsManager=None)
    by_ec.core.wait_for_log("The group's secrets cannot be had from the service")
    said = by_ec.core.log()[by_ec.started_at:]
    assert "'crypto.principals.IoTCertificate.privateKeyPath' in config.json: agreeing on a key" in said
    assert "CKA_DERIVE" in said and "crypto.principals.SecretsManager.privateKeyPath" in said
    assert "quite-hush" not in by_ec.secret()
    assert by_ec.publish().returncode == 0
