"""Each error says what, where and what to do next; nothing hangs and nothing dies silently."""

import json
import socket

import pytest

from harness import processes, waiting
from harness.cloud import PROGRAM as EVERGRASS_CLOUD
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN, Process, run


@pytest.fixture
def keys(service, tmp_path):
    """new_thing with names that no other test of this file uses."""

    def make(name):
        return new_thing(service.endpoints, tmp_path / "keys", f"{tmp_path.name}_{name}")

    return make


@pytest.fixture
def core(service, keys, tmp_path):
    with Core(tmp_path / "greengrass", service.endpoints, keys("core")) as made:
        yield made


def all_logs(core):
    return "".join(
        path.read_text(errors="replace") for path in core.root.glob("ggc/var/log/**/*.log")
    )


def wait_for_words(core, *words):
    """Some line of the core's logs has all the words."""
    waiting.until(
        lambda: f"a log line has {words}; the logs:\n{all_logs(core)[-3000:]}",
        lambda: any(all(w in line for w in words) for line in all_logs(core).splitlines()),
    )


# --- Wrong addresses and identities ---------------------------------------------------------------


def test_a_wrong_endpoint_is_named_and_the_core_stays_up(core):
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
    port = nobody.getsockname()[1]
    core.config["coreThing"].update(iotMqttPort=port, iotHttpPort=port, ggHttpPort=port)
    core.write_config()
    core.start()
    wait_for_words(core, f"127.0.0.1:{port}", "refused")
    assert processes.alive(core.pid)


def test_an_endpoint_that_does_not_resolve_is_named(core):
    core.config["coreThing"].update(
        iotHost="no-such-host.invalid", ggHost="no-such-host.invalid"
    )
    core.write_config()
    core.start()
    wait_for_words(core, "no-such-host.invalid")
    assert processes.alive(core.pid)


def test_a_wrong_ca_says_that_the_server_is_not_trusted_and_what_to_check(core, tmp_path):
    processes.run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Other CA",
        "-keyout", tmp_path / "other.key", "-out", core.root / "certs/root.ca.pem",
    )  # fmt: skip
    core.start()
    wait_for_words(core, "not signed by a CA in the CA file")
    wait_for_words(core, str(core.root / "certs/root.ca.pem"))
    assert processes.alive(core.pid)


def test_a_certificate_of_another_thing_is_refused_with_the_reason(core, keys):
    stranger = keys("stranger")
    for source, target in ((stranger.cert, core.thing.cert), (stranger.key, core.thing.key)):
        (core.root / "certs" / target.name).write_bytes(source.read_bytes())
    core.start()
    wait_for_words(core, "not attached to thing", core.thing.name)
    assert processes.alive(core.pid)


def test_a_missing_key_file_is_named_at_start(core):
    (core.root / "certs" / core.thing.key.name).unlink()
    done = core.daemon("start", check=False)
    assert done.returncode != 0
    assert core.thing.key.name in done.stdout + done.stderr


def test_a_key_of_another_certificate_is_named_at_start(core, keys):
    other = keys("other")
    (core.root / "certs" / core.thing.key.name).write_bytes(other.key.read_bytes())
    done = core.daemon("start", check=False)
    assert done.returncode != 0
    assert core.thing.key.name in done.stdout + done.stderr


# --- Groups ---------------------------------------------------------------------------------------


def test_a_group_without_core_cannot_be_deployed(service, keys):
    group = Group(service.endpoints).give(devices=[entry(keys("device"))])
    api = service.endpoints.boto("greengrass")
    with pytest.raises(api.exceptions.ClientError) as refused:
        group.start_deployment()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "core" in str(refused.value).lower()


def test_a_function_that_fails_at_import_fails_the_deployment_with_its_reason(service, core):
    endpoints = service.endpoints
    good = Group(endpoints).give(cores=[entry(core.thing)])
    core.start()
    first = good.deploy()
    broken = publish_function(endpoints, "broken", "import no_such_module_anywhere\n")
    good.give(functions=[function_entry(broken, pinned=True)])
    status = good.outcome(good.start_deployment())
    assert status["DeploymentStatus"] == "Failure"
    told = json.dumps([status.get("ErrorMessage"), status.get("ErrorDetails")])
    assert "broken" in told
    assert "no_such_module_anywhere" in told
    # The deployment before it runs on.
    assert good.status(first)["DeploymentStatus"] == "Success"
    assert processes.alive(core.pid)


def test_a_function_that_no_longer_exists_is_named(service, core):
    endpoints = service.endpoints
    gone = f"arn:aws:lambda:{endpoints.region}:{endpoints.account}:function:gone:1"
    group = Group(endpoints).give(
        cores=[entry(core.thing)], functions=[function_entry(gone, pinned=True)]
    )
    status = group.outcome(group.start_deployment())
    assert status["DeploymentStatus"] == "Failure"
    assert "gone" in json.dumps(status, default=str)


# --- Ports ----------------------------------------------------------------------------------------


@pytest.fixture
def taken_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize("member", ["ggMqttPort", "ggDaemonPort"])
def test_a_port_in_use_is_named_with_its_setting(core, taken_port, member):
    core.config["coreThing"].update({member: taken_port, "ggMqttAddress": "127.0.0.1"})
    core.write_config()
    done = core.daemon("start", check=False)
    told = done.stdout + done.stderr + all_logs(core)
    assert str(taken_port) in told
    assert "in use" in told.lower()
    assert member in told


def test_the_service_names_a_port_in_use(tmp_path, taken_port):
    done = run(
        EVERGRASS_CLOUD, "--data", tmp_path / "data", "--api-port", taken_port, "--http-port", 0,
        "--mqtt-port", 0, "--iot-https-port", 0, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert str(taken_port) in done.stderr
    assert "in use" in done.stderr.lower()
    assert "--api-port" in done.stderr


def test_up_names_a_port_in_use(tmp_path, taken_port):
    base = taken_port if taken_port < 65530 else taken_port - 5
    with Process(BIN / "evergrass", "up", "--dir", tmp_path, "--port-base", str(base)) as up:
        assert up.wait() != 0
    assert str(taken_port) in up.output, up
    assert not processes.of_directory(tmp_path)


# --- config.json ----------------------------------------------------------------------------------


def start_with(core, text=None):
    core.write_config(text)
    done = core.daemon("start", check=False)
    return done.returncode, done.stdout + done.stderr + all_logs(core)


def test_config_json_that_is_no_json_says_where(core):
    status, told = start_with(core, json.dumps(core.config, indent=2).replace('"ggHost"', '"ggHost'))
    assert status != 0
    assert "config/config.json" in told
    assert "Failed to parse" in told  # V1's words


def test_a_missing_member_is_named(core):
    del core.config["coreThing"]["iotHost"]
    status, told = start_with(core)
    assert status != 0
    assert "iotHost" in told and "config.json" in told


def test_a_misspelt_member_is_told_with_the_one_that_was_meant(core):
    core.config["coreThing"]["keepAliv"] = core.config["coreThing"].pop("keepAlive")
    status, told = start_with(core)
    assert status == 0
    wait_for_words(core, "keepAliv", "keepAlive")


def test_a_value_out_of_range_says_what_is_allowed(core):
    core.config["coreThing"]["keepAlive"] = 5
    status, told = start_with(core)
    assert status != 0
    assert "keepAlive" in told and "30" in told and "1200" in told


def test_an_unknown_key_scheme_has_the_text_of_v1(core):
    core.config["crypto"]["principals"]["IoTCertificate"]["privateKeyPath"] = "https://key"
    status, told = start_with(core)
    assert status != 0
    assert "ErrUnknownURIScheme" in told


def test_no_config_json_says_which_file_was_looked_for(core):
    (core.root / "config/config.json").unlink()
    done = core.daemon("start", check=False)
    assert done.returncode != 0
    assert str(core.root / "config/config.json") in done.stdout + done.stderr


def test_the_older_paths_work_without_crypto(service, core):
    del core.config["crypto"]
    core.write_config()
    core.start()
    Group(service.endpoints).give(cores=[entry(core.thing)]).deploy()
    core.stop()


# --- Command lines --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ["evergrass", "up"],
        ["evergrass", "no-such-verb"],
        ["evergrass", "up", "--dir", "{tmp}", "--port-base", "80"],
        ["evergrass", "up", "--dir", "{tmp}", "--address", "not-an-address"],
        ["evergrass", "up", "--dir", "{tmp}", "--account", "12"],
        ["evergrass-cloud"],
        ["evergrass-cloud", "--data", "{tmp}", "--listen", "999.1.1.1"],
        ["evergrass-cloud", "--data", "/proc/nowhere"],
        ["greengrassd", "dance"],
    ],
)
def test_a_wrong_command_line_ends_with_words_not_with_a_trace(tmp_path, command):
    parts = [part.replace("{tmp}", str(tmp_path)) for part in command]
    done = run(BIN / parts[0], *parts[1:], check=False)
    assert done.returncode not in (0, -6, -11)
    told = (done.stdout + done.stderr).strip()
    assert told
    assert "terminate called" not in told
