"""A function that takes work: its events, results and end."""

import base64
import json

import pytest
from native_core import BASE, FUNCTION, INVOCATION, ROUTER, TOKEN, Close, Work, answer
from harness import waiting


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def asked(core):
    assert core.asked.acquire(timeout=waiting.HANG)


def test_event_and_result(core, start):
    start("handler")
    context = '{"custom":{"subject":"a/b"}}'
    (result,) = core.run(Work(b"echo hello", encoded(context)))
    assert (result.method, result.path) == ("POST", BASE + FUNCTION + "/work")
    assert result.headers["x-amz-invocationid"] == INVOCATION
    assert result.headers["authorization"] == TOKEN
    assert "x-amz-function-error" not in result.headers
    assert result.body.decode() == f"{FUNCTION}|{context}|echo hello"


@pytest.mark.parametrize("context", [None, "", "not base64!", "e30"])
def test_missing_or_broken_context_is_empty(core, start, context):
    start("handler")
    (result,) = core.run(Work(b"echo", context))
    assert result.body.decode() == f"{FUNCTION}||echo"


def test_handler_that_writes_nothing_gives_an_empty_result(core, start):
    start("handler")
    (result,) = core.run(Work(b"none"))
    assert result.body == b""


@pytest.mark.parametrize("text", ["plain", 'with "quotes"\nand lines', "grün"])
def test_error_of_a_handler_replaces_its_response(core, start, text):
    start("handler")
    (result,) = core.run(Work(b"fail " + text.encode()))
    assert result.headers["x-amz-function-error"] == "Handled"
    assert json.loads(result.body) == {"errorMessage": text}


def test_error_that_is_no_utf8_arrives(core, start):
    start("handler")
    (result,) = core.run(Work(b"fail a\xffb\xe2\x82"))
    assert json.loads(result.body) == {"errorMessage": "a\ufffdb\ufffd\ufffd"}


def test_invocations_follow_each_other_on_one_connection(core, start):
    start("handler")
    results = core.run(*(Work(b"echo %d" % i, invocation=f"id-{i}") for i in range(20)))
    assert [r.headers["x-amz-invocationid"] for r in results] == [f"id-{i}" for i in range(20)]
    assert core.connections == 1


def test_large_event_comes_back(core, start):
    start("handler")
    event = b"echo " + bytes(range(1, 256)) * 8_000
    (result,) = core.run(Work(event))
    assert result.body.endswith(event)


def test_handler_publishes(core, start):
    start("handler")
    (result,) = core.run(Work(b"publish"))
    assert result.body == b"0"
    assert [(r.path, r.body) for r in core.requests] == [(BASE + ROUTER, b"hello")]


def test_handler_calls_belong_to_the_handlers_thread(core, start):
    start("handler")
    (result,) = core.run(Work(b"other"))
    assert result.body == b"3"  # GGE_INVALID_STATE


def test_sigterm_ends_a_function_that_waits_for_work(core, start):
    program = start("handler")
    asked(core)
    program.terminate()
    assert program.end()[:2] == (0, "ended 5\n")  # GGE_TERMINATE


def test_sigterm_while_the_handler_works_lets_it_give_its_result(core, start):
    program = start("handler")

    def terminate(request):
        program.terminate()
        # Its wait for this answer ends: the publish gives GGE_TERMINATE.
        program.process.wait(waiting.HANG)
        return answer(202)

    core.publish = terminate
    (result,) = core.run(Work(b"publish"))
    assert result.body == b"5"
    assert program.end()[0] == 0


def test_short_loss_of_the_core_is_survived(core, start):
    start("handler")
    for broken in (Close(), Close(b"HTTP/1.1 200 OK\r\n"), answer(503, b"not yet"), answer(200)):
        asked(core)
        core.work.put(broken)
    (result,) = core.run(Work(b"echo"))
    assert result.body.decode() == f"{FUNCTION}||echo"


def test_lost_core_ends_the_function(core, start):
    program = start("handler")
    asked(core)
    core.close()
    code, out, err = program.end()
    assert (code, out) == (1, "ended 4\n")  # GGE_INTERNAL_FAILURE
    assert "no connection to the core: Connection refused" in err
    assert "The core gives no work any more" in err


def test_result_that_the_core_cannot_take_is_given_again(core, start):
    start("handler")
    answers = [answer(503), Close(), answer()]
    core.post_result = lambda request: answers.pop(0)
    core.work.put(Work(b"echo"))
    assert [core.results.get(timeout=waiting.HANG).body for _ in range(3)] == [
        f"{FUNCTION}||echo".encode()
    ] * 3


def test_result_that_comes_too_late_is_given_once(core, start):
    start("handler")
    core.post_result = lambda request: answer(404, b"the worker is not working on this invocation")
    core.run(Work(b"echo"))
    core.post_result = lambda request: answer()
    (result,) = core.run(Work(b"none"))
    assert result.body == b""
