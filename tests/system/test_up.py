"""`evergrass up`, the way in for a new user: items 1 and 2 of what a user does with it."""

import json
import os
import re
import signal
import stat
import urllib.request

import pytest

from harness import mqtt, ports, processes, waiting
from harness.processes import BIN, Process
from harness.system import System, kill_all


def test_once_shows_each_flow_and_exits_0(tmp_path):
    with Process(
        BIN / "evergrass", "up", "--dir", tmp_path, "--port-base", "0", "--once"
    ) as up:
        assert up.wait() == 0, up
    for state in ("Building", "InProgress", "Success"):
        assert state in up.output, up
    # A message by each way, with the time it took.
    assert re.search(r"sensor -> function -> cloud +sensor -> display", up.output), up
    assert re.search(r"\d ms +[\d.]+ ms$", up.output, re.MULTILINE), up
    assert not processes.of_directory(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_process(tmp_path, number):
    with System(tmp_path) as system:
        programs = {processes.program(p) for p in processes.of_directory(tmp_path)}
        assert {"evergrass", "evergrass-cloud", "greengrassd"} <= programs
        assert system.stop(number) == 0
        assert not processes.of_directory(tmp_path)


def test_the_endpoints_file_is_private_and_has_what_clients_need(system):
    endpoints = system.endpoints
    assert endpoints.mode == 0o600
    assert endpoints.api.startswith("https://127.0.0.1:")
    assert endpoints.api_http.startswith("http://127.0.0.1:")
    assert endpoints.discovery.startswith("https://127.0.0.1:")
    for address in ("iot_mqtt", "iot_https", "core_mqtt", "ipc"):
        host, port = getattr(endpoints, address).split(":")
        assert host == "127.0.0.1" and 0 < int(port) < 65536
    assert endpoints.region == "us-east-1"
    assert endpoints.account == "123456789012"
    assert os.path.isabs(endpoints.ca_file) and os.path.isfile(endpoints.ca_file)
    assert os.path.isdir(os.path.join(endpoints.core_root, "config"))
    assert endpoints.core_thing
    for device in endpoints.devices:
        assert device["thing"]
        assert os.path.isfile(device["cert_file"])
        assert stat.S_IMODE(os.stat(device["key_file"]).st_mode) == 0o600
    assert len(endpoints.devices) >= 2


def test_the_service_alone_names_no_core(service):
    members = service.endpoints.members
    assert "api" in members and "ca_file" in members
    assert "core_mqtt" not in members and "core_thing" not in members
    assert not members["devices"]


def test_stock_cli_reads_the_sample_group_over_https(system):
    groups = system.endpoints.aws("greengrass", "list-groups")["Groups"]
    assert len(groups) == 1
    group = groups[0]
    version = system.endpoints.aws(
        "greengrass", "get-group-version",
        "--group-id", group["Id"], "--group-version-id", group["LatestVersion"],
    )  # fmt: skip
    for family in ("Core", "Device", "Function", "Subscription"):
        assert version["Definition"][f"{family}DefinitionVersionArn"]
    deployments = system.endpoints.aws("greengrass", "list-deployments", "--group-id", group["Id"])
    newest = deployments["Deployments"][0]["DeploymentId"]
    status = system.endpoints.aws(
        "greengrass", "get-deployment-status", "--group-id", group["Id"], "--deployment-id", newest
    )
    assert status["DeploymentStatus"] == "Success"


def test_boto3_gets_the_same_over_http_and_https(system):
    plain = system.endpoints.boto("greengrass").list_groups()["Groups"]
    secure = system.endpoints.boto("greengrass", plain=False).list_groups()["Groups"]
    assert plain == secure != []


def test_a_wrong_key_is_refused_in_the_words_of_aws(system):
    env = system.endpoints.env()
    env["AWS_SECRET_ACCESS_KEY"] = "wrong"
    done = processes.run(
        "/usr/bin/aws", "greengrass", "list-groups", "--endpoint-url", system.endpoints.api,
        "--ca-bundle", system.endpoints.ca_file, env=env, check=False,
    )  # fmt: skip
    assert done.returncode == 254
    assert "signature" in done.stderr.lower()


def discover(endpoints, thing, cert, key):
    context = mqtt.ssl.create_default_context(cafile=endpoints.ca_file)
    context.load_cert_chain(cert, key)
    url = f"{endpoints.discovery}/greengrass/discover/thing/{thing}"
    with urllib.request.urlopen(url, context=context) as answer:
        return json.load(answer)


def test_a_sample_device_discovers_the_core(system):
    endpoints = system.endpoints
    device = endpoints.devices[0]
    found = discover(endpoints, device["thing"], device["cert_file"], device["key_file"])
    group = found["GGGroups"][0]
    core = group["Cores"][0]
    assert core["thingArn"].endswith(f":thing/{endpoints.core_thing}")
    places = [f"{c['HostAddress']}:{c['PortNumber']}" for c in core["Connectivity"]]
    assert endpoints.core_mqtt in places
    assert all(ca.startswith("-----BEGIN CERTIFICATE-----") for ca in group["CAs"])


def group_ids(system):
    return [g["Id"] for g in system.endpoints.boto("greengrass").list_groups()["Groups"]]


def test_a_second_up_finds_its_group_as_it_was(tmp_path):
    with System(tmp_path) as first:
        groups = group_ids(first)
        deployments = first.endpoints.boto("greengrass").list_deployments(GroupId=groups[0])
        keys = first.endpoints.access_key_id
    with System(tmp_path) as second:
        assert group_ids(second) == groups
        again = second.endpoints.boto("greengrass").list_deployments(GroupId=groups[0])
        assert again["Deployments"] == deployments["Deployments"]
        assert second.endpoints.access_key_id == keys


def test_what_it_did_is_told_while_it_runs(tmp_path):
    with System(tmp_path, "--no-sample") as system:  # says so little that no buffer is ever full
        system.process.wait_for_line("Everything is up")
        system.process.wait_for_line("Ctrl-C stops every process")
        assert system.process.running()


def test_two_systems_run_side_by_side(system, tmp_path):
    with System(tmp_path, "--region", "eu-west-1", "--account", "210987654321", "--json") as other:
        # For a program: an object a line, each when it happens.
        other.process.wait_for_line('"event":"message"')
        events = [json.loads(line)["event"] for line in other.process.lines]
        assert events[0] == "start" and {"step", "deployment", "ready", "message"} <= set(events), events
        assert other.endpoints.region == "eu-west-1"
        group = other.endpoints.boto("greengrass").list_groups()["Groups"][0]
        assert ":eu-west-1:210987654321:" in group["Arn"]
        assert group["Id"] not in group_ids(system)


def test_a_second_up_in_the_same_directory_says_who_has_it(system):
    with Process(
        BIN / "evergrass", "up", "--dir", system.directory, "--port-base", "0"
    ) as second:
        assert second.wait() != 0
    assert str(system.directory) in second.output, second
    assert system.process.running()


@pytest.mark.skipif(not ports.may_bind_443(), reason="only root may listen on port 443 here")
def test_an_address_alone_brings_the_ports_of_aws(tmp_path):
    address = ports.loopback_address()
    with System(tmp_path, "--no-sample", ports=("--address", address)) as system:
        endpoints = system.endpoints
        assert endpoints.api == f"https://{address}:443" or endpoints.api == f"https://{address}"
        assert endpoints.iot_mqtt == f"{address}:8883"
        assert endpoints.iot_https == f"{address}:8443"
        assert endpoints.aws("greengrass", "list-groups") == {"Groups": []}


def test_a_killed_up_leaves_a_directory_that_starts_again(tmp_path):
    system = System(tmp_path).start()
    groups = group_ids(system)
    pids = [*processes.descendants(system.process.pid), system.process.pid]
    for pid in pids:
        processes.kill(pid)
    waiting.until("the killed end", lambda: not any(map(processes.alive, pids)))
    kill_all(tmp_path)
    with System(tmp_path) as again:
        assert group_ids(again) == groups
