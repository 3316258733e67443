"""Each call: what the core gets and what the program is told of its answer."""

import base64
import json

import pytest
from native_core import (BASE, FUNCTION, INVOCATION, ROUTER, SECRETS, SHADOW, TOKEN, Close, Result,
                       answer)  # fmt: skip

OTHER = "arn:aws:lambda:eu-west-1:123456789012:function:other"

SUCCESS, INVALID_PARAMETER, INTERNAL_FAILURE = 0, 2, 4
HANDLED, UNHANDLED, UNKNOWN, AGAIN = 1, 2, 3, 4


def decoded(context):
    return json.loads(base64.b64decode(context, validate=True))


# --- Publish -------------------------------------------------------------------------------------


def test_publish_is_an_event_to_the_router(core, call):
    assert call("publish", "a/b", "hello") == (SUCCESS, 0, "")
    (request,) = core.requests
    assert (request.method, request.path, request.body) == ("POST", BASE + ROUTER, b"hello")
    assert request.headers["authorization"] == TOKEN
    assert request.headers["x-amz-invocation-type"] == "Event"
    assert request.headers["host"] == f"localhost:{core.port}"
    assert decoded(request.context) == {"custom": {"source": FUNCTION, "subject": "a/b"}}


def test_publish_without_payload(core, call):
    assert call("publish", "a/b", "") == (SUCCESS, 0, "")
    assert core.requests[0].body == b""


@pytest.mark.parametrize("topic", ['q"uote', "back\\slash", "line\nend", "\x01\x1f\x7f", "grün/🌱"])
def test_topics_are_escaped(core, call, topic):
    call("publish", topic, "x")
    assert decoded(core.requests[0].context)["custom"]["subject"] == topic


@pytest.mark.parametrize("size", range(1, 8))
def test_client_context_is_padded_base64(core, call, size):
    call("publish", "t" * size, "x")
    assert decoded(core.requests[0].context)["custom"]["subject"] == "t" * size


@pytest.mark.parametrize(
    "verb, policy", [("publish_best", "BestEffort"), ("publish_all", "AllOrError")]
)
def test_queue_full_policy_is_told(core, call, verb, policy):
    call(verb, "a/b", "x")
    assert decoded(core.requests[0].context)["custom"]["queueFullPolicy"] == policy


def test_full_queue_is_again(core, call):
    core.publish = lambda request: answer(429, b"a target's queue is full")
    assert call("publish_all", "a", "x") == (SUCCESS, AGAIN, "a target's queue is full")


def test_other_refusal_is_unknown_and_is_logged(core, start):
    core.publish = lambda request: answer(403, b"the token is wrong\n")
    code, out, err = start("calls", "publish", "a", "x").end()
    assert (code, out) == (0, "0 3 the token is wrong\n\n")
    assert f"{ROUTER}: HTTP status 403, the token is wrong" in err
    assert TOKEN not in err


def test_calls_share_a_connection(core, start):
    code, out, _ = start("calls", "publish_numbered", "20").end()
    assert (code, out) == (0, "0 0 \n" * 20)
    assert core.connections == 1


def test_connection_that_the_core_closed_is_replaced(core, start):
    core.publish = lambda request: Close(answer(202))
    code, out, _ = start("calls", "publish_numbered", "10").end()
    assert (code, out) == (0, "0 0 \n" * 10)
    assert len(core.requests) == 10  # each arrived once


def test_large_payloads_pass(core, call):
    payload = "x" * 100_000  # as much as a command line takes
    core.functions[OTHER + ":1"] = Result(body=payload.encode() * 80)
    assert call("invoke", OTHER + ":1", "-", "-", payload) == (SUCCESS, 0, payload * 80)
    assert core.requests[0].body == payload.encode()


def test_no_core_is_an_internal_failure(core, call):
    core.close()
    assert call("publish", "a", "x") == (INTERNAL_FAILURE, UNKNOWN, "(none)")


# --- Invoke --------------------------------------------------------------------------------------


def test_invoke_waits_for_the_result(core, call):
    core.functions[OTHER + ":1"] = Result(body=b"the result of it")
    context = base64.b64encode(b'{"custom":{"k":1}}').decode()
    assert call("invoke", OTHER, "1", context, "in") == (SUCCESS, 0, "the result of it")
    post, get = core.requests
    assert (post.method, post.path, post.body) == ("POST", BASE + OTHER + ":1", b"in")
    assert post.headers["x-amz-invocation-type"] == "RequestResponse"
    assert post.context == context
    assert (get.method, get.path) == ("GET", BASE + OTHER + ":1")
    assert get.headers["x-amz-invocationid"] == INVOCATION
    assert get.headers["authorization"] == TOKEN


def test_invoke_event_does_not_wait(core, call):
    core.functions[OTHER + ":$LATEST"] = Result(body=b"not read")
    assert call("invoke_event", OTHER + ":$LATEST", "-", "-", "-") == (SUCCESS, 0, "")
    (post,) = core.requests
    assert post.headers["x-amz-invocation-type"] == "Event"
    assert (post.context, post.body) == ("", b"")


def test_qualifier_may_repeat_the_version_of_the_arn(core, call):
    core.functions[OTHER + ":7"] = Result(body=b"seven")
    assert call("invoke", OTHER + ":7", "7", "-", "x") == (SUCCESS, 0, "seven")


@pytest.mark.parametrize(
    "error, status",
    [("Handled", HANDLED), ("Unhandled", UNHANDLED), ("", 0), (None, 0), ("Strange", UNKNOWN)],
)
def test_status_of_an_invoke(core, call, error, status):
    core.functions[OTHER + ":1"] = Result(body=b'{"errorMessage":"why"}', error=error)
    assert call("invoke", OTHER + ":1", "-", "-", "x") == (
        SUCCESS,
        status,
        '{"errorMessage":"why"}',
    )


def test_unknown_function_is_unknown(call):
    assert call("invoke", OTHER + ":1", "-", "-", "x") == (SUCCESS, UNKNOWN, "no such function")


def test_invoke_of_a_full_core_is_again(core, call):
    core.functions[OTHER + ":1"] = Result(accepted=answer(429, b"full"))
    assert call("invoke", OTHER + ":1", "-", "-", "x") == (SUCCESS, AGAIN, "full")


def test_invocation_without_id_is_an_internal_failure(core, call):
    core.functions[OTHER + ":1"] = Result(accepted=answer(200))
    assert call("invoke", OTHER + ":1", "-", "-", "x") == (INTERNAL_FAILURE, UNKNOWN, "(none)")


def test_result_that_ends_early_is_an_internal_failure(core, call):
    core.functions[OTHER + ":1"] = Result(body=Close(answer(200, b"whole")[:-1]))
    assert call("invoke", OTHER + ":1", "-", "-", "x") == (INTERNAL_FAILURE, UNKNOWN, "(none)")


# --- Shadows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation, arguments, body",
    [("get", [], b""), ("update", ['{"state":{}}'], b'{"state":{}}'), ("delete", [], b"")],
)
def test_shadow_calls(core, call, operation, arguments, body):
    document = '{"state":{"code":1,"message":"m"},"version":2}'
    core.functions[SHADOW] = Result(body=document.encode())
    assert call(f"{operation}_shadow", "thing:1", *arguments) == (SUCCESS, 0, document)
    post = core.requests[0]
    subject = f"$aws/things/thing:1/shadow/{operation}"
    assert decoded(post.context) == {"custom": {"subject": subject}}
    assert (post.headers["x-amz-invocation-type"], post.body) == ("RequestResponse", body)


@pytest.mark.parametrize(
    "result",
    [
        Result(body=b'{"code":404,"message":"No shadow exists with name: \'thing\'"}'),
        Result(body=b' {\n"timestamp": [{"code":1}], "message" : "}\\"", "code": 409}'),
        Result(body=b"why", error="Handled"),
        Result(body=b"why", error="Unhandled"),
    ],
)
def test_errors_of_shadows_are_handled(core, call, result):
    core.functions[SHADOW] = result
    assert call("get_shadow", "thing")[:2] == (SUCCESS, HANDLED)


@pytest.mark.parametrize(
    "body", [b'{"code":1}', b'{"a":"\\"code\\":1,", "message":"m"}', b'["code","message"]', b"{"]
)
def test_what_is_no_error_of_shadows(core, call, body):
    core.functions[SHADOW] = Result(body=body)
    assert call("get_shadow", "thing") == (SUCCESS, 0, body.decode())


# --- Secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, body",
    [
        (["name", "-", "-"], {"SecretId": "name"}),
        (["na\"me", "-", "AWSCURRENT"], {"SecretId": 'na"me', "VersionStage": "AWSCURRENT"}),
        (["name", "v1", "-"], {"SecretId": "name", "VersionId": "v1"}),
    ],
)
def test_secret_calls(core, call, arguments, body):
    secret = '{"ARN":"a","Name":"n","VersionId":"v","SecretString":"s","CreatedDate":1}'
    core.functions[SECRETS] = Result(body=secret.encode())
    assert call("secret", *arguments) == (SUCCESS, 0, secret)
    assert json.loads(core.requests[0].body) == body
    assert core.requests[0].context == ""


def test_errors_of_secrets_are_handled(core, call):
    core.functions[SECRETS] = Result(body=b'{"Status":401,"Message":"no right"}')
    assert call("secret", "n", "-", "-") == (SUCCESS, HANDLED, '{"Status":401,"Message":"no right"}')


# --- All of them ---------------------------------------------------------------------------------


def test_every_parameter_is_checked(core, start):
    assert start("parameters").end()[:2] == (0, "a line before gg_global_init\nchecked\n")
    assert core.requests == []


@pytest.mark.parametrize(
    "name, value",
    [
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nb"),
        ("MY_FUNCTION_ARN", ""),
        ("MY_FUNCTION_ARN", "a b"),
        ("GG_DAEMON_PORT", "0"),
        ("GG_DAEMON_PORT", "65536"),
        ("GG_DAEMON_PORT", "http"),
    ],
)
def test_start_without_a_core_names_the_variable(start, name, value):
    code, _, err = start("handler", environment={name: value}).end()
    assert code == 1 and name in err


def test_core_on_another_address_is_found(core, start):
    uri = f"http://127.0.0.1:{core.port}/2016-11-01/credentialprovider/"
    program = start("calls", "publish", "a", "x",
                    environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri})  # fmt: skip
    assert program.end()[:2] == (0, "0 0 \n")
