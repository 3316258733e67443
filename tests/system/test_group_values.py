"""Where a group file's secrets have their values: variables that are not here, and what is typed."""

import json

import pytest

from harness import processes
from harness.processes import BIN
from harness.typist import CTRL_C, Typist

EVERGRASS = BIN / "evergrass"
QUESTION = b"Value of the secret meter-key: "
FILE = """
format: evergrass-group-1
group: {group}
resources:
  - {{id: key, secret: {{name: {secret}, valueFrom: "{source}"}}}}
"""


@pytest.fixture
def file(tmp_path):
    def written(source, group="meters", secret="meter-key"):
        path = tmp_path / "group.yaml"
        path.write_text(FILE.format(source=source, group=group, secret=secret))
        return path

    return written


def command(service, verb, file, *more):
    at = ("--endpoint", service.endpoints.api, "--ca-file", service.endpoints.ca_file)
    return (EVERGRASS, "group", verb, file, *at, *more)


def run(service, verb, file, *more, **variables):
    return processes.run(
        *command(service, verb, file, *more), env=service.endpoints.env(**variables), check=False
    )


def typist(service, file):
    return Typist(*command(service, "apply", file), env=service.endpoints.env())


def is_untouched(service, group="meters"):
    groups = service.endpoints.boto("greengrass").list_groups()["Groups"]
    secrets = service.endpoints.boto("secretsmanager").list_secrets()["SecretList"]
    return group not in [g["Name"] for g in groups] and "meter-key" not in [s["Name"] for s in secrets]


@pytest.mark.parametrize(
    "source, absent, refused",
    [
        ("env:METER_KEY", "env: METER_KEY is not set", "the environment has no METER_KEY: set it"),
        ("file:key.txt", "file: key.txt is not there", "/key.txt: No such file"),
    ],
)
def test_a_plan_goes_on_without_a_value_and_apply_refuses(service, file, source, absent, refused):
    """Who looks for changes at night, out of Git, has no secrets."""
    group = file(source)
    planned = run(service, "plan", group)
    assert planned.returncode == 1 and planned.stderr == ""
    for line in ("+ group: meters\n", "+ resources: key\n"):  # it went on
        assert line in planned.stdout
    assert f"+ secrets: meter-key\n    value not known here ({absent})\n" in planned.stdout
    told = json.loads(run(service, "plan", group, "--json").stdout)
    assert told["unknownValues"] == [{"resource": "key", "secret": "meter-key", "valueFrom": source}]
    (secret,) = (each for each in told["changes"] if each["section"] == "secrets")
    assert secret["details"] == [f"value not known here ({absent})"]

    applied = run(service, "apply", group)
    assert applied.returncode == 2
    assert "resource 'key': secret.valueFrom: " in applied.stderr and refused in applied.stderr
    assert is_untouched(service)


def test_a_value_that_is_not_here_may_be_another_than_the_service_has(service, file):
    service.endpoints.boto("secretsmanager").create_secret(Name="kept", SecretString="as it was")
    group = file("env:KEPT", group="keepers", secret="kept")
    assert run(service, "apply", group, KEPT="as it was").returncode == 0
    same = run(service, "plan", group, KEPT="as it was")
    assert (same.returncode, same.stdout) == (0, "Nothing to do.\n")
    unknown = run(service, "plan", group)
    assert unknown.returncode == 1
    assert unknown.stdout == "~ secrets: kept\n    value not known here (env: KEPT is not set)\n"
    assert run(service, "apply", group).returncode == 2
    value = service.endpoints.boto("secretsmanager").get_secret_value(SecretId="kept")
    assert value["SecretString"] == "as it was"


def test_a_value_that_is_empty_or_not_typed_to_its_end_changes_nothing(service, file):
    group = file("prompt")
    for keys, why in ((b"\n", b"the value is empty"), (CTRL_C, b"nothing was changed"), (b"half" + CTRL_C, b"")):
        with typist(service, group) as person:
            person.is_asked(QUESTION)
            person.presses(keys)
            assert person.status() == 2  # and what is typed is shown again
        assert b"resource 'key': secret.valueFrom: " in person.seen and why in person.seen, person.seen
        assert b"half" not in person.seen
        assert is_untouched(service)


def test_where_nobody_can_be_asked_it_says_what_to_do(service, file):
    refused = run(service, "apply", file("prompt"))
    assert refused.returncode == 2
    assert "prompt needs a terminal" in refused.stderr and "env:NAME or file:PATH" in refused.stderr
    assert is_untouched(service)


def test_a_value_that_is_typed_is_not_shown_and_is_asked_for_once(service, file):
    group = file("prompt")
    planned = run(service, "plan", group)  # a plan asks nobody
    assert planned.returncode == 1 and "+ secrets: meter-key\n" in planned.stdout
    with typist(service, group) as person:
        person.types("st@ple & more", QUESTION)
        assert person.status() == 0, person.seen
    assert b"made the secret meter-key" in person.seen and b"st@ple" not in person.seen
    value = service.endpoints.boto("secretsmanager").get_secret_value(SecretId="meter-key")
    assert value["SecretString"] == "st@ple & more"
    assert run(service, "apply", group).stdout == "Nothing to do.\n"


def test_an_apply_that_stops_half_way_says_so_and_goes_on(service, tmp_path):
    group = tmp_path / "group.yaml"

    def write(uri):
        group.write_text(
            "format: evergrass-group-1\ngroup: halves\ncore: {thing: halves-core}\n"
            f"resources: [{{id: net, model: {{s3: '{uri}', destination: /net}}}}]\n"
        )

    write("https://elsewhere.example/net.zip")
    refused = run(service, "apply", group, "--no-deploy")
    assert refused.returncode == 2 and "made the group halves" in refused.stdout
    assert "CreateResourceDefinition answered 400" in refused.stderr
    assert "Nothing was deployed and what runs is as it was" in refused.stderr
    write("s3://models/net.zip")
    gone_on = run(service, "apply", group, "--no-deploy")
    assert gone_on.returncode == 0 and "made version" in gone_on.stdout and "made the group" not in gone_on.stdout
    assert run(service, "apply", group, "--no-deploy").stdout == "Nothing to do.\n"
