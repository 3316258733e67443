"""The AWS APIs' door with a stock boto3: every operation of every model, signatures, client tokens."""

import datetime
from unittest import mock

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.httpsession
import pytest
from botocore.exceptions import ClientError

from harness.cloud import Cloud


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The service alone: no core, nothing in it."""
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


SERVICES = ["greengrass", "iot", "iot-data", "lambda"]

# What the gateway itself answers when authentication or routing fails.
NOT_SERVED = {
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "UnknownOperationException",
}


def sample(shape):
    """The least value that botocore lets through: required members only."""
    if shape.type_name == "structure":
        return {name: sample(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [sample(shape.member)] * max(1, shape.metadata.get("min", 1))
    if shape.type_name == "map":
        return {sample(shape.key): sample(shape.value)}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "a" * max(1, shape.metadata.get("min", 1))
    if shape.type_name == "timestamp":
        return datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)
    return {"boolean": True, "blob": b"{}"}.get(shape.type_name, shape.metadata.get("min", 1))


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_of_the_model_is_routed(service, name):
    client = service.endpoints.boto(name, parameter_validation=False)
    model = client.meta.service_model
    for operation in model.operation_names:
        parameters = sample(model.operation_model(operation).input_shape)
        method = boto3.session.botocore.xform_name(operation)
        try:
            getattr(client, method)(**parameters)
        except ClientError as refused:
            code = refused.response["Error"]["Code"]
            status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
            message = refused.response["Error"].get("Message", "")
            assert code not in NOT_SERVED, f"{operation}: {code} {message}"
            if status == 501:
                assert f"{name}:{operation}." in message
            else:
                assert 400 <= status < 500, f"{operation}: {status} {code} {message}"


def answer(endpoints, service, path="/things", secret=None, key=None):
    """(status, error type) of a GET signed as `service`."""
    request = botocore.awsrequest.AWSRequest("GET", endpoints.api_http + path)
    credentials = botocore.credentials.Credentials(
        key or endpoints.access_key_id, secret or endpoints.secret_access_key
    )
    botocore.auth.SigV4Auth(credentials, service, endpoints.region).add_auth(request)
    got = botocore.httpsession.URLLib3Session().send(request.prepare())
    assert got.headers["x-amzn-requestid"]
    return got.status_code, got.headers.get("x-amzn-ErrorType")


@pytest.mark.parametrize("signing_name", ["iot", "execute-api"])
def test_iot_is_served_under_both_signing_names(service, signing_name):
    assert answer(service.endpoints, signing_name) == (200, None)


def test_a_service_that_is_not_here_is_said_so(service):
    assert answer(service.endpoints, "dynamodb", "/") == (404, "UnknownOperationException")


def test_a_wrong_secret_and_an_unknown_key_are_told_apart(service):
    assert answer(service.endpoints, "iot", secret="x") == (403, "InvalidSignatureException")
    assert answer(service.endpoints, "iot", key="x") == (403, "UnrecognizedClientException")


def test_a_request_signed_an_hour_ago_is_refused(service):
    class HourAgo(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return super().utcnow() - datetime.timedelta(hours=1)

    with mock.patch("botocore.auth.datetime.datetime", HourAgo):
        assert answer(service.endpoints, "iot") == (403, "InvalidSignatureException")


def test_a_client_token_makes_a_call_happen_once(service):
    client = service.endpoints.boto("greengrass")
    first = client.create_group(Name="once", AmznClientToken="token")
    assert client.create_group(Name="once", AmznClientToken="token")["Id"] == first["Id"]
    with pytest.raises(ClientError) as refused:
        client.create_group(Name="other", AmznClientToken="token")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert client.create_group(Name="once", AmznClientToken="another")["Id"] != first["Id"]
