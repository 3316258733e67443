"""docs/group-files.md as its reader types it: the files and the commands come out of the page."""

import re
import shutil

import pytest

from harness import isolation, processes
from harness.core import Core
from harness.group import Thing
from harness.processes import BIN, ROOT
from harness.system import kill_all

PAGE = (ROOT / "docs/group-files.md").read_text()
FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
ANSWERS = ROOT / "tests/fixtures/saved-answers"
CERTIFICATE = "arn:aws:iot:eu-west-1:444455556666:cert/" + "c" * 64
CODE = """
def handler(event, context):
    return event
"""
TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  CoreCertificateArn: {Type: String}
Resources:
  Cores:
    Type: 'AWS::Greengrass::CoreDefinition'
    Properties:
      Name: cores
      InitialVersion:
        Cores:
          - Id: core
            CertificateArn: !Ref CoreCertificateArn
            ThingArn: !Sub 'arn:aws:iot:${AWS::Region}:${AWS::AccountId}:thing/mill-core'
  Group:
    Type: 'AWS::Greengrass::Group'
    Properties: {Name: mill, InitialVersion: {CoreDefinitionVersionArn: !GetAtt Cores.LatestVersionArn}}
"""


def blocks(kind):
    return [m[2] for m in FENCE.finditer(PAGE) if m[1] == kind]


class Reader:
    """Someone with the page's files in a folder, a service of their own, and the core of the page."""

    def __init__(self, service, folder):
        self.folder, self.service, self.core = folder, service, None
        programs = folder / "bin"
        programs.mkdir()
        # Who reads "sudo" and is root already, or runs the core themselves.
        (programs / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
        (programs / "evergrass").write_text(f'#!/bin/sh\nexec {BIN}/evergrass "$@"\n')
        for program in programs.iterdir():
            program.chmod(0o755)

    def write(self, path, text, mode=0o644):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def types(self, line, status=0):
        line = re.sub(r"--dir DIR\b", f"--dir {self.service.directory}", line)
        line = re.sub(r"--core /greengrass\b", f"--core {self.folder}/greengrass", line)
        done = processes.run(
            "bash", "-c", line, cwd=self.folder, check=False,
            env=processes.clean_env(PATH=f"{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        )  # fmt: skip
        assert done.returncode == status, f"{line}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write_group(self):
        """The page's first file; what this machine has for functions takes the place of the defaults."""
        text = blocks("yaml")[0]
        data = self.folder / "data"
        data.mkdir()
        data.chmod(0o777)  # for whom the function runs as here
        assert text.count("/var/lib/pumps") == 1
        text = text.replace("/var/lib/pumps", str(data))
        if not isolation.available():  # a function without a container has no volumes
            text = re.sub(r"^resources:\n.*\n.*\n", "", text.replace("    resources: {data: rw}\n", ""), flags=re.M)
        pinned = "    pinned: true\n"
        assert text.count(pinned) == 1
        self.write("group.yaml", text.replace(pinned, pinned + isolation.group_file_lines()))
        self.write("functions/average/average.py", CODE)

    def start_core(self):
        keys = self.folder / "certificates"
        endpoints = self.service.endpoints
        arn = endpoints.boto("iot").describe_thing(thingName="pumps-core")["thingArn"]
        thing = Thing("pumps-core", arn, "", keys / "pumps-core.cert.pem", keys / "pumps-core.private.key")
        self.core = Core(self.folder / "greengrass", endpoints, thing).start()


@pytest.fixture
def reader(service, tmp_path):
    made = Reader(service, tmp_path)
    try:
        yield made
        if made.core is not None:
            made.core.stop()
    finally:
        kill_all(tmp_path / "greengrass")


def test_the_page_says_what_happens(reader):
    moving, alone, back, bundle, imports = blocks("")
    reader.write_group()
    reader.types("evergrass group apply group.yaml --no-deploy --dir DIR")
    reader.start_core()
    for line in moving.splitlines():
        said = reader.types(line, status=1 if " plan " in line else 0)
        if " plan " in line:  # what was exported is what is there
            assert said == "~ deployment\n    the group's latest version is not deployed\n"
    assert "deployment: Success" in said
    for block, expected in (
        (alone, "The core runs deployment"),
        (back, "again. The same once more goes forward."),
        (bundle, "The core runs deployment"),
    ):
        for line in block.splitlines():
            said = reader.types(line)
        assert expected in said
    assert "BEGIN CERTIFICATE" in (reader.folder / "group-ca.pem").read_text()

    reader.write("template.yaml", TEMPLATE)
    reader.write("greengo.yaml", "Group: {name: greengo-mill}\nCores: [{name: mill-core}]\n")
    shutil.copytree(ANSWERS, reader.folder / "answers")
    lines = [line.replace("arn:aws:iot:…", CERTIFICATE) for line in imports.splitlines()]
    assert lines[2].count(" group.json core.json functions.json … ") == 1
    lines[2] = lines[2].replace(" group.json core.json functions.json … ", " answers/*.json ")
    for line, name in zip(lines, ("mill", "greengo-mill", "BoilerHouse2"), strict=True):
        reader.types(line)
        text = (reader.folder / "group.yaml").read_text()
        assert re.search(f"^group: {name}$", text, re.M), f"{line}\n{text}"
        # That it is a group file, and whose things it would make.
        assert f"+ group: {name}\n" in reader.types("evergrass group plan group.yaml --dir DIR", status=1)


def test_the_pages_secrets_and_models_are_made(reader):
    reader.write("values.yaml", "format: evergrass-group-1\ngroup: values\n" + blocks("yaml")[1])
    reader.write("models/net/weights", "1 2 3")
    reader.write("secrets/db.json", '{"user": "pump"}', 0o600)
    said = reader.types("evergrass group apply values.yaml --no-deploy --dir DIR")
    assert "made the secret pump-db" in said and "uploading the model net" in said
    (model,) = re.findall(r"uploaded it as (s3://\S+)", said)
    # Each form of `s3` in the page's table names that object, and the group is another each time.
    forms = re.findall(r"`((?:s3|https)://[^`]*KEY)`", PAGE)
    assert len(forms) == 3, forms
    bucket, _, key = model.removeprefix("s3://").partition("/")
    for form in forms:
        uri = form.replace("BUCKET", bucket).replace("KEY", key).replace("REGION", "us-east-1")
        resource = f"resources: [{{id: net, model: {{s3: '{uri}', destination: /net}}}}]\n"
        reader.write("values.yaml", "format: evergrass-group-1\ngroup: values\n" + resource)
        reader.types("evergrass group apply values.yaml --no-deploy --dir DIR")
        reader.types("evergrass group export values --code exported --dir DIR > again.yaml")
        assert (reader.folder / "exported/net.zip").exists()
        shutil.rmtree(reader.folder / "exported")
