"""Every operation of the Greengrass API with a stock boto3: a good call, wrong ones, tokens, pages, tags.

The operations are those of models/greengrass.json, so one that is missing fails under its name.
"""

import json
import uuid
from urllib.parse import quote

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.httpsession
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from harness import waiting
from harness.cloud import Cloud
from harness.processes import ROOT

MODEL = json.loads((ROOT / "models/greengrass.json").read_text())
OPERATIONS = sorted(MODEL["operations"])
SHAPES = MODEL["shapes"]

ACCOUNT = "123456789012"
THING = f"arn:aws:iot:us-east-1:{ACCOUNT}:thing/"
CERTIFICATE = f"arn:aws:iot:us-east-1:{ACCOUNT}:cert/" + "a" * 64
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"
CONNECTOR = "arn:aws:greengrass:us-east-1::/connectors/SNS/versions/1"
FUNCTION = "arn:aws:lambda:::function:GGIPDetector:1"

MEMBER = {"Id": "m", "ThingArn": THING + "m", "CertificateArn": CERTIFICATE, "SyncShadow": True}

# Family: the member of a version that holds its elements, and one such element.
FAMILIES = {
    "Connector": ("Connectors", {"Id": "c", "ConnectorArn": CONNECTOR, "Parameters": {"a": "b"}}),
    "Core": ("Cores", MEMBER),
    "Device": ("Devices", MEMBER),
    "Function": ("Functions", {"Id": "f", "FunctionArn": FUNCTION, "FunctionConfiguration": {"Timeout": 3}}),
    "Logger": (
        "Loggers",
        {"Id": "l", "Component": "Lambda", "Level": "INFO", "Type": "FileSystem", "Space": 128},
    ),
    "Resource": (
        "Resources",
        {"Id": "r", "Name": "r", "ResourceDataContainer": {"LocalDeviceResourceData": {"SourcePath": "/dev/null"}}},
    ),
    "Subscription": (
        "Subscriptions",
        {"Id": "s", "Source": "cloud", "Target": "GGShadowService", "Subject": "a/#"},
    ),
}

CREATED = {name for name in OPERATIONS if name.startswith("Create") and name.endswith(("Definition", "Version", "Group"))}
NO_CONTENT = {"TagResource", "UntagResource"}
# Refused in whole, for the reason that docs/api.md gives.
NOT_THERE_YET = {"CreateSoftwareUpdateJob"}
# Nothing that a caller sends can be wrong.
WITHOUT_FAULTS = {
    "GetServiceRoleForAccount", "DisassociateServiceRoleFromAccount", "DisassociateRoleFromGroup",
    "GetConnectivityInfo", "GetThingRuntimeConfiguration",
}  # fmt: skip
# Answer for a group or thing that doesn't exist too.
FOR_ANY_ID = WITHOUT_FAULTS | {
    "AssociateRoleToGroup", "ListDeployments", "UpdateConnectivityInfo", "UpdateThingRuntimeConfiguration",
}  # fmt: skip


class World:
    """A service with one of everything, so that each operation has something to work on."""

    def __init__(self, endpoints):
        self.endpoints = endpoints
        self.client = endpoints.boto("greengrass", parameter_validation=False)
        self.definitions = {name: self.call(f"Create{name}Definition", **self.content(name)) for name in FAMILIES}
        self.group = self.new_group()
        self.deployment = self.deploy(self.group)
        s3 = endpoints.boto("s3")
        s3.create_bucket(Bucket="bulk")
        line = {"GroupId": self.group["Id"], "GroupVersionId": self.group["LatestVersion"],
                "DeploymentType": "NewDeployment"}  # fmt: skip
        s3.put_object(Bucket="bulk", Key="three", Body=3 * (json.dumps(line) + "\n").encode())
        self.bulk = self.new_bulk()

    def call(self, operation, **parameters):
        return getattr(self.client, xform_name(operation))(**parameters)

    def content(self, family):
        elements, element = FAMILIES[family]
        return {"Name": "n", "InitialVersion": {elements: [element]}}

    def new_group(self):
        arn = self.definitions["Core"]["LatestVersionArn"]
        return self.call("CreateGroup", Name="g", InitialVersion={"CoreDefinitionVersionArn": arn})

    def deploy(self, group):
        return self.call(
            "CreateDeployment", GroupId=group["Id"], GroupVersionId=group["LatestVersion"],
            DeploymentType="NewDeployment",
        )  # fmt: skip

    def bulk_input(self):
        return {"InputFileUri": "s3://bulk/three", "ExecutionRoleArn": ROLE}

    def bulk_state(self, bulk):
        return self.call("GetBulkDeploymentStatus", BulkDeploymentId=bulk["BulkDeploymentId"])["BulkDeploymentStatus"]

    def wait_for_bulk(self, bulk):
        waiting.until(
            lambda: f"the bulk deployment ends; it is {self.bulk_state(bulk)}",
            lambda: self.bulk_state(bulk) in {"Completed", "Stopped", "Failed"},
        )
        return bulk

    def new_bulk(self):
        return self.wait_for_bulk(self.call("StartBulkDeployment", **self.bulk_input()))

    def authority(self):
        group = {"GroupId": self.group["Id"]}
        return self.call("ListGroupCertificateAuthorities", **group)["GroupCertificateAuthorities"][0]

    def good(self, operation):
        """Parameters with which the operation succeeds, once at least."""
        for family, (elements, element) in FAMILIES.items():
            if family in operation and "Definition" in operation:
                return self.good_of_family(operation, family, elements, element)
        return getattr(self, "good_" + xform_name(operation))()

    def good_of_family(self, operation, family, elements, element):
        made, identity = self.definitions[family], f"{family}DefinitionId"
        if operation == f"Create{family}Definition":
            return {**self.content(family), "tags": {"a": "b"}}
        if operation == f"List{family}Definitions":
            return {}
        if operation == f"Delete{family}Definition":
            made = self.call(f"Create{family}Definition", **self.content(family))
        given = {identity: made["Id"]}
        if operation == f"Update{family}Definition":
            given["Name"] = "renamed"
        elif operation == f"Create{family}DefinitionVersion":
            given[elements] = [element]
        elif operation == f"Get{family}DefinitionVersion":
            given[f"{family}DefinitionVersionId"] = made["LatestVersion"]
        return given

    def of_group(self, **more):
        return {"GroupId": self.group["Id"], **more}

    def good_create_group(self):
        return {"Name": "g", "tags": {"a": ""}}

    def good_list_groups(self):
        return {}

    def good_get_group(self):
        return self.of_group()

    def good_update_group(self):
        return self.of_group(Name="renamed")

    def good_delete_group(self):
        return {"GroupId": self.new_group()["Id"]}

    def good_create_group_version(self):
        return self.of_group(CoreDefinitionVersionArn=self.definitions["Core"]["LatestVersionArn"])

    def good_list_group_versions(self):
        return self.of_group()

    def good_get_group_version(self):
        return self.of_group(GroupVersionId=self.group["LatestVersion"])

    def good_create_deployment(self):
        return self.of_group(GroupVersionId=self.group["LatestVersion"], DeploymentType="NewDeployment")

    def good_list_deployments(self):
        return self.of_group()

    def good_get_deployment_status(self):
        return self.of_group(DeploymentId=self.deployment["DeploymentId"])

    def good_reset_deployments(self):
        group = self.new_group()
        self.deploy(group)
        return {"GroupId": group["Id"], "Force": False}

    def good_start_bulk_deployment(self):
        return {**self.bulk_input(), "tags": {"a": "b"}}

    def good_get_bulk_deployment_status(self):
        return {"BulkDeploymentId": self.bulk["BulkDeploymentId"]}

    def good_list_bulk_deployments(self):
        return {}

    def good_list_bulk_deployment_detailed_reports(self):
        return {"BulkDeploymentId": self.bulk["BulkDeploymentId"]}

    def good_stop_bulk_deployment(self):
        """One of so many records that it is still at them."""
        line = {"GroupId": "none", "GroupVersionId": "v", "DeploymentType": "NewDeployment"}
        many = (json.dumps(line) + "\n").encode() * 100_000
        self.endpoints.boto("s3").put_object(Bucket="bulk", Key="many", Body=many)
        begun = self.call("StartBulkDeployment", InputFileUri="s3://bulk/many", ExecutionRoleArn=ROLE)
        return {"BulkDeploymentId": begun["BulkDeploymentId"]}

    def good_create_group_certificate_authority(self):
        return self.of_group()

    def good_list_group_certificate_authorities(self):
        return self.of_group()

    def good_get_group_certificate_authority(self):
        return self.of_group(CertificateAuthorityId=self.authority()["GroupCertificateAuthorityId"])

    def good_get_group_certificate_configuration(self):
        return self.of_group()

    def good_update_group_certificate_configuration(self):
        return self.of_group(CertificateExpiryInMilliseconds="2592000000")

    def good_associate_role_to_group(self):
        return self.of_group(RoleArn=ROLE)

    def good_get_associated_role(self):
        self.call("AssociateRoleToGroup", **self.of_group(RoleArn=ROLE))
        return self.of_group()

    def good_disassociate_role_from_group(self):
        return self.of_group()

    def good_associate_service_role_to_account(self):
        return {"RoleArn": ROLE}

    def good_get_service_role_for_account(self):
        self.call("AssociateServiceRoleToAccount", RoleArn=ROLE)
        return {}

    def good_disassociate_service_role_from_account(self):
        return {}

    def good_get_connectivity_info(self):
        return {"ThingName": "m"}

    def good_update_connectivity_info(self):
        entry = {"Id": "a", "HostAddress": "127.0.0.1", "PortNumber": 8883, "Metadata": ""}
        return {"ThingName": "m", "ConnectivityInfo": [entry]}

    def good_get_thing_runtime_configuration(self):
        return {"ThingName": "m"}

    def good_update_thing_runtime_configuration(self):
        return {"ThingName": "m", "TelemetryConfiguration": {"Telemetry": "Off"}}

    def good_create_software_update_job(self):
        return {
            "S3UrlSignerRole": ROLE,
            "UpdateTargets": [THING + "m"],
            "UpdateTargetsArchitecture": "x86_64",
            "UpdateTargetsOperatingSystem": "ubuntu",
            "SoftwareToUpdate": "core",
        }

    def good_tag_resource(self):
        return {"ResourceArn": self.group["Arn"], "tags": {"a": "b"}}

    def good_untag_resource(self):
        return {"ResourceArn": self.group["Arn"], "TagKeys": ["a", "b c"]}

    def good_list_tags_for_resource(self):
        return {"ResourceArn": self.group["Arn"]}

    def end(self, operation, answered):
        """One bulk deployment at a time: the next test finds none."""
        if "BulkDeploymentId" in answered:
            self.wait_for_bulk(answered)
        elif operation == "StopBulkDeployment":
            self.wait_for_bulk(self.call("ListBulkDeployments")["BulkDeployments"][0])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield World(running.endpoints)


def input_of(operation):
    return SHAPES[MODEL["operations"][operation].get("input")]


def members_in(operation, *places):
    found = input_of(operation).get("members", {}).items()
    return {name: member for name, member in found if member.get("location", "body") in places}


def without_metadata(answered):
    return {name: value for name, value in answered.items() if name != "ResponseMetadata"}


def test_the_model_has_the_operations_of_the_installed_boto3(world):
    assert len(OPERATIONS) == 92
    assert OPERATIONS == sorted(world.client.meta.service_model.operation_names)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_good_call(world, operation):
    parameters = world.good(operation)
    if operation in NOT_THERE_YET:
        with pytest.raises(ClientError) as refused:
            world.call(operation, **parameters)
        answered = refused.value.response
        assert answered["ResponseMetadata"]["HTTPStatusCode"] == 501
        assert f"greengrass:{operation}" in answered["Error"]["Message"]
        return
    answered = world.call(operation, **parameters)
    world.end(operation, answered)
    status = answered["ResponseMetadata"]["HTTPStatusCode"]
    assert status == (201 if operation in CREATED else 204 if operation in NO_CONTENT else 200)
    output = SHAPES[MODEL["operations"][operation].get("output", "")]["members"] if status != 204 else {}
    unexplained = {"NextToken", "LatestVersion", "LatestVersionArn", "Message", "ErrorMessage", "ErrorDetails"}
    missing = set(output) - set(without_metadata(answered)) - unexplained
    assert not missing, f"the answer lacks {sorted(missing)}"


def raw(world, operation, parameters, body):
    """(status, error type, message) of the call with this body, whatever boto3 would make of it."""
    modelled = MODEL["operations"][operation]
    path, query, headers = modelled["uri"], [], {}
    for name, member in members_in(operation, "uri", "querystring", "header").items():
        if name not in parameters:
            continue
        value = parameters[name]
        if member["location"] == "uri":
            path = path.replace("{%s}" % member["locationName"], quote(value, safe=""))
        elif member["location"] == "querystring":
            query += [f"{member['locationName']}={quote(v, safe='')}" for v in (value if isinstance(value, list) else [value])]
        else:
            headers[member["locationName"]] = value
    url = world.endpoints.api_http + path + ("?" + "&".join(query) if query else "")
    request = botocore.awsrequest.AWSRequest(modelled["method"], url, headers=headers, data=body)
    credentials = botocore.credentials.Credentials(world.endpoints.access_key_id, world.endpoints.secret_access_key)
    botocore.auth.SigV4Auth(credentials, "greengrass", world.endpoints.region).add_auth(request)
    got = botocore.httpsession.URLLib3Session().send(request.prepare())
    answered = json.loads(got.content or b"{}")
    return got.status_code, got.headers.get("x-amzn-ErrorType", ""), answered.get("Message", "")


def wrong_value(shape):
    """What can't be read as this shape."""
    return {"string": {"not": "a text"}, "boolean": "maybe", "integer": "many"}.get(SHAPES[shape]["type"], "no such thing")


def faults_of(operation):
    """(what is wrong, how parameters change, the member that the refusal names)."""
    for name, member in members_in(operation, "body").items():
        sent = member.get("locationName", name)
        yield f"{name} of another type", {name: wrong_value(member["shape"])}, sent
        if "enum" in SHAPES[member["shape"]]:
            yield f"{name} no choice", {name: "Nonsense"}, " ".join(words(name)).lower()
        if name in input_of(operation).get("required", []):
            yield f"{name} missing", {name: None}, name
    for name in members_in(operation, "querystring"):
        if name == "MaxResults":
            yield "MaxResults no number", {name: "many"}, name
            yield "MaxResults zero", {name: "0"}, name
        elif name == "NextToken":
            yield "NextToken of nobody", {name: "nonsense"}, name
    if members_in(operation, "header"):
        yield "token too long", {"AmznClientToken": "a" * 65}, "AmznClientToken"
    for name in members_in(operation, "uri"):
        if operation not in FOR_ANY_ID:
            yield f"unknown {name}", {name: str(uuid.UUID(int=7))}, None


def words(name):
    word = ""
    for letter in name:
        if letter.isupper() and word:
            yield word
            word = ""
        word += letter
    yield word


@pytest.mark.parametrize("operation", OPERATIONS)
def test_wrong_calls_are_refused_and_the_member_is_named(world, operation):
    if operation == "StopBulkDeployment":
        good = {"BulkDeploymentId": world.bulk["BulkDeploymentId"]}
    else:
        good = world.good(operation)
    in_body = members_in(operation, "body")
    seen = 0
    for what, change, named in faults_of(operation):
        seen += 1
        parameters = {k: v for k, v in {**good, **change}.items() if v is not None}
        body = {in_body[k].get("locationName", k): v for k, v in parameters.items() if k in in_body}
        status, code, message = raw(world, operation, parameters, json.dumps(body).encode() if in_body else b"")
        assert 400 <= status < 500, f"{what}: {status} {code} {message}"
        assert message, what
        if named:
            assert status == 400, f"{what}: {status} {code} {message}"
            assert named.lower() in message.lower(), f"{what}: {message}"
    if in_body:
        for body in (b"{", b"[]", b'"text"', b"\xff"):
            status, code, message = raw(world, operation, good, body)
            assert (status, code) == (400, "BadRequestException"), f"{body}: {status} {code} {message}"
    assert seen or operation in WITHOUT_FAULTS


REQUIRED = [
    (family, member) for family in FAMILIES for member in sorted(SHAPES[family].get("required", []))
]  # fmt: skip


@pytest.mark.parametrize("family, member", REQUIRED)
def test_an_element_without_a_required_member_is_refused_and_both_are_named(world, family, member):
    elements, element = FAMILIES[family]
    lacking = [{name: value for name, value in element.items() if name != member}]
    before = len(world.call(f"List{family}Definitions", MaxResults="200")["Definitions"])
    with pytest.raises(ClientError) as refused:
        world.call(f"Create{family}Definition", InitialVersion={elements: lacking})
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidInputException"
    assert f"{elements}[0].{member}" in error["Message"] or f"{elements}.1.member.{member}" in error["Message"]
    assert len(world.call(f"List{family}Definitions", MaxResults="200")["Definitions"]) == before


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if members_in(o, "header") and o not in NOT_THERE_YET])
def test_a_client_token_makes_it_happen_once(world, operation):
    parameters = {**world.good(operation), "AmznClientToken": str(uuid.uuid4())}
    first = world.call(operation, **parameters)
    again = world.call(operation, **parameters)
    world.end(operation, first)
    assert without_metadata(again) == without_metadata(first)


PAGED = [name for name in OPERATIONS if "NextToken" in members_in(name, "querystring") and name.startswith("List")]


@pytest.mark.parametrize("operation", PAGED)
def test_pages_hold_what_the_whole_list_holds(world, operation):
    maker = {"ListBulkDeployments": world.new_bulk, "ListDeployments": lambda: world.deploy(world.group)}
    create = operation.replace("List", "Create", 1)[:-1]
    for _ in range(3):
        if operation in maker:
            maker[operation]()
        elif create in OPERATIONS:
            world.call(create, **world.good(create))
    parameters = world.good(operation)
    (result,) = [name for name in SHAPES[MODEL["operations"][operation]["output"]]["members"] if name != "NextToken"]
    whole = world.call(operation, **parameters, MaxResults="200")[result]
    assert len(whole) >= 3
    paged, token = [], {}
    while True:
        page = world.call(operation, **parameters, MaxResults="2", **token)
        assert len(page[result]) <= 2
        paged += page[result]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert paged == whole


@pytest.mark.parametrize("kind", [*FAMILIES, "Group", "BulkDeployment"])
def test_everything_that_has_an_arn_of_its_own_has_tags(world, kind):
    if kind == "Group":
        create, arn = "CreateGroup", "Arn"
    elif kind == "BulkDeployment":
        create, arn = "StartBulkDeployment", "BulkDeploymentArn"
    else:
        create, arn = f"Create{kind}Definition", "Arn"
    made = world.call(create, **{**world.good(create), "tags": {"a": "1", "b": "", "c d/é": "x"}})
    world.end(create, made)
    resource = {"ResourceArn": made[arn]}
    world.call("TagResource", **resource, tags={"a": "2"})
    world.call("UntagResource", **resource, TagKeys=["c d/é", "never"])
    assert world.call("ListTagsForResource", **resource)["tags"] == {"a": "2", "b": ""}


def test_a_definitions_arn_has_the_slash_of_the_documentation(world):
    for family, made in world.definitions.items():
        begin = f"arn:aws:greengrass:us-east-1:{ACCOUNT}:/greengrass/definition/{family.lower()}s/{made['Id']}"
        assert made["Arn"] == begin
        assert made["LatestVersionArn"] == f"{begin}/versions/{made['LatestVersion']}"


def test_a_definition_and_its_versions_live_and_go_together(world):
    for family, (elements, element) in FAMILIES.items():
        identity = f"{family}DefinitionId"
        made = world.call(f"Create{family}Definition", Name="first")
        assert "LatestVersion" not in made
        given = {identity: made["Id"]}
        version = world.call(f"Create{family}DefinitionVersion", **given, **{elements: [element]})
        shown = world.call(f"Get{family}Definition", **given)
        assert shown["LatestVersion"] == version["Version"]
        held = world.call(f"Get{family}DefinitionVersion", **given, **{f"{family}DefinitionVersionId": version["Version"]})
        assert held["Definition"][elements] == [element]
        assert held["Id"] == made["Id"]
        world.call(f"Delete{family}Definition", **given)
        with pytest.raises(ClientError) as gone:
            world.call(f"Get{family}Definition", **given)
        assert gone.value.response["Error"]["Code"] == "IdNotFoundException"


def test_bulk_deployment_from_start_to_reports(world):
    status = world.call("GetBulkDeploymentStatus", BulkDeploymentId=world.bulk["BulkDeploymentId"])
    assert status["BulkDeploymentStatus"] == "Completed"
    assert status["BulkDeploymentMetrics"] == {"RecordsProcessed": 3, "InvalidInputRecords": 0, "RetryAttempts": 0}
    reports = world.call("ListBulkDeploymentDetailedReports", BulkDeploymentId=world.bulk["BulkDeploymentId"])
    made = reports["Deployments"]
    assert [each["GroupArn"] for each in made] == [world.group["LatestVersionArn"]] * 3
    for each in made:
        world.call("GetDeploymentStatus", GroupId=world.group["Id"], DeploymentId=each["DeploymentId"])


def test_a_bulk_deployment_goes_on_after_the_service_was_killed(tmp_path):
    with Cloud(tmp_path) as service:
        world = World(service.endpoints)
        line = {"GroupId": world.group["Id"], "GroupVersionId": world.group["LatestVersion"],
                "DeploymentType": "NewDeployment"}  # fmt: skip
        s3 = service.endpoints.boto("s3")
        s3.put_object(Bucket="bulk", Key="many", Body=300 * (json.dumps(line) + "\n").encode())
        before = len(every_deployment(world))
        bulk = world.call("StartBulkDeployment", InputFileUri="s3://bulk/many", ExecutionRoleArn=ROLE)
        identity = {"BulkDeploymentId": bulk["BulkDeploymentId"]}
        waiting.until(
            lambda: "some records were processed",
            lambda: world.call("GetBulkDeploymentStatus", **identity)["BulkDeploymentMetrics"]["RecordsProcessed"],
        )
        service.kill()
        service.start()
        world.wait_for_bulk(bulk)
        status = world.call("GetBulkDeploymentStatus", **identity)
        assert status["BulkDeploymentStatus"] == "Completed"
        assert status["BulkDeploymentMetrics"]["RecordsProcessed"] == 300
        assert len(every_deployment(world)) == before + 300, "each record was deployed once"


def every_deployment(world):
    pages = world.client.get_paginator("list_deployments").paginate(GroupId=world.group["Id"])
    return [deployment for page in pages for deployment in page["Deployments"]]
