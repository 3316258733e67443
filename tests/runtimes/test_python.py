"""runtimes/python with a core that is made of Python, on every Python of this machine from 2.7 on."""

import json
from pathlib import Path

import pytest
from core_of_runtimes import ARN, SECRETS, SHADOW, FakeCore, Worker

from harness import processes, pythons, waiting
from harness.processes import ROOT

HERE = Path(__file__).parent
RUNTIME = ROOT / "runtimes/python"
OTHER = "arn:aws:lambda:eu-north-1:111122223333:function:other:2"
FOUND = pythons.find()


@pytest.fixture(params=pythons.VERSIONS)
def python(request):
    if request.param not in FOUND:
        pytest.skip(f"Python {request.param} is not on this machine")
    return FOUND[request.param]


@pytest.fixture
def core():
    with FakeCore() as made:
        yield made


@pytest.fixture
def start(core, python, tmp_path):
    """start(source): a worker of main.handler; it has ended when the test has."""
    workers = []

    def start(source, handler="main.handler", files=(), waits=False, **options):
        for name, text in {"main.py": source, **dict(files)}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        command = [python, RUNTIME / "lambda_runtime.py", f"--handler={handler}", "--own-flag"]
        options = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", **options}
        waiting = [python, RUNTIME / "lambda_runtime.py", "--wait"] if waits else None
        workers.append(Worker(core, command, tmp_path, waits=waiting, **options))
        return workers[-1]

    yield start
    for worker in workers:
        worker.__exit__()


def test_a_handler_answers_one_invocation_after_the_other(core, start):
    worker = start("def handler(event, context):\n    return {'sum': event['a'] + event['b']}\n")
    for number in range(20):
        answer = core.call({"a": number, "b": 1}, invocation=f"id-{number}")
        assert (answer.json, answer.error) == ({"sum": number + 1}, None)
    worker.wait_for_log("INFO", "START RequestId: id-19")
    worker.wait_for_log("INFO", "End RequestId: id-18")
    assert core.connections == 1, "one connection is kept for all"
    assert worker.terminate() == 0


def test_the_context_tells_what_it_is_invoked_as(core, start):
    start(
        "def handler(event, context):\n"
        "    return [context.aws_request_id, context.invoked_function_arn, context.function_name,\n"
        "            context.function_version, context.client_context.custom, event]\n"
    )
    context = {"custom": {"subject": "a/b"}}
    assert core.call(b"", context).json == ["1-2-3", ARN, "f", "7", {"subject": "a/b"}, {}]
    assert core.call({"ü": "é"}).json[4:] == [{}, {"ü": "é"}]


def test_failures_are_answered_and_the_worker_goes_on(core, start):
    worker = start(
        "def handler(event, context):\n"
        "    if event.get('fail'):\n"
        "        raise KeyError('asked for')\n"
        "    return object() if event.get('odd') else None\n"
    )
    answer = core.call({"fail": 1})
    assert answer.error == "Handled" and answer.json["errorType"] == "KeyError"
    assert "asked for" in answer.json["errorMessage"] and "main.py" in answer.json["stackTrace"][-1]
    worker.wait_for_log("ERROR", "KeyError: 'asked for'")
    assert core.call({"odd": 1}).error == "Handled"
    answer = core.call(b"{no json")
    assert answer.error == "Handled" and "parsed as JSON" in answer.json["errorMessage"]
    assert core.call({}).body == b"null"


def test_binary_functions_get_and_give_bytes(core, start):
    start(
        "def handler(event, context):\n"
        "    assert isinstance(event, bytes), type(event)\n"
        "    return event[::-1] if event else u'\\xfc'\n",
        encoding="binary",
    )
    assert core.call(b"\x00\xff\x01").body == b"\x01\xff\x00"
    assert core.call(b"").body == "ü".encode()


def test_prints_and_records_go_to_the_pipe_of_their_level(core, start):
    worker = start(
        "# -*- coding: utf-8 -*-\n"
        "from __future__ import print_function\n"
        "import logging\n"
        "import sys\n"
        "print('at import')\n"
        "def handler(event, context):\n"
        "    print('two', 'words')\n"
        "    print(u'\\u65e5\\u672c')\n"
        "    sys.stderr.write('to stderr\\n')\n"
        "    logging.getLogger('own').warning('careful %d', 7)\n"
        "    logging.critical('the end')\n"
    )
    core.call({})
    assert worker.wait_for_log("INFO", "at import") == "main.py:5,at import"
    assert worker.wait_for_log("INFO", "two") == "main.py:7,two words"
    worker.wait_for_log("INFO", "日本")
    assert worker.wait_for_log("ERROR", "to stderr") == "main.py:9,to stderr"
    assert worker.wait_for_log("WARN", "careful") == "main.py:10,careful 7"
    assert worker.wait_for_log("FATAL", "the end") == "main.py:11,the end"


def test_a_module_that_cannot_be_imported_ends_it_with_the_reason(core, start):
    worker = start("import no_such_module\n")
    assert worker.wait() == 1
    line = worker.wait_for_log("FATAL", 'Failed to import handler function "main.handler" due to')
    assert "no_such_module" in line


def test_a_handler_in_a_package_is_named_with_dots_or_slashes(core, start):
    files = {"pkg/__init__.py": "", "pkg/mod.py": "def handler(event, context):\n    return 'in'\n"}
    start("", handler="pkg/mod.handler", files=files)
    assert core.call({}).json == "in"


def test_the_sdk_publishes_invokes_and_asks_the_cores_services(core, start):
    core.services[OTHER] = lambda context, body: b'{"other": ' + body + b"}"
    core.services[SHADOW] = lambda context, body: b'{"state": {}}'
    core.services[SECRETS] = lambda context, body: json.dumps(
        {"ARN": "a", "Name": "n", "VersionId": "v", "SecretString": "s", "CreatedDate": 1000}
    ).encode()
    start(
        "import greengrasssdk\n"
        "iot = greengrasssdk.client('iot-data')\n"
        "def handler(event, context):\n"
        "    iot.publish(topic='a/b', payload='text', qos=0)\n"
        "    iot.publish(topic='c', payload=b'\\x00', queueFullPolicy='AllOrException')\n"
        f"    got = greengrasssdk.client('lambda').invoke(FunctionName='{OTHER}', Payload='7')\n"
        "    shadow = iot.get_thing_shadow(thingName='t')\n"
        "    secret = greengrasssdk.client('secretsmanager').get_secret_value(SecretId='n')\n"
        "    return [got['Payload'].read().decode(), got['FunctionError'],\n"
        "            shadow['payload'].decode(), secret['SecretString']]\n"
    )
    assert core.call({}).json == ['{"other": 7}', "", '{"state": {}}', "s"]
    context, payload = core.published.get_nowait()
    assert payload == b"text" and context["custom"]["subject"] == "a/b"
    context, payload = core.published.get_nowait()
    assert payload == b"\x00" and context["custom"]["queueFullPolicy"] == "AllOrError"


def test_errors_of_what_it_invokes_reach_it(core, start):
    core.services[OTHER] = lambda context, body: ("Handled", b'{"errorMessage": "no"}')
    core.services[SHADOW] = lambda context, body: b'{"code": 404, "message": "none"}'
    start(
        "import greengrasssdk\n"
        "def handler(event, context):\n"
        f"    got = greengrasssdk.client('lambda').invoke(FunctionName='{OTHER}', Payload='7')\n"
        "    try:\n"
        "        greengrasssdk.client('iot-data').get_thing_shadow(thingName='t')\n"
        "    except Exception as error:\n"
        "        return [got['FunctionError'], type(error).__name__, str(error)]\n"
    )
    error, kind, text = core.call({}).json
    assert (error, kind) == ("Handled", "ShadowError") and "none" in text


def test_what_it_does_at_its_end_reaches_the_core_that_has_a_request_for_work_already(core, start):
    worker = start(
        "import atexit, greengrasssdk\n"
        "publish = greengrasssdk.client('iot-data').publish\n"
        "atexit.register(lambda: publish(topic='end', payload=b'bye'))\n"
        "def handler(event, context):\n"
        "    if event == 'exit':\n"
        "        raise SystemExit(3)\n"
    )
    assert core.call({}).body == b"null"
    core.give("exit", invocation="4-5-6")
    assert worker.wait() == 3
    assert core.published.get(timeout=waiting.HANG)[1] == b"bye"
    assert [line.split(",")[1] for line in worker.lines("INFO")] == [
        f"{word} RequestId: {n}" for n in ("1-2-3", "4-5-6") for word in ("START", "End")
    ]


def test_a_signal_just_before_it_waits_is_not_missed(start, tmp_path):
    library = tmp_path / "signal_before_waiting.so"
    processes.run("cc", "-shared", "-fPIC", "-o", library, HERE / "signal_before_waiting.c", "-ldl")
    worker = start(
        "import atexit, sys\n"
        "atexit.register(lambda: sys.stdout.write('bye\\n'))\n"
        "def handler(event, context): pass\n",
        LD_PRELOAD=str(library),
    )
    worker.wait_for_log("INFO", "bye")
    assert worker.wait() == 0


# --- One that was started before it was known for which function ------------------------------------

TELL_ITSELF = """
import base64, colorsys, os, signal, sys
def handler(event, context):
    print('printed')
    return {'argv': sys.argv, 'orig_argv': getattr(sys, 'orig_argv', None), 'path': sys.path,
            'env': dict(os.environ), 'cwd': os.getcwd(), 'stdin': sys.stdin.read(), 'more': event,
            'executable': sys.executable, 'base64': getattr(base64, 'OWN', False),
            'colors': getattr(colorsys, 'OWN', False), 'hash': hash('a text') if 'hash' in event else None,
            'flags': str(sys.flags), 'customized': hasattr(sys, 'customized'),
            'on_term': signal.getsignal(signal.SIGTERM).__module__}
"""


def told_by(core, worker, event):
    told = core.call(event).json
    worker.wait_for_log("INFO", "main.py:4,printed")
    worker.wait_for_log("INFO", "START RequestId: 1-2-3")
    told["env"] = {k: v for k, v in told["env"].items() if not k.startswith("_GG_LOG_FD_")}
    assert worker.terminate() == 0
    core.drop_connections()  # it waited for work
    return told


@pytest.mark.parametrize("event, files, variables", [
    ({}, {}, {}),
    ({}, {"colorsys.py": "OWN = True\n", "greengrass_common/__init__.py": "raise ImportError()\n"}, {}),
    ({}, {"base64.py": "OWN = True\n"}, {}),
    ({}, {"sitecustomize.py": "import sys\nsys.customized = True\n"}, {}),
    ({"hash": 1}, {}, {"PYTHONHASHSEED": "7"}),
    ({}, {}, {"PYTHONOPTIMIZE": "1", "TZ": "Asia/Tokyo"}),
], ids=["as most", "a module of the library", "one that was loaded", "a start of its own", "a seed", "variables"])  # fmt: skip
def test_one_that_waited_is_as_one_that_was_started_for_its_function(core, start, event, files, variables):
    waited = told_by(core, start(TELL_ITSELF, files=files, waits=True, **variables), event)
    assert waited == told_by(core, start(TELL_ITSELF, files=files, **variables), event)


def test_one_that_waits_in_vain_ends(python):
    waiting = [str(python), str(RUNTIME / "lambda_runtime.py"), "--wait"]
    assert processes.run(*waiting, stdin="").returncode == 0


# --- SDKs 1.0 and 1.1, which were put into each package ---------------------------------------------

# What such packages brought besides greengrasssdk: modules of the core's own names. Whoever gets
# these would be heard of.
BUNDLED = {
    f"{package}/{module}.py": "raise ImportError('the copy in the package was taken')\n"
    for package, modules in {
        "greengrass_common": ("__init__", "env_vars", "function_arn_fields", "local_cloudwatch_handler"),
        "greengrass_ipc_python_sdk": ("__init__", "ipc_client"),
    }.items()
    for module in modules
}


def test_the_cores_modules_win_over_copies_in_the_package(core, start):
    start(
        "import greengrass_common, greengrass_ipc_python_sdk\n"
        "from greengrass_common.env_vars import MY_FUNCTION_ARN\n"
        "from greengrass_common.function_arn_fields import FunctionArnFields\n"
        "from greengrass_common.local_cloudwatch_handler import LocalCloudwatchLogHandler\n"
        "from greengrass_ipc_python_sdk.ipc_client import IPCClient\n"
        "def handler(event, context):\n"
        "    return [greengrass_common.__file__, greengrass_ipc_python_sdk.__file__]\n",
        files=BUNDLED,
    )
    for file in core.call({}).json:
        assert file.startswith(str(RUNTIME))


def test_the_forms_of_the_old_sdks_are_understood(core, start):
    """Publishing by RequestResponse and reading the router's result, the port as an argument, ARNs put
    together from parts, the appender by its old names."""
    core.services[OTHER] = lambda context, body: b"answered"
    worker = start(
        "import base64, json, logging\n"
        "from greengrass_common.common_log_appender import LOCAL_CLOUDWATCH_FORMAT\n"
        "from greengrass_common.common_log_appender import local_cloudwatch_handler\n"
        "from greengrass_common.env_vars import MY_FUNCTION_ARN, ROUTER_FUNCTION_ARN\n"
        "from greengrass_common.function_arn_fields import FunctionArnFields\n"
        "from greengrass_common.local_cloudwatch_handler import LocalCloudwatchLogHandler\n"
        "from greengrass_ipc_python_sdk.ipc_client import IPCClient\n"
        "log = logging.getLogger('old')\n"
        "log.propagate = False\n"
        "appender = LocalCloudwatchLogHandler('GreengrassSystem', 'python_runtime')\n"
        "appender.setFormatter(logging.Formatter(LOCAL_CLOUDWATCH_FORMAT))\n"
        "log.addHandler(appender)\n"
        "def handler(event, context):\n"
        "    ipc = IPCClient('localhost', 8000)\n"
        "    custom = {'custom': {'source': MY_FUNCTION_ARN, 'subject': 'old/topic'}}\n"
        "    sent = base64.b64encode(json.dumps(custom).encode())\n"
        "    invocation = ipc.post_work(ROUTER_FUNCTION_ARN, b'old', sent, 'RequestResponse')\n"
        "    result = ipc.get_work_result(ROUTER_FUNCTION_ARN, invocation)\n"
        f"    arn = FunctionArnFields('{OTHER}')\n"
        "    arn = FunctionArnFields.build_arn_string(arn.region, arn.account_id, arn.name, '2')\n"
        "    invocation = ipc.post_work(arn, b'', b'', 'RequestResponse')\n"
        "    log.warning('from the appender')\n"
        "    return [result.payload.decode(), result.func_err, arn,\n"
        "            ipc.get_work_result(arn, invocation).payload.decode()]\n",
    )
    assert core.call({}).json == ["", "", OTHER, "answered"]
    assert core.published.get_nowait()[1] == b"old"
    assert worker.wait_for_log("WARN", "from the appender").startswith("main.py:")


