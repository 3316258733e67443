"""`evergrass check FILE` before a deployment."""

import json

import pytest

from harness import processes
from harness.processes import BIN

EVERGRASS = BIN / "evergrass"
THING = "arn:aws:iot:eu-north-1:111122223333:thing/"
FUNCTION = "arn:aws:lambda:eu-north-1:111122223333:function:f:1"


def group_json(*subscriptions, devices=("a", "b")):
    return {
        "Devices": [{"thingArn": THING + name} for name in devices],
        "GroupDefinitions": {
            "Lambdas": {"ref": None, "Content": [{"FunctionArn": FUNCTION}]},
            "Subscriptions": {
                "ref": None,
                "Content": [
                    {"Id": id, "Source": source, "Subject": subject, "Target": target}
                    for id, source, subject, target in subscriptions
                ],
            },
        },
    }


@pytest.fixture
def check(tmp_path):
    def run(content, *options):
        file = tmp_path / "group.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return processes.run(EVERGRASS, "check", file, *options, check=False)

    return run


def test_a_sound_group_passes(check):
    done = check(group_json(("1", THING + "a", "t", THING + "b"), ("2", THING + "a", "u", "cloud")))
    assert done.returncode == 0
    assert done.stdout.endswith("V1's group.json, 2 subscriptions, 0 errors, 0 warnings\n")


def test_errors_end_with_1_and_name_file_and_subscription(check, tmp_path):
    done = check(
        group_json(
            ("dead", THING + "gone", "t", "cloud"),
            ("round", "cloud", "t", "cloud"),
            ("broad", THING + "a", "#", "cloud"),
        )
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{tmp_path}/group.json: error: subscription 'dead' [dead]: ")
    assert lines[1].startswith(f"{tmp_path}/group.json: error: subscription 'round' [loop]: ")
    assert lines[2].startswith(f"{tmp_path}/group.json: warning: subscription 'broad' [over_broad]")


def test_warnings_alone_end_with_0(check):
    done = check(
        group_json(
            ("1", THING + "a", "t/x", FUNCTION),
            ("2", THING + "a", "t/+", FUNCTION),
            ("3", FUNCTION, "t/x", THING + "a"),
        ),
        "--json",
    )
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert (told["errors"], told["warnings"]) == (0, 2)
    assert {f["rule"] for f in told["findings"]} == {"shadowed", "loop"}


def test_a_definition_of_the_api_is_taken(check):
    definition = {"Subscriptions": [{"Id": "x", "Source": "cloud", "Subject": "a/#/b", "Target": FUNCTION}]}
    done = check({"Definition": definition}, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["fileKind"] == "definition of the Greengrass API"
    assert told["findings"][0]["rule"] == "invalid"
    assert "a/#/b" in told["findings"][0]["message"]


@pytest.mark.parametrize("content", ["", "name: group\n", "[]", '{"a": 1}', '{"Subscriptions": 7}'])
def test_what_is_no_group_ends_with_2_and_says_what_is_known(check, content, tmp_path):
    done = check(content)
    assert done.returncode == 2
    assert f"{tmp_path}/group.json" in done.stderr
    assert "Subscriptions" in done.stderr


def test_a_missing_file_is_named(tmp_path):
    done = processes.run(EVERGRASS, "check", tmp_path / "none.json", check=False)
    assert done.returncode == 2
    assert "none.json" in done.stderr
