#!/usr/bin/python3
"""Reduces the AWS service models of Debian's python3-botocore to what the gateway needs.

Run by hand when a model changes, never by the build:  /usr/bin/python3 models/generate.py
Writes SERVICE.json beside this file: operations and shapes, no documentation; sorted and compact, one operation or
shape a line, so that a difference between two versions reads well.
"""

import json
import pathlib
import re

import botocore

SERVICES = {
    "greengrass": "2017-06-07",
    "iot": "2015-05-28",
    "iot-data": "2015-05-28",
    "iot-jobs-data": "2017-09-29",
    "lambda": "2015-03-31",
    "secretsmanager": "2017-10-17",
    "logs": "2014-03-28",
    "iam": "2010-05-08",
    "sts": "2011-06-15",
}

SHAPE_KEYS = ("type", "required", "enum", "min", "max", "payload", "streaming", "timestampFormat", "exception")
MEMBER_KEYS = ("location", "locationName", "timestampFormat", "jsonvalue", "idempotencyToken")

# Values that AWS added to an enumeration after the model was published, or takes without naming them.
LATER_VALUES = {
    ("lambda", "Runtime"): [
        "arn:aws:greengrass:::runtime/function/executable", "java17", "java21", "nodejs20.x", "nodejs22.x",
        "provided.al2023", "python3.10", "python3.11", "python3.12", "python3.13", "ruby3.2", "ruby3.3",
    ],
}

# Java's names of ASCII classes, which other engines spell differently.
JAVA_CLASSES = {r"\p{Graph}": "!-~", r"\p{Upper}": "A-Z", r"\p{Digit}": "0-9", r"\p{Cntrl}": r"\x00-\x1f\x7f"}


def reduced_pattern(pattern):
    for java, portable in JAVA_CLASSES.items():
        pattern = pattern.replace(java, portable)
    return re.sub(r"\\u([0-9A-Fa-f]{4})", r"\\x{\1}", pattern)


def reduced_member(member):
    return {"shape": member["shape"], **{key: member[key] for key in MEMBER_KEYS if key in member}}


def reduced_shape(shape, later_values):
    reduced = {key: shape[key] for key in SHAPE_KEYS if key in shape}
    if later_values:
        reduced["enum"] = reduced["enum"] + [value for value in later_values if value not in reduced["enum"]]
    if "pattern" in shape:
        reduced["pattern"] = reduced_pattern(shape["pattern"])
    if "error" in shape and "httpStatusCode" in shape["error"]:
        reduced["status"] = shape["error"]["httpStatusCode"]
    if shape["type"] == "structure":
        reduced["members"] = {name: reduced_member(m) for name, m in shape["members"].items()}
    elif shape["type"] == "list":
        reduced["member"] = shape["member"]["shape"]
    elif shape["type"] == "map":
        reduced["key"] = shape["key"]["shape"]
        reduced["value"] = shape["value"]["shape"]
    return reduced


def reduced_operation(operation):
    reduced = {"method": operation["http"]["method"], "uri": operation["http"]["requestUri"]}
    if operation["http"].get("responseCode", 200) != 200:
        reduced["status"] = operation["http"]["responseCode"]
    for side in ("input", "output"):
        if side in operation:
            reduced[side] = operation[side]["shape"]
    reduced["errors"] = sorted(error["shape"] for error in operation.get("errors", []))
    return reduced


def lines(entries):
    return ",\n".join(
        json.dumps(name) + ":" + json.dumps(entries[name], sort_keys=True, separators=(",", ":"))
        for name in sorted(entries)
    )


def main():
    data = pathlib.Path(botocore.__file__).parent / "data"
    for service, version in SERVICES.items():
        model = json.loads((data / service / version / "service-2.json").read_text(encoding="utf-8"))
        operations = {name: reduced_operation(op) for name, op in model["operations"].items()}
        shapes = {
            name: reduced_shape(shape, LATER_VALUES.get((service, name))) for name, shape in model["shapes"].items()
        }
        text = '{"version":%s,\n"operations":{\n%s},\n"shapes":{\n%s}}\n' % (
            json.dumps(version),
            lines(operations),
            lines(shapes),
        )
        (pathlib.Path(__file__).parent / (service + ".json")).write_text(text, encoding="utf-8")
        print(f"{service}: {len(operations)} operations, {len(shapes)} shapes, {len(text)} bytes")


if __name__ == "__main__":
    main()
