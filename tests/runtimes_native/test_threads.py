"""The runtime on a thread of its own, beside threads that publish."""

import native_programs
import pytest
from native_core import FUNCTION, Work
from harness import waiting

THREADS, MESSAGES = 8, 25


@pytest.fixture(scope="session")
def thread_sanitized(tmp_path_factory):
    return native_programs.Sanitized(tmp_path_factory.mktemp("thread"), "thread")


@pytest.fixture(params=["stub", "sanitized", "thread_sanitized"])
def built(request):
    return request.getfixturevalue(request.param)


def payloads(core):
    return {request.body.decode() for request in core.requests}


def test_threads_publish_while_the_handler_works(core, start):
    program = start("threads", str(THREADS), str(MESSAGES))
    results = core.run(*(Work(b"") for _ in range(20)))
    assert {r.body.decode() for r in results} == {FUNCTION}
    wanted = {f"{t}/{m}" for t in range(THREADS) for m in range(MESSAGES)}
    waiting.until("all was published", lambda: wanted | {"x"} <= payloads(core))
    program.terminate()
    code, out, err = program.end()
    published = [line for line in out.splitlines() if line.startswith("published ")]
    assert code == 0, err
    assert len(published) == THREADS * MESSAGES
    assert out.endswith("published\nended 5\n")


def test_sigterm_ends_a_program_whose_main_thread_waits_for_ever(core, start):
    program = start("threads", "1", "1", "wait")
    core.run(Work(b""))
    waiting.until("it is ready", lambda: "ready" in payloads(core))
    program.terminate()
    code, out, err = program.end()
    assert code == 0, err
    assert "published\n" in out  # what stood in stdio's buffer


def test_lost_core_ends_a_program_whose_main_thread_waits_for_ever(core, start):
    program = start("threads", "1", "1", "wait")
    core.run(Work(b""))
    waiting.until("it is ready", lambda: "ready" in payloads(core))
    core.close()
    code, _, err = program.end()
    assert code == 1 and "The core gives no work any more" in err
