"""The Java runtime with a core that is made of Python: functions as a user's build makes them, for Java 8."""

import base64
import contextlib
import json
import queue
import random
import re
import shutil
import socket
import threading
from pathlib import Path

import pytest
from core_of_runtimes import ARN, ROUTER, SECRETS, SHADOW, FakeCore, Worker

from harness import processes, waiting
from harness.processes import BIN, ROOT

JARS = BIN.parent / "share/evergrass/runtime/java"
RUNTIME, OUR_SDK = JARS / "evergrass-runtime.jar", JARS / "evergrass-sdk.jar"
SOURCES = ROOT / "tests/runtimes/java"
# Not in the tree: AWS's own, of github.com/aws/aws-greengrass-core-sdk-java, sdk/ in its releases from 1.4.0 on.
PUBLISHED_SDKS = ROOT / "tests/interop/java"
MAIN = "com.amazonaws.greengrass.runtime.LambdaRuntime"
OTHER = "arn:aws:lambda:eu-north-1:111122223333:function:other:2"

pytestmark = pytest.mark.skipif(
    not RUNTIME.exists() or not shutil.which("javac"), reason="this build has no Java runtime: it needs a JDK"
)


def compile_java(folder, into, *class_path, release="8"):
    sources = sorted(str(path) for path in folder.rglob("*.java"))
    paths = ":".join(str(path) for path in (RUNTIME, *class_path, OUR_SDK))
    into.mkdir(parents=True, exist_ok=True)
    processes.run("javac", "--release", release, "-Xlint:-options", "-encoding", "UTF-8",
                  "-cp", paths, "-d", into, *sources)  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The unpacked package of all functions of handlers/."""
    folder = tmp_path_factory.mktemp("java")
    compile_java(SOURCES / "handlers", folder)
    (folder / "own.txt").write_text("a resource")
    return folder


@pytest.fixture
def core():
    with FakeCore() as made:
        yield made


def command(handler, *options, java="java"):
    """As edge/functions/runtime_java.cpp makes it."""
    path = f"{RUNTIME}:.:lib/*:{OUR_SDK}"
    return [java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData",
            "-Dfile.encoding=UTF-8", *options, "-cp", path, MAIN, f"--handler={handler}", "--own-flag"]  # fmt: skip


@pytest.fixture
def start(core, package):
    """start(handler): a worker; it has ended when the test has."""
    workers = []

    def start(handler, *options, folder=package, java="java", **more):
        worker = Worker(core, command(handler, *options, java=java), folder, **more)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.__exit__()


# --- Handlers and their results -------------------------------------------------------------------


def test_a_handler_returns_a_result_and_the_next_work_comes(core, start):
    worker = start("t.Basic::sum")
    for number in range(20):
        answer = core.call({"a": number, "b": 1}, invocation=f"id-{number}")
        assert (answer.json, answer.error) == (number + 1, None)
    worker.wait_for_log("INFO", "START RequestId: id-19")
    worker.wait_for_log("INFO", "End RequestId: id-18")
    assert core.connections == 1, "one connection is kept for all"


@pytest.mark.parametrize(
    "handler, result",
    [
        ("t.Basic::noParameters", "none"),
        ("t.Basic::onlyContext", "1-2-3"),
        ("t.Basic::nothing", None),
        ("t.Basic::fixed", "static"),
        ("t.Basic::handleRequest", "two parameters"),
        ("t.Basic", "two parameters"),
        ("t.Basic::tie", "context"),
    ],
)
def test_every_form_of_a_handler_and_the_choice_between_overloads(core, start, handler, result):
    start(handler)
    assert core.call({}).json == result


def test_one_object_serves_all_invocations(core, start):
    start("t.Basic::count")
    assert [core.call({}).json for _ in range(3)] == [1, 2, 3]


def test_values_of_every_kind_come_as_java_has_them(core, start):
    start("t.Basic::kindOf")
    kinds = {
        b"1": "Integer", b"-3000000000": "Long", b"9223372036854775808": "BigInteger", b"1.0": "Double",
        b"1e2": "Double", b'"a"': "String", b"true": "Boolean", b"null": "null", b"[]": "ArrayList",
        b"{}": "LinkedHashMap", b"": "LinkedHashMap",
    }  # fmt: skip
    assert {given: core.call(given).json for given in kinds} == kinds


def test_an_empty_input_of_a_handler_that_takes_text_is_null(core, start):
    start("t.Basic::text")
    assert core.call(b"").json == "null"
    assert core.call(5).json == "5"
    answer = core.call({"a": 1})
    assert answer.error == "Handled"
    assert "the input does not fit java.lang.String: it must be text, not an object" in answer.json["errorMessage"]


ORDER = {
    "page": {"all": [{"name": "a", "price": 1, "part": None}], "some": [{"name": "b", "price": 2.5, "part": None}],
             "named": {"x": [{"name": "c", "price": 4.0, "part": {"name": "d", "price": 0.0, "part": None}}]}},
    "numbers": [1, 2], "big": 1 << 62, "share": 0.5, "small": -3, "letter": "x", "data": "AQI=", "kind": "LARGE",
    "counts": {"SMALL": 1}, "tags": ["b", "a"], "id": "00000000-0000-0001-0000-000000000002",
    "link": "https://a/b?c", "at": 1500, "total": 12.34, "any": 7, "instant": "1970-01-01T00:00:00Z",
    "nested": [[True], []], "customer": "ann", "urgent": True,
    "items": [{"name": None, "price": 8.0, "part": None}],
}  # fmt: skip


def test_beans_are_bound_with_the_types_of_what_they_hold(core, start):
    start("t.Order::echo")
    assert core.call({**ORDER, "no such field": 1, "secret": "x"}).json == ORDER
    empty = core.call({}).json
    assert (empty["urgent"], empty["customer"], empty["big"], empty["letter"]) == (False, None, 0, "\0")
    told = core.call({"at": "1970-01-01T01:00:01+0100", "CUSTOMER": "bob", "urgent": "true", "big": "12",
                      "share": 1, "small": 7.9, "kind": 0, "customer": 5, "numbers": None}).json  # fmt: skip
    assert [told[name] for name in ("at", "urgent", "big", "share", "small", "kind", "numbers")] == [
        1000, True, 12, 1.0, 7, "SMALL", None,
    ]  # fmt: skip


def test_generic_types_are_those_that_were_written(core, start):
    start("t.Order::types")
    assert core.call(ORDER).json == 1 + 2.5 + 4 + 8


def test_the_type_of_the_event_may_be_told_by_a_generic_class_above(core, start):
    start("t.Typed")
    assert core.call({"a": {"customer": "ann"}, "b": {"customer": "bob"}}).json == ["ann", "bob"]


def test_classes_and_constructors_need_not_be_public(core, start):
    start("t.Hidden")
    assert core.call({"customer": "ann"}).json["customer"] == "ann"


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"items": [{"price": "x"}]}, 'items[0].price must be a number, not "x"'),
        ({"page": {"named": {"x": [3]}}}, "page.named.x[0] must be an object, not 3"),
        ({"small": 40000}, "small must be a number that fits short, not 40000"),
        ({"big": 1 << 63}, "big must be a number that fits long"),
        ({"letter": "ab"}, 'letter must be one character, not "ab"'),
        ({"kind": "HUGE"}, 'kind must be one of SMALL, LARGE, not "HUGE"'),
        ({"data": "?"}, 'data must be bytes in Base64, not "?"'),
        ({"at": "yesterday"}, "at must be a date as 2020-01-31T12:00:00Z or ms since 1970"),
        ({"id": "1"}, "id is no UUID"),
        ({"urgent": []}, "urgent must be true or false, not an array"),
        ({"tags": {}}, "tags must be an array, not an object"),
        ({"counts": {"HUGE": 1}}, "counts.HUGE must be one of SMALL, LARGE"),
        ([], "it must be an object, not an array"),
    ],
)
def test_an_input_that_does_not_fit_is_told_with_its_place(core, start, wrong, words):
    start("t.Order::echo")
    answer = core.call(wrong)
    assert answer.error == "Handled"
    assert f"the input does not fit t.Order: {words}" in answer.json["errorMessage"]


def test_the_annotations_of_jackson_count(core, start):
    start("t.Annotated::echo")
    told = core.call({"given-name": "ann", "hidden": 4, "ignored": "x", "left": "y", "fixed": {"x": 5}}).json
    assert told == {"given-name": "ann", "hidden": 4, "fixed": {"x": 5}, "urlofName": "url"}


def test_records(core, start, tmp_path):
    if int(re.search(r"\d+", processes.run("javac", "-version").stdout).group()) < 16:
        pytest.skip("this JDK has no records")
    compile_java(SOURCES / "records", tmp_path, release="16")
    start("t.Point::echo", folder=tmp_path)
    assert core.call({"x": 1, "inner": [{"name": "a"}]}).json == {"x": 2, "inner": [{"name": "a"}]}
    assert core.call({}).json == {"x": 1, "inner": None}


def test_results_of_every_kind(core, start):
    start("t.Results")
    for name, result in (
        ("null", None), ("text", '"\\\n\x01\u00e5\U0001f600\ud83d'), ("char", "c"),
        ("numbers", [1, 2, 0.5, 1e300, 10**20, "NaN"]), ("arrays", [[1], [], [["a"], None]]),
        ("bytes", {"7": "AQI="}), ("buffer", "AQI="), ("enum", {"LARGE": "SMALL"}), ("date", 1500),
        ("uuid", "00000000-0000-0001-0000-000000000002"), ("optional", [1, None]), ("class", "java.lang.String"),
        ("path", "a/b"), ("instant", "1970-01-01T00:00:00Z"), ("empty", {}),
    ):  # fmt: skip
        answer = core.call(name)
        assert (name, answer.error, answer.json) == (name, None, result)
    assert "nested deeper than 1000: it may hold itself" in core.call("circle").json["errorMessage"]
    assert "'it' of t.Results$Bad cannot be read" in core.call("bad").json["errorMessage"]


@pytest.mark.parametrize(
    "handler, result, read",
    [
        ("t.Streams", b"\x00\xff/1-2-3", False),
        ("t.Streams::both", b"\x00\xff", False),
        ("t.Streams::outAndContext", b"f", False),
        ("t.Streams::inAndContext", b"", True),
        ("t.Streams::in", b"", True),
        ("t.Streams::out", b"\x00\xff", False),
    ],
)
def test_binary_functions_read_and_write_streams(core, start, handler, result, read):
    worker = start(handler, encoding="binary")
    assert core.call(b"\x00\xff").body == result
    if read:
        worker.wait_for_log("INFO", "read 0")


def test_what_a_failed_stream_handler_wrote_does_not_count(core, start):
    start("t.Streams::fails", encoding="binary")
    answer = core.call(b"")
    assert (answer.error, answer.json["errorMessage"]) == ("Handled", "after it wrote")


def test_a_stream_handler_of_a_json_function_gets_its_bytes(core, start):
    start("t.Streams::both")
    assert core.call(b"{no json").body == b"{no json"


def test_a_large_payload_and_a_large_client_context(core, start):
    start("t.Basic::echo")
    assert core.call("x" * 5_000_000, {"custom": {"a": "y" * 40_000}}).json == "x" * 5_000_000


def test_the_context_object(core, start):
    start("t.Basic::context", EVERGRASS_FUNCTION_TIMEOUT="25", EVERGRASS_FUNCTION_MEMORY_KB="16384")
    sent = {"custom": {"subject": "a/b", "n": 1, "o": {"x": [1]}, "z": None}, "env": {"e": "f"},
            "client": {"app_title": "app"}}  # fmt: skip
    told = core.call({}, sent, invocation="i").json
    assert 0 < told.pop("remaining") <= 25000
    assert told == {
        "id": "i", "arn": ARN, "name": "f", "version": "7", "memory": 16, "identity": None, "app": "app",
        "custom": {"subject": "a/b", "n": "1", "o": '{"x":[1]}', "z": None}, "env": {"e": "f"},
    }  # fmt: skip
    told = core.call({}).json
    assert (told["custom"], told["env"], told["app"]) == ({}, {}, None)
    assert core.call({}, {"custom": "text"}).json["custom"] == {}


# --- JSON as Python reads it ----------------------------------------------------------------------


def value(randoms, depth=0):
    kind = randoms.randrange(8 if depth < 5 else 6)
    if kind == 6:
        return [value(randoms, depth + 1) for _ in range(randoms.randrange(5))]
    if kind == 7:
        return {value_text(randoms): value(randoms, depth + 1) for _ in range(randoms.randrange(5))}
    return (
        None, randoms.random() < 0.5, randoms.randrange(-10**3, 10**3), randoms.randrange(-10**30, 10**30),
        randoms.uniform(-1, 1) * 10 ** randoms.randrange(-300, 300), value_text(randoms),
    )[kind]  # fmt: skip


def value_text(randoms):
    letters = "ab\\\"/\n\t\x00\x1f \u00e5\u20ac\U0001f600\u2028\ud800"
    return "".join(randoms.choice(letters) for _ in range(randoms.randrange(8)))


def test_random_documents_come_back_as_they_were(core, start):
    start("t.Basic::echo")
    randoms = random.Random(1)
    for _ in range(1500):
        document = value(randoms)
        text = json.dumps(document, indent=randoms.choice([None, 1])).encode()
        assert core.call(text).json == document, text


def python_reads(data):
    """(is it JSON, its value), by the rules of RFC 8259, which json.loads stretches."""

    def refuse(word):
        raise ValueError(word)

    try:
        return True, json.loads(data.decode("utf-8"), parse_constant=refuse)
    except ValueError:
        return False, None


def test_damaged_documents_are_refused_or_read_as_python_does(core, start):
    start("t.Basic::echo")
    randoms = random.Random(2)
    refused = 0
    for _ in range(3000):
        ascii_only = randoms.random() < 0.5
        text = json.dumps(value(randoms), ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        data = bytearray(text)
        for _ in range(randoms.randrange(1, 4)):
            at = randoms.randrange(len(data) + 1)
            data[at : at + randoms.randrange(3)] = bytes(
                randoms.choice(b'{}[]",:.-+0123456789eEtrufalsn\\/ \n\x00\x7f\x80\xc3\xa5\xff')
                for _ in range(randoms.randrange(3))
            )
        if not data:
            continue
        good, expected = python_reads(bytes(data))
        answer = core.call(bytes(data))
        assert (answer.error is None) == good, (bytes(data), answer.body)
        if good and "Infinity" not in json.dumps(expected):  # Java's reader has no other word for 1e999
            assert answer.json == expected, bytes(data)
        refused += not good
    assert 500 < refused < 2900


def test_deep_and_long_documents_are_refused(core, start):
    start("t.Basic::echo")
    assert core.call(b"[" * 1000 + b"]" * 1000).error is None
    assert "nested deeper than 1000" in core.call(b"[" * 100_000).json["errorMessage"]
    assert "more than 1000 characters" in core.call(b"1" * 100_000).json["errorMessage"]


# --- Errors ---------------------------------------------------------------------------------------


def test_the_error_object_has_the_class_the_frames_and_the_cause(core, start):
    worker = start("t.Fails")
    answer = core.call("own")
    assert answer.error == "Handled"
    error = answer.json
    assert (error["errorMessage"], error["errorType"]) == ("boom", "t.Fails$Own")
    assert (error["cause"]["errorMessage"], error["cause"]["errorType"]) == ("below", "java.lang.IllegalStateException")
    assert len(error["stackTrace"]) == 1, "those of the runtime are left out"
    assert error["stackTrace"][0].startswith("t.Fails.handleRequest(Fails.java:")
    worker.wait_for_log("ERROR", "The handler failed:")
    worker.wait_for_log("ERROR", "Caused by: java.lang.IllegalStateException: below")


def test_every_way_of_failing(core, start):
    start("t.Fails")
    for how, kind in (
        ("no message", "java.lang.NullPointerException"),
        ("silent", "t.Fails$Silent"),
        ("error", "java.lang.AssertionError"),
        ("deep", "java.lang.StackOverflowError"),
    ):
        answer = core.call(how)
        assert (answer.error, answer.json["errorType"]) == ("Handled", kind)
    assert core.call("thread").json == "alive"
    assert core.call("fine").json == "fine"


def test_bad_json_is_a_handled_error_and_the_worker_goes_on(core, start):
    start("t.Basic::echo")
    answer = core.call(b"{no json")
    assert answer.error == "Handled"
    assert "could not be parsed as JSON: at character 1 there is 'n', not a key" in answer.json["errorMessage"]
    assert core.call(b"").json == {}


def test_a_result_that_the_core_refuses_becomes_an_error(core, start):
    start("t.Basic::echo")
    core.refusals["result"] = [413]
    answer = core.call("too large")
    assert answer.error == "Handled"
    assert "HTTP Error 413" in answer.json["errorMessage"]
    assert core.call("next").json == "next"


def test_an_invocation_that_the_core_gave_up_does_not_end_the_worker(core, start):
    worker = start("t.Basic::echo")
    core.refusals.update(result=[404], error=[404])
    core.give(1)
    worker.wait_for_log("ERROR", "did not take the error")
    assert core.call(2).json == 2


def test_a_function_without_memory_ends(core, start):
    worker = start("t.Fails", "-Xmx32m")
    core.give("memory")
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "The function has no memory left")


def test_a_function_may_end_its_worker(core, start):
    worker = start("t.Fails")
    core.give("exit")
    assert worker.wait() == 4


# --- Start and end --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "handler, words",
    [
        ("t.Absent::f", "InvalidHandlerException: Handler class was not found: t.Absent"),
        ("t.basic::echo", "InvalidHandlerException: Handler class was not found: t.basic"),
        ("t.Basic::absent", "t.Basic has no public method absent that takes an event, a Context, both or nothing"),
        ("t.Basic::wrong", "t.Basic has no public method wrong"),
        ("t.Broken$NotPublic", "has no public method handleRequest"),
        ("::f", "the handler '::f' is not of the form package.Class::method"),
        ("t.Broken$Static", "static initializer of t.Broken$Static failed: java.lang.IllegalStateException: of the"),
        ("t.Broken$Made", "the constructor of t.Broken$Made failed: java.lang.IllegalStateException: of the con"),
        ("t.Broken$NoDefault", "t.Broken$NoDefault has no constructor without parameters"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_told_and_ends_the_worker(start, handler, words):
    worker = start(handler)
    assert worker.wait() == 1
    (line,) = worker.lines("FATAL")
    assert line.startswith(f'Failed to import handler function "{handler}" due to exception: ')
    assert words in line


def test_a_binary_function_needs_streams(start):
    worker = start("t.Basic::echo", encoding="binary")
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "echo with streams, which binary encoding needs")


@pytest.mark.parametrize("name", ["MY_FUNCTION_ARN", "ENCODING_TYPE", "GGC_MAX_INTERFACE_VERSION"])
def test_a_missing_variable_is_named(start, name):
    worker = start("t.Basic::echo", **{name if name != "ENCODING_TYPE" else "encoding": None})
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", f"the environment has no {name}")


def test_an_unknown_encoding_is_named(start):
    worker = start("t.Basic::echo", encoding="xml")
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "ENCODING_TYPE is 'xml'")


def test_an_sdk_that_is_too_new_ends_the_worker(start, tmp_path, package):
    source = tmp_path / "src/com/amazonaws/greengrass/javasdk/InterfaceVersion.java"
    source.parent.mkdir(parents=True)
    source.write_text(
        "package com.amazonaws.greengrass.javasdk;"
        ' public class InterfaceVersion { public static final String INTERFACE_VERSION = "1.6"; }'
    )
    shutil.copytree(package, tmp_path / "f")
    compile_java(tmp_path / "src", tmp_path / "f")
    worker = start("t.Basic::echo", folder=tmp_path / "f")
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "interface version 1.6 and this core supports up to 1.5")


def test_static_initializers_run_before_work_is_asked_for_and_hooks_at_the_end(core, start):
    worker = start("t.Early")
    worker.wait_for_log("INFO", "in the background")
    assert worker.lines("INFO")[0] == "loaded"
    worker.wait_for_log("INFO", "made")
    assert core.call({}).json == "early"
    assert worker.terminate() == 128 + 15, "as Java ends by SIGTERM"
    worker.wait_for_log("INFO", "at the end")


def test_lost_connections_are_made_again(core, start):
    worker = start("t.Basic::echo")
    assert core.call(1, invocation="first").json == 1
    worker.wait_for_log("INFO", "End RequestId: first")
    core.drop_connections()
    assert core.call(2).json == 2
    core.refusals.update({"get work": [503, 503], "result": [503]})
    assert core.call(3).json == 3
    assert core.call(4).json == 4


def test_a_core_that_is_lost_ends_the_worker(core, start):
    worker = start("t.Basic::echo")
    assert core.call(1, invocation="first").json == 1
    worker.wait_for_log("INFO", "End RequestId: first")
    core.stop()
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "The core is lost: ")


def test_text_is_utf8_whatever_the_locale(core, start):
    start("t.Basic::system", LANG=None, LC_ALL="C")
    assert core.call({}).json == {"charset": "UTF-8", "resource": True, "context": "evergrass-sdk.jar"}


def test_what_the_package_brings_wins_over_the_cores(core, start, package, tmp_path):
    shutil.copytree(package, tmp_path / "f")
    (tmp_path / "f/lib").mkdir()
    shutil.copy(OUR_SDK, tmp_path / "f/lib/aws-lambda-java-core-1.0.0.jar")
    start("t.Basic::system", folder=tmp_path / "f")
    assert core.call({}).json["context"] == "aws-lambda-java-core-1.0.0.jar"


def test_the_archive_of_classes_is_used_and_never_mentioned(package, tmp_path):
    archive = JARS / "evergrass-runtime.jsa"
    said = processes.run("java", "-version").stderr.splitlines()[0]
    if (JARS / "evergrass-runtime.jsa.version").read_text().partition("\n")[0] != said:
        pytest.skip("the build's JVM makes none, or is not this one")
    other = tmp_path / "other.jsa"
    other.write_bytes(b"no archive" * 1000)
    for file, used in ((archive, True), (other, False), (tmp_path / "absent.jsa", False)):
        line = command("t.Basic::echo", f"-XX:SharedArchiveFile={file}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off")
        with FakeCore() as core, Worker(core, line, package) as worker:
            assert core.call(1, invocation="i").json == 1
            worker.wait_for_log("INFO", "End RequestId: i")
            assert (str(file) in Path(f"/proc/{worker.pid}/maps").read_text()) == used
            assert worker.terminate() == 128 + 15
            assert worker.lines("INFO") == ["START RequestId: i", "End RequestId: i"]
            assert worker.lines("ERROR") == []


def every_java():
    found = {path.resolve() for path in Path("/usr/lib/jvm").glob("*/bin/java")}
    return sorted(str(path) for path in found)


@pytest.mark.parametrize("java", every_java())
def test_every_java_of_this_machine(core, start, java):
    worker = start("t.Order::echo", java=java)
    assert core.call(ORDER).json == ORDER
    worker.wait_for_log("INFO", "End RequestId: 1-2-3")
    assert worker.lines("ERROR") == [], "no warnings of the JVM"
    assert worker.terminate() == 128 + 15


# --- Answers that are none ------------------------------------------------------------------------


class BadCore:
    """Answers each request for work by the next of `answers`, in pieces, and closes the connection."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        for pieces in self._answers:
            connection, _ = self._socket.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.recv(65536)
                for piece in pieces:
                    connection.sendall(piece)
        self._socket.close()  # who comes now is refused


NO_ANSWERS = {
    "not an HTTP answer: 'SSH-2.0-OpenSSH'": [b"SSH-2.0-OpenSSH\r\n\r\n"],
    "the status of the answer is not a number: 'two'": [b"HTTP/1.1 two\r\n\r\n"],
    "the length of the answer is not a number: '-1'": [b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
    "the answer ends early": [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"12"],
    "the core sent more than one answer": [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n12"],
    "the head of the answer is too large": [b"HTTP/1.1 200 OK\r\nX: ", b"a" * 300_000],
    "the core closed the connection": [],
}


def test_what_is_no_answer_is_told(package):
    with contextlib.ExitStack() as stack:
        workers = {
            words: stack.enter_context(Worker(BadCore(*[answer] * 10), command("t.Basic::echo"), package))
            for words, answer in NO_ANSWERS.items()
        }
        for words, worker in workers.items():
            assert worker.wait() == 1
            worker.wait_for_log("FATAL", f"The core is lost: {words}")


def test_an_answer_may_come_in_any_pieces(package):
    head = b"HTTP/1.1 200\r\nx-amz-invocationid:  i \r\n no colon\r\ncontent-length: 3\r\n\r\n"
    whole = head + b"[1]"
    bad = BadCore([whole[at : at + 1] for at in range(len(whole))])
    with Worker(bad, command("t.Basic::echo"), package) as worker:
        worker.wait_for_log("INFO", "START RequestId: i")
        assert worker.wait() == 1, "the core is gone when the result is to be posted"


# --- Logs -----------------------------------------------------------------------------------------


def test_each_level_has_its_pipe(core, start):
    worker = start("t.Logs", LOG_LEVEL="TRACE")
    core.call({}, invocation="i")
    worker.wait_for_log("INFO", "End RequestId: i")
    worker.wait_for_log("ERROR", "\tat t.Logs.handleRequest(Logs.java:")
    assert worker.lines("INFO") == [
        "START RequestId: i", "out \u00e5", "half a line", "of the context", "bytes", "an info",
        "no end", "End RequestId: i",
    ]  # fmt: skip
    assert worker.lines("ERROR")[:3] == ["err", "an error", "java.lang.Exception: printed"]
    for level, lines in (("TRACE", ["a trace"]), ("DEBUG", ["a debug"]), ("WARN", ["a warn", "leveled"]),
                         ("FATAL", ["a fatal"])):  # fmt: skip
        worker.wait_for_log(level, lines[-1])
        assert worker.lines(level) == lines


def test_lines_below_the_functions_level_are_not_written(core, start):
    worker = start("t.Logs", LOG_LEVEL="WARN")
    core.call({})
    worker.wait_for_log("WARN", "leveled")
    assert worker.terminate() == 128 + 15
    assert worker.lines("INFO") + worker.lines("DEBUG") == []


def test_lines_of_many_threads_do_not_mix(core, start):
    worker = start("t.Logs::threads")
    core.call({}, invocation="i")
    worker.wait_for_log("INFO", "End RequestId: i")
    lines = worker.lines("INFO")[1:-1]
    assert sorted(lines) == sorted(letter * 9000 for letter in "abcdefgh" for _ in range(20))


# --- The core's classes as SDKs use them, and the SDK ---------------------------------------------


def test_old_and_new_constructors_of_the_ipc_client(core, start):
    core.services[OTHER] = lambda context, payload: payload * 2
    start("t.Ipc::call")
    assert core.call(OTHER).json == ["pp", 200, None, "pp", 200, None, 0]
    core.services[OTHER] = lambda *_: ("Unhandled", b"late")
    assert core.call(OTHER).json[:3] == ["late", 200, "Unhandled"]
    error = core.call("arn:aws:lambda:eu-north-1:111122223333:function:none:1").json
    assert error["errorType"] == "com.amazonaws.greengrass.ipcsdk.IPCException"
    assert error["errorMessage"] == "HTTP Error 404: Not Found: no such function"
    assert error["cause"]["errorMessage"] == error["errorMessage"], "SDKs print the cause"


def test_a_line_break_cannot_be_smuggled_into_a_header(core, start):
    start("t.Ipc::smuggle")
    assert "a line break in a header" in core.call({}).json["errorMessage"]


def test_arns(core, start):
    start("t.Ipc::arns")
    connector = "arn:aws-us-gov:lambda:us-gov-west-1:aws:function:GG-ML:$LATEST"
    told = core.call([ROUTER, OTHER, connector, "arn:aws:iot:::x", OTHER + ":3"]).json
    assert told[0] == ["", "", "GGRouter", None, ROUTER, ROUTER]
    assert told[1] == ["eu-north-1", "111122223333", "other", "2", OTHER[:-2], OTHER]
    assert told[2][1:4] == ["aws", "GG-ML", "$LATEST"]
    assert told[3] == "'arn:aws:iot:::x' is not the ARN of a Lambda function"
    assert "is not the ARN" in told[4]


def test_many_threads_call_at_a_time(core, start):
    core.services[OTHER] = lambda context, payload: b""
    start("t.Ipc::parallel")
    assert [core.call(OTHER).json for _ in range(5)] == [8] * 5


@pytest.fixture(scope="module", params=["ours", *(sorted(PUBLISHED_SDKS.glob("*.jar")) or [None])], ids=str)
def sdk_package(request, tmp_path_factory):
    """A package that calls every method of the SDK, built and run with ours or with one of AWS's."""
    if request.param is None:
        pytest.skip(f"no SDK of AWS is there: put its jars into {PUBLISHED_SDKS.relative_to(ROOT)}")
    folder = tmp_path_factory.mktemp("ours" if request.param == "ours" else "published")
    sdks = []
    if request.param != "ours":
        (folder / "lib").mkdir()
        sdks = [shutil.copy(request.param, folder / "lib")]
    compile_java(SOURCES / "sdk", folder, *sdks)
    return folder


@pytest.fixture
def calls(core, start, sdk_package):
    """calls(call, ...): what the SDK's method gives or throws."""
    start("t.Calls", folder=sdk_package)
    return lambda call, **fields: core.call({"call": call, **fields}).json


def test_the_sdk_publishes(core, calls, sdk_package):
    assert calls("version") == "1.5"
    for policy, sent in ((None, None), ("BestEffort", "BestEffort"), ("AllOrException", "AllOrError")):
        assert calls("publish", topic="a/b", payload="p\u00e5", policy=policy) == "published"
        context, payload = core.published.get(timeout=waiting.HANG)
        assert payload == "p\u00e5".encode()
        assert context["custom"]["source"] == ARN
        assert context["custom"]["subject"] == "a/b"
        assert context["custom"].get("queueFullPolicy") == sent
    core.refusals["invoke"] = [429]
    told = calls("publish", topic="a/b", payload="p", policy="AllOrException")
    assert "GGLambdaException" in told["exceptions"]
    assert "HTTP Error 429" in told["message"]
    for fields, words in (({"payload": "p"}, "Topic is a required"), ({"topic": "a"}, "Payload is a required")):
        if sdk_package.name.startswith("published") and "payload" not in fields:
            continue  # it throws a NullPointerException
        told = calls("publish", **fields)
        assert "InvalidIotDataRequestException" in told["exceptions"]
        assert words in told["message"]


def test_the_sdk_invokes_and_hears_of_errors(core, calls):
    core.services[OTHER] = lambda context, payload: json.dumps([context, json.loads(payload)]).encode()
    context = {"custom": {"a": 1}}
    encoded = base64.b64encode(json.dumps(context).encode()).decode()
    short = OTHER.rpartition(":")[0]
    for fields in ({"arn": OTHER}, {"arn": short, "qualifier": "2"}, {"arn": OTHER, "qualifier": "2"}):
        answer = calls("invoke", type="RequestResponse", context=encoded, **fields)
        assert json.loads(answer["payload"]) == [context, {"n": 1}]
        assert (answer["status"], answer["error"]) == (200, None)
    assert calls("invoke", arn=OTHER, type="Event")["status"] == 202
    core.services[OTHER] = lambda *_: ("Unhandled", b'{"errorMessage":"timed out"}')
    answer = calls("invoke", arn=OTHER, type="RequestResponse")
    assert (answer["error"], answer["payload"]) == ("Unhandled", '{"errorMessage":"timed out"}')
    answer = calls("invoke", arn="arn:aws:lambda:eu-north-1:111122223333:function:none:1", type="RequestResponse")
    assert "GGLambdaException" in answer["exceptions"]
    assert "HTTP Error 404" in answer["message"]
    assert "no such function" in answer["message"]
    for fields, words in (
        ({"arn": "nonsense"}, "nonsense is invalid"),
        ({"arn": OTHER, "qualifier": "3"}, "Qualifier 3 does not match"),
        ({"arn": OTHER, "context": "no base 64"}, "no base 64"),
        ({}, "Function ARN is a required parameter"),
    ):
        answer = calls("invoke", type="RequestResponse", **fields)
        assert "InvalidLambdaRequestException" in answer["exceptions"], (fields, answer)
        assert words.lower() in answer["message"].lower()


def test_the_sdk_asks_for_shadows(core, calls):
    asked = queue.Queue()

    def shadow(context, payload):
        asked.put((context["custom"]["subject"], json.loads(payload or b"{}")))
        return b'{"state":{}}' if "bad" not in context["custom"]["subject"] else b'{"code":404,"message":"none"}'

    core.services[SHADOW] = shadow
    document = {"state": {"reported": {"on": True}}}
    for operation, sent in (("get", {}), ("update", document), ("delete", {})):
        assert calls(operation, thing="t", payload=json.dumps(document)) == '{"state":{}}'
        assert asked.get(timeout=waiting.HANG) == (f"$aws/things/t/shadow/{operation}", sent)
    assert json.loads(calls("get", thing="bad"))["code"] == 404
    assert "InvalidIotDataRequestException" in calls("get")["exceptions"]
    core.refusals["invoke"] = [403]
    assert "GGIotDataException" in calls("get", thing="t")["exceptions"]


def test_the_sdk_asks_for_secrets(core, calls):
    asked = queue.Queue()
    refused = {"400": "InvalidSecretsManagerRequestException", "401": "UnauthorizedSecretsManagerRequestException",
               "404": "SecretResourceNotFoundException", "500": "GGSecretsManagerException"}  # fmt: skip

    def secret(context, payload):
        request = json.loads(payload)
        asked.put(request)
        if request["SecretId"] in refused:
            return json.dumps({"Status": int(request["SecretId"]), "Message": "as asked"}).encode()
        value = {"SecretBinary": "Yg=="} if request["SecretId"] == "bytes" else {"SecretString": "s"}
        return json.dumps({"ARN": "a", "Name": "n", "VersionId": "v", "VersionStages": ["x", "AWSCURRENT"],
                           "CreatedDate": 1500000000123, **value}).encode()  # fmt: skip

    core.services[SECRETS] = secret
    told = calls("secret", id="text", stage="x")
    assert told == {"arn": "a", "name": "n", "version": "v", "created": 1500000000123, "stages": ["x", "AWSCURRENT"],
                    "text": "s"}  # fmt: skip
    assert asked.get(timeout=waiting.HANG) == {"SecretId": "text", "VersionStage": "x"}
    assert calls("secret", id="bytes")["bytes"] == "b"
    assert asked.get(timeout=waiting.HANG) == {"SecretId": "bytes"}
    for status, exception in refused.items():
        told = calls("secret", id=status)
        assert exception in told["exceptions"]
    for fields in ({}, {"id": "a", "version": "v"}):
        assert "InvalidSecretsManagerRequestException" in calls("secret", **fields)["exceptions"]
