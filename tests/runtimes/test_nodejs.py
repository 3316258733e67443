"""runtimes/nodejs with a core that is made of Python, on this machine's Node.js and on V1's versions of it."""

import json
import queue

import pytest
from core_of_runtimes import ROUTER, SECRETS, SHADOW, FakeCore, Worker

from harness import waiting
from harness.processes import ROOT

RUNTIME = ROOT / "runtimes/nodejs"
PACKAGES = ROOT / "tests/interop/node_modules"
OTHER = "arn:aws:lambda:eu-north-1:111122223333:function:other:2"


def old(package):
    """npm leaves them out where there is no build for the machine."""
    return PACKAGES / package / "bin/node"


@pytest.fixture(params=["host", "node6", "node8", "node12"])
def node(request):
    if request.param == "host":
        return "node"
    if not old(request.param).exists():
        pytest.skip(f"{request.param} is not installed: there is none for this machine")
    return old(request.param)


@pytest.fixture
def core():
    with FakeCore() as made:
        yield made


@pytest.fixture
def start(core, node, tmp_path):
    """start(source): a worker of main.handler; it has ended when the test has."""
    workers = []

    def start(source, handler="main.handler", files=(), **options):
        for name, text in {"main.js": source, **dict(files)}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        command = [node, RUNTIME / "lambda_runtime.js", f"--handler={handler}", "--own-flag"]
        path = f"{tmp_path}:{RUNTIME / 'modules'}:{PACKAGES}"
        worker = Worker(core, command, tmp_path, **{"NODE_PATH": path, **options})
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.__exit__()


@pytest.fixture
def sdk(node):
    """The stock SDK, as a function's file begins with it."""
    if str(node) == str(old("node6")):
        pytest.skip("the SDK's last version does not parse on Node.js 6")
    return "const gg = require('aws-greengrass-core-sdk');"


def main(body):
    return f"exports.handler = function (event, context, callback) {{ {body} }};"


# --- Results --------------------------------------------------------------------------------------


def test_a_handler_calls_back_with_a_result_and_the_next_work_comes(core, start):
    worker = start(main("callback(null, {sum: event.a + event.b});"))
    for number in range(20):
        answer = core.call({"a": number, "b": 1}, invocation=f"id-{number}")
        assert (answer.json, answer.error) == ({"sum": number + 1}, None)
    worker.wait_for_log("INFO", "START RequestId: id-19")
    worker.wait_for_log("INFO", "End RequestId: id-18")
    assert core.connections == 1, "one connection is kept for all"


# Runs the body that comes with the event: one process shows many ways.
AS_TOLD = main(
    "return new Function('event', 'context', 'callback', 'exports', event.body)"
    ".call(this, event, context, callback, exports);"
)


def test_every_way_of_answering(core, start):
    start(AS_TOLD)
    for body, result in (
        ("return Promise.resolve({n: 1});", {"n": 1}),
        ("return {then: (done) => setImmediate(done, 'thenable')};", "thenable"),
        ("setTimeout(() => callback(null, 'late'), 1);", "late"),
        ("callback(); callback(null, 'second');", None),
        ("return 'what a handler returns does not count';", None),
        ("setTimeout(() => {}, 1);", None),
        ("context.succeed(['a']);", ["a"]),
        ("context.done(null, 5);", 5),
        ("callback(null, () => 1);", None),
        ("callback(null, [this === exports, typeof event]);", [True, "object"]),
    ):
        answer = core.call({"body": body})
        assert (body, answer.error, answer.json) == (body, None, result)


def test_async_handlers(core, start, node):
    if str(node) == str(old("node6")):
        pytest.skip("Node.js 6 has no async functions")
    start(
        "exports.handler = async (event) => {"
        " await null; if (event.bad) throw new Error('asked for'); return event; };"
    )
    assert core.call({"x": 1}).json == {"x": 1}
    answer = core.call({"bad": 1})
    assert (answer.error, answer.json["errorMessage"]) == ("Handled", "asked for")


def test_a_drained_event_loop_ends_an_invocation_in_spite_of_kept_connections(core, start, sdk):
    start(
        sdk
        + "const data = new gg.IotData();"
        + main("data.publish({topic: 'a', payload: 'p'}, () => {});")
    )
    for _ in range(3):
        assert core.call({}).json is None
        core.published.get(timeout=waiting.HANG)


def test_binary_functions_take_and_give_bytes(core, start):
    start(
        main(
            "if (event.toString() === 'typed') callback(null, new Uint8Array([1, 2]));"
            "else if (event.toString() === 'text') callback(null, 'w\\u00e5ter');"
            "else if (event.toString() === 'nothing') callback();"
            "else if (event.toString() === 'object') callback(null, {});"
            "else callback(null, Buffer.concat([event, event]));"
        ),
        encoding="binary",
    )
    assert core.call(b"\x00\xff").body == b"\x00\xff\x00\xff"
    assert core.call(b"typed").body == b"\x01\x02"
    assert core.call(b"text").body == "w\u00e5ter".encode()
    assert core.call(b"nothing").body == b""
    assert core.call(b"object").error == "Handled"


def test_a_large_payload_and_a_large_client_context(core, start):
    start(main("callback(null, [event.length, context.clientContext.Custom.length]);"))
    answer = core.call("x" * 5_000_000, {"custom": "y" * 40_000})
    assert answer.json == [5_000_000, 40_000]


def test_the_context_object(core, start):
    start(
        main(
            "const c = context; callback(null, Object.assign({remaining: c.getRemainingTimeInMillis()}, c));"
        ),
        EVERGRASS_FUNCTION_TIMEOUT="25",
        EVERGRASS_FUNCTION_MEMORY_KB="16384",
    )
    told = core.call({}, {"custom": {"subject": "a/b"}}, invocation="i").json
    assert 0 < told.pop("remaining") <= 25000
    assert told == {
        "awsRequestId": "i",
        "invokedFunctionArn": "arn:aws:lambda:eu-north-1:111122223333:function:f:7",
        "functionName": "f",
        "functionVersion": "7",
        "memoryLimitInMB": "16",
        "callbackWaitsForEmptyEventLoop": True,
        "clientContext": {
            "client": {},
            "Custom": {"subject": "a/b"},
            "custom": {"subject": "a/b"},
            "env": {},
        },
    }
    assert core.call({}).json["clientContext"]["Custom"] == {}


# --- Errors ---------------------------------------------------------------------------------------


def test_every_way_of_failing(core, start):
    worker = start(AS_TOLD)
    for body, message in (
        ("callback(new Error('boom'));", "boom"),
        ("callback('words');", "words"),
        ("throw new Error('boom');", "Failed to invoke handler: Error: boom"),
        ("throw 'words';", "Failed to invoke handler: 'words'"),
        ("return Promise.reject(new TypeError('boom'));", "boom"),
        ("context.fail('words');", "words"),
        ("context.done(new Error('boom'));", "boom"),
        ("const o = {}; o.o = o; callback(null, o);", "circular"),
        ("callback(Object.create(null));", "{}"),
    ):
        answer = core.call({"body": body})
        assert answer.error == "Handled", body
        assert message in answer.json["errorMessage"]
    for body in ("return Promise.reject();", "context.fail();"):
        assert core.call({"body": body}).json == {"errorMessage": None}
    worker.wait_for_log("ERROR", "The handler failed:")


def test_the_error_object_has_frames_and_the_code(core, start):
    start(AS_TOLD)
    error = core.call({"body": "callback(Object.assign(new Error('a'), {code: 'ENOENT'}));"}).json
    assert set(error) == {"errorMessage", "stackTrace", "errorType"}
    assert error["errorType"] == "ENOENT"
    error = core.call({"body": "callback(new Error('two\\nlines'));"}).json
    assert set(error) == {"errorMessage", "stackTrace"}
    assert any("main.js" in frame for frame in error["stackTrace"])
    assert not any(frame.startswith(" ") for frame in error["stackTrace"])


def test_bad_json_is_a_handled_error_and_the_worker_goes_on(core, start):
    start(main("callback(null, event);"))
    answer = core.call(b"{no json")
    assert answer.error == "Handled"
    assert "could not be parsed as JSON" in answer.json["errorMessage"]
    assert core.call(b"").json == {}


def test_a_result_that_the_core_refuses_becomes_an_error(core, start):
    start(main("callback(null, 'too large');"))
    core.refusals["result"] = [413]
    answer = core.call({})
    assert answer.error == "Handled"
    assert "HTTP Error 413" in answer.json["errorMessage"]
    assert core.call({}).json == "too large"


def test_an_invocation_that_the_core_gave_up_does_not_end_the_worker(core, start):
    worker = start(main("callback(null, event);"))
    core.refusals.update(result=[404], error=[404])
    core.give(1)
    worker.wait_for_log("ERROR", "did not take the error")
    assert core.call(2).json == 2


# --- Start and end --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "handler, source, words",
    [
        ("main.handler", "require('no-such-module');", "Cannot find module 'no-such-module'"),
        ("main.handler", "exports.other = 1;", "exports no function 'handler'"),
        ("main.handler", "module.exports = null;", "exports no function 'handler'"),
        ("absent.handler", "", "Cannot find module 'absent'"),
        ("handler", "", "not of the form file.function"),
        ("main.handler", "this is no JavaScript", "SyntaxError"),
    ],
)
def test_a_failed_import_is_told_and_ends_the_worker(core, start, handler, source, words):
    worker = start(source, handler=handler)
    assert worker.wait() == 1
    (line,) = worker.lines("FATAL")
    assert line.startswith(f'Failed to import handler function "{handler}" due to exception: ')
    assert words in line


@pytest.mark.parametrize("handler", ["lib/deep.handler", "events.handler", "folder.handler", "a.b.handler"])
def test_handlers_in_folders_and_with_names_of_nodes_own_modules(core, start, handler):
    text = main("callback(null, process.argv.slice(2));")
    name = {"lib/deep": "lib/deep.js", "folder": "folder/index.js"}.get(
        handler.rpartition(".")[0], handler.rpartition(".")[0] + ".js"
    )
    start("", handler=handler, files={name: text})
    assert core.call({}).json == [f"--handler={handler}", "--own-flag"]


@pytest.mark.parametrize("name", ["MY_FUNCTION_ARN", "ENCODING_TYPE", "GGC_MAX_INTERFACE_VERSION"])
def test_a_missing_variable_is_named(start, name):
    worker = start(main(""), **{name if name != "ENCODING_TYPE" else "encoding": None})
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", f"the environment has no {name}")


def test_an_unknown_encoding_is_named(start):
    worker = start(main(""), encoding="xml")
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "ENCODING_TYPE is 'xml'")


def test_an_sdk_that_is_too_new_ends_the_worker(start):
    sdk = "node_modules/aws-greengrass-core-sdk/index.js"
    worker = start(
        "require('aws-greengrass-core-sdk');" + main(""),
        files={sdk: "exports.GreengrassInterfaceVersion = '1.6';"},
    )
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "interface version 1.6 and this core supports up to 1.5")


def test_sigterm_ends_with_0(core, start):
    worker = start("setInterval(() => {}, 1000);" + main("callback(null, 1);"))
    assert core.call({}).json == 1
    assert worker.terminate() == 0


def test_an_exception_that_nothing_catches_ends_the_worker_and_is_told(core, start):
    worker = start(main("setTimeout(() => { throw new Error('from a timer'); }, 1);"))
    core.give({})
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "nothing caught: Error: from a timer")
    worker.wait_for_log("ERROR", "main.js")


def test_a_function_may_catch_what_nothing_else_does(core, start):
    start(
        "process.on('uncaughtException', () => {});"
        + main("setTimeout(() => callback(null, 'alive'), 2); setTimeout(() => { throw 1; }, 1);")
    )
    assert core.call({}).json == "alive"


def test_lost_connections_are_made_again(core, start):
    worker = start(main("callback(null, event);"))
    assert core.call(1, invocation="first").json == 1
    worker.wait_for_log("INFO", "End RequestId: first")
    core.drop_connections()
    assert core.call(2).json == 2
    core.refusals.update({"get work": [503, 503], "result": [503]})
    assert core.call(3).json == 3
    assert core.call(4).json == 4


def test_a_core_that_is_lost_ends_the_worker(core, start):
    worker = start(main("callback(null, event);"))
    assert core.call(1).json == 1
    core.stop()
    assert worker.wait() == 1
    worker.wait_for_log("FATAL", "The core is lost: ")


# --- Logs -----------------------------------------------------------------------------------------


def test_the_console_goes_to_the_pipe_of_its_level(core, start):
    worker = start(
        main(
            "console.log('log %d', 1, {a: 2}); console.info('info'); console.warn('warn');"
            "console.error(new Error('an error')); console.debug && console.debug('debug');"
            "console.dir({dir: 1}); console.trace('trace'); process.stdout.write('raw\\n');"
            "process.stderr.write('raw error\\n'); callback();"
        )
    )
    core.call({})
    worker.wait_for_log("INFO", "log 1 { a: 2 }")
    worker.wait_for_log("INFO", "info")
    worker.wait_for_log("WARN", "warn")
    worker.wait_for_log("ERROR", "Error: an error")
    worker.wait_for_log("ERROR", "    at ")
    worker.wait_for_log("DEBUG", "debug")
    worker.wait_for_log("INFO", "{ dir: 1 }")
    worker.wait_for_log("ERROR", "Trace: trace")
    worker.wait_for_log("INFO", "raw")
    worker.wait_for_log("ERROR", "raw error")


def test_lines_below_the_log_level_are_not_written(core, start):
    worker = start(
        "const common = require('aws-greengrass-common-js'); const log = new common.logging.LocalWatchLogger('g', 's');"
        + main(
            "console.log('not this'); process.stdout.write('nor this\\n');"
            "['trace', 'debug', 'info', 'warn', 'error', 'fatal'].forEach((level) => log[level](`own ${level}`));"
            "callback();"
        ),
        LOG_LEVEL="WARN",
    )
    core.call({})
    worker.wait_for_log("FATAL", "own fatal")
    assert worker.terminate() == 0
    assert worker.lines("WARN") == ["own warn"]
    assert worker.lines("ERROR") == ["own error"]
    assert worker.lines("INFO") == worker.lines("DEBUG") == worker.lines("TRACE") == []


def test_a_flood_of_output_is_complete_when_the_function_exits(core, start):
    worker = start(
        main("for (let i = 0; i < 20000; i += 1) console.log(`line ${i} ${'x'.repeat(50)}`); process.exit(3);")
    )
    core.give({})
    assert worker.wait() == 3
    assert sum(line.startswith("line ") for line in worker.lines("INFO")) == 20000


# --- The stock SDK and the modules under it -------------------------------------------------------


def test_the_sdk_publishes(core, start, sdk):
    start(
        sdk + "const data = new gg.IotData();"
        + main("data.publish({topic: event.topic, payload: 'p', queueFullPolicy: 'AllOrError'}, callback);")
    )
    assert core.call({"topic": "a/b"}).json == "published"
    context, payload = core.published.get(timeout=waiting.HANG)
    assert payload == b"p"
    assert context["custom"]["subject"] == "a/b"
    assert context["custom"]["queueFullPolicy"] == "AllOrError"


def test_the_sdk_invokes_and_hears_of_errors(core, start, sdk):
    core.services[OTHER] = lambda context, payload: json.dumps([context, json.loads(payload)]).encode()
    start(
        sdk + "const lambda = new gg.Lambda();"
        + main(
            "lambda.invoke({FunctionName: event.arn, Payload: JSON.stringify(event), ClientContext: event.context,"
            " InvocationType: event.type, Qualifier: event.qualifier}, (error, data) => callback(error,"
            " data && data.Payload ? Object.assign(data, {Payload: data.Payload.toString()}) : data));"
        )
    )
    asked = {"arn": OTHER, "context": "eyJjdXN0b20iOnsiYSI6MX19"}
    answer = core.call(asked).json
    assert json.loads(answer["Payload"]) == [{"custom": {"a": 1}}, asked]
    assert (answer["FunctionError"], answer["StatusCode"]) == ("", 200)
    short = OTHER.rpartition(":")[0]
    answer = core.call({"arn": short, "qualifier": "2", "context": ""}).json
    assert answer["StatusCode"] == 200
    assert core.call({"arn": OTHER, "type": "Event", "context": ""}).json == "invoked"
    core.services[OTHER] = lambda *_: ("Unhandled", b'{"errorMessage":"timed out"}')
    answer = core.call({"arn": OTHER, "context": ""}).json
    assert (answer["FunctionError"], answer["Payload"]) == ("Unhandled", '{"errorMessage":"timed out"}')
    answer = core.call({"arn": "arn:aws:lambda:eu-north-1:111122223333:function:none:1", "context": ""})
    assert answer.error == "Handled"
    assert "HTTP Error 404" in answer.json["errorMessage"]
    assert "no such function" in answer.json["errorMessage"]
    assert "malformed" in core.call({"arn": "nonsense", "context": ""}).json["errorMessage"]


def test_the_sdk_reads_shadows_and_secrets(core, start, sdk):
    document = {"state": {"reported": {"on": True}}, "version": 3, "timestamp": 1}
    topics = queue.Queue()

    def shadow(context, payload):
        topics.put(context["custom"]["subject"])
        return json.dumps(document).encode()

    def secret(context, payload):
        if json.loads(payload) != {"SecretId": "s"}:
            return b'{"Status":404,"Message":"no such secret"}'
        return b'{"ARN":"a","Name":"s","VersionId":"v","SecretString":"x","CreatedDate":1}'

    core.services.update({SHADOW: shadow, SECRETS: secret})
    start(
        sdk + "const data = new gg.IotData(); const secrets = new gg.SecretsManager();"
        + main(
            "if (event.secret) secrets.getSecretValue({SecretId: event.secret}, (e, d) => callback(e, d && JSON.parse(d)));"
            "else data.getThingShadow({thingName: 't'}, (e, d) => callback(e, JSON.parse(d.Payload)));"
        )
    )
    assert core.call({}).json == document
    assert topics.get(timeout=waiting.HANG) == "$aws/things/t/shadow/get"
    assert core.call({"secret": "s"}).json["SecretString"] == "x"
    answer = core.call({"secret": "none"})
    assert "no such secret" in answer.json["errorMessage"], "the refusal is text, not numbers"


def test_arns_versions_and_encodings_as_the_sdk_asks_for_them(core, start):
    start(
        "const common = require('aws-greengrass-common-js'); const Arn = common.FunctionArnFields;"
        + main(
            "const of = (text) => { try { return Object.assign({}, new Arn(text)); } catch (e) { return null; } };"
            "callback(null, {arns: event.map(of), built: ["
            " common.buildFunctionArn('u', '1'), common.buildFunctionArn('u'), common.buildFunctionArn('u', null),"
            " Arn.buildArnString('r', 'a', 'n', 'q'), new Arn(event[1]).toArnString()],"
            " version: common.versionParser.parseVersion('1.5'), encodings: common.encodingType});"
        )
    )
    told = core.call(
        [ROUTER, OTHER, "arn:aws:lambda:us-gov-west-1:aws:function:GG-ML:$LATEST", "arn:aws:iot:::x", OTHER + ":3"]
    ).json
    router, other, connector, wrong, longer = told["arns"]
    assert router == {"region": "", "accountId": "", "name": "GGRouter", "unqualifiedArn": ROUTER}
    assert (other["qualifier"], other["unqualifiedArn"] + ":2") == ("2", OTHER)
    assert (connector["accountId"], connector["qualifier"]) == ("aws", "$LATEST")
    assert wrong is longer is None
    assert told["built"] == ["u:1", "u", "u", "arn:aws:lambda:r:a:function:n:q", OTHER]
    assert told["version"] == [1, 5]
    assert told["encodings"] == {"encodingTypeJSON": "json", "encodingTypeBinary": "binary"}


def test_payloads_of_every_kind_are_sent_and_wrong_ones_are_told(core, start):
    core.services[OTHER] = lambda context, payload: payload
    start(
        "const IPCClient = require('aws-greengrass-ipc-sdk-js'); const common = require('aws-greengrass-common-js');"
        "const ipc = new IPCClient(common.envVars.AUTH_TOKEN);"
        "const kinds = {none: undefined, text: 't', bytes: Buffer.from('b'), typed: new Uint16Array([0x4142]),"
        " raw: new Uint8Array([67]).buffer, wrong: {}};"
        + main(
            f"ipc.postWork('{OTHER}', kinds[event], '', 'RequestResponse', (error, id) => {{"
            f" if (error) callback(error); else ipc.getWorkResult('{OTHER}', id, (e, body) => callback(e, body)); }});"
        )
    )
    assert [core.call(kind).json for kind in ("none", "text", "bytes", "typed", "raw")] == ["", "t", "b", "BA", "C"]
    assert "must be a string" in core.call("wrong").json["errorMessage"]


def test_a_line_break_cannot_be_smuggled_into_a_header(core, start):
    start(
        "const ipc = new (require('aws-greengrass-ipc-sdk-js'))();"
        + main("ipc.postWork('x', '', 'a\\r\\nX-Other: b', 'Event', callback);")
    )
    assert "a line break in a header" in core.call({}).json["errorMessage"]
