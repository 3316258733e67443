"""Native executables in a whole system: C programs, built as a user builds them against the library
and the header that the core ships, deployed by the service and run by the core in their container."""

import base64
import io
import json
import os
import shutil
import zipfile

import pytest

from harness import core_socket, isolation, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions
from harness.processes import BIN
from harness.system import connect_iot

EVERGRASS = BIN / "evergrass"
NATIVE = BIN.parent / "share/evergrass/runtime/native"
EXECUTABLE = "arn:aws:greengrass:::runtime/function/executable"

pytestmark = [
    pytest.mark.skipif(not shutil.which("cc"), reason="this machine has no C compiler"),
    pytest.mark.skipif(
        not (NATIVE / "libaws-greengrass-core-sdk-c.so").exists(),
        reason=f"this build has no native library in {NATIVE}",
    ),
]

# A message is answered on another topic. Of an invocation the first word is what is to be done.
PROGRAM = r"""
#include "greengrasssdk.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char event[100000];
static size_t size;

static int is(const char *word) {
    return strncmp(event, word, strlen(word)) == 0;
}

static void respond(const char *text) {
    gg_lambda_handler_write_response(text, strlen(text));
}

static void publish(const char *topic, const char *text) {
    gg_request request;
    gg_request_result result;
    gg_request_init(&request);
    if (gg_publish(request, topic, text, strlen(text), &result) != GGE_SUCCESS ||
        result.request_status != GG_REQUEST_SUCCESS) {
        gg_lambda_handler_write_error("the message was not taken");
    }
    gg_request_close(request);
}

/* Calls the function that OTHER names with the rest of the event, and gives its result on. */
static void call(const char *payload) {
    gg_request request;
    gg_request_result result;
    gg_invoke_options options = {0};
    char answer[1000];
    char told[1100];
    size_t amount = 0;
    options.function_arn = getenv("OTHER");
    options.type = GG_INVOKE_REQUEST_RESPONSE;
    options.payload = payload;
    options.payload_size = strlen(payload);
    gg_request_init(&request);
    if (gg_invoke(request, &options, &result) != GGE_SUCCESS) {
        gg_lambda_handler_write_error("no call");
    } else {
        gg_request_read(request, answer, sizeof answer - 1, &amount);
        answer[amount] = 0;
        snprintf(told, sizeof told, "%d %s", (int)result.request_status, answer);
        respond(told);
    }
    gg_request_close(request);
}

/* Shadows: the status and the body of each operation, a line each. */
static void shadows(const char *thing) {
    char told[1600] = "";
    char answer[700];
    size_t amount = 0;
    int step;
    for (step = 0; step < 4; ++step) {
        gg_request request;
        gg_request_result result = {0};
        gg_error done;
        gg_request_init(&request);
        done = step == 1   ? gg_update_thing_shadow(request, thing,
                                                    "{\"state\":{\"reported\":{\"n\":1}}}", &result)
               : step == 3 ? gg_delete_thing_shadow(request, thing, &result)
                           : gg_get_thing_shadow(request, thing, &result);
        gg_request_read(request, answer, sizeof answer - 1, &amount);
        answer[amount] = 0;
        snprintf(told + strlen(told), sizeof told - strlen(told), "%d %d %.360s\n", (int)done,
                 (int)result.request_status, answer);
        gg_request_close(request);
    }
    respond(told);
}

static void handler(const gg_lambda_context *context) {
    size_t amount = 0;
    char text[1000];
    size = 0;
    while (gg_lambda_handler_read(event + size, sizeof event - size - 1, &amount) == GGE_SUCCESS &&
           amount > 0) {
        size += amount;
    }
    event[size] = 0;
    if (is("echo")) {
        gg_lambda_handler_write_response(event + 4, size - 4);
    } else if (is("fail")) {
        gg_lambda_handler_write_error("it failed as it was told");
    } else if (is("call ")) {
        call(event + 5);
    } else if (is("shadows ")) {
        shadows(event + 8);
    } else if (is("self")) {
        char folder[200] = "";
        getcwd(folder, sizeof folder);
        snprintf(text, sizeof text, "%d %d %s %s", (int)getuid(), (int)getpid(), folder,
                 context->function_arn);
        respond(text);
    } else if (is("log")) {
        gg_log(GG_LOG_DEBUG, "a %s line", "debug");
        gg_log(GG_LOG_INFO, "an %s line", "info");
        gg_log(GG_LOG_WARN, "a %s line", "warning");
        gg_log(GG_LOG_ERROR, "an %s line", "error");
        printf("printed\n");
        fflush(stdout);
        fprintf(stderr, "complained\n");
        respond("logged");
    } else if (is("crash")) {
        raise(SIGSEGV);
    } else if (is("hang")) {
        for (;;) {
            pause();
        }
    } else {
        snprintf(text, sizeof text, "%.500s in %.400s", event, context->client_context);
        publish("native/out", text);
    }
}

int main(int argc, char **argv) {
    printf("started with %d words, the last is %s\n", argc, argv[argc - 1]);
    fflush(stdout);
    if (gg_global_init(0) != GGE_SUCCESS) {
        return 1;
    }
    if (gg_runtime_start(handler, 0) != GGE_TERMINATE) {
        return 2;
    }
    printf("ended in order\n");
    fflush(stdout);
    return 0;
}
"""

OTHER = """
def handler(event, context):
    if event == 'fail':
        raise KeyError('lost')
    return {'got': event}
"""

CALLER = """
import os
import greengrasssdk


def handler(event, context):
    answer = greengrasssdk.client('lambda').invoke(
        FunctionName=os.environ['OTHER'], Payload=event['payload'].encode()
    )
    payload = answer['Payload']
    text = payload if isinstance(payload, bytes) else payload.read()
    return [text.decode(), answer['FunctionError']]
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The zip of the program, which is not executable in it, as many zip tools make them."""
    folder = tmp_path_factory.mktemp("native")
    (folder / "function.c").write_text(PROGRAM)
    processes.run(
        "cc", "-std=gnu99", "-Wall", "-Wextra", "-Werror", "-I", NATIVE / "include", folder / "function.c",
        "-o", folder / "function", "-L", NATIVE, "-laws-greengrass-core-sdk-c",
    )  # fmt: skip
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("bin/function", (folder / "function").read_bytes())
    return data.getvalue()


def create(endpoints, name, zip_bytes):
    made = endpoints.boto("lambda").create_function(
        FunctionName=name,
        Runtime=EXECUTABLE,
        Role=f"arn:aws:iam::{endpoints.account}:role/unused",
        Handler="bin/function",
        Code={"ZipFile": zip_bytes},
        Publish=True,
    )
    arn, version = made["FunctionArn"], made["Version"]
    return arn if arn.endswith(f":{version}") else f"{arn}:{version}"


def native(arn, pinned, **environment):
    made = function_entry(arn, pinned, EncodingType="binary", ExecArgs="--port 7")
    made["FunctionConfiguration"]["Environment"]["Variables"] = environment
    return made


class Site:
    def __init__(self, endpoints, folder, package):
        self.endpoints = endpoints
        self.thing = new_thing(endpoints, folder / "keys", "n_core")
        self.device = new_thing(endpoints, folder / "keys", "n_device")
        self.cloud_end = new_thing(endpoints, folder / "keys", "n_cloud_end")
        other = publish_function(endpoints, "n_other", OTHER)
        caller = publish_function(endpoints, "n_caller", CALLER)
        self.always = create(endpoints, "n_always", package)
        self.sometimes = create(endpoints, "n_sometimes", package)
        calling = function_entry(caller, pinned=False)
        calling["FunctionConfiguration"]["Environment"]["Variables"] = {"OTHER": self.sometimes}
        self.functions = [
            function_entry(other, pinned=False),
            calling,
            native(self.always, pinned=True, OTHER=other),
            native(self.sometimes, pinned=False, OTHER=other),
        ]
        self.group = Group(endpoints, "native").give(
            cores=[entry(self.thing)],
            devices=[entry(self.device)],
            functions=self.functions,
            subscriptions=subscriptions(
                (self.device.arn, self.always, "native/in"),
                ("cloud", self.sometimes, "native/from-cloud"),
                (self.always, self.device.arn, "native/out"),
                (self.sometimes, "cloud", "native/out"),
            ),
        )
        self.core = Core(folder / "greengrass", endpoints, self.thing)
        self.core.start()
        self.group.deploy()
        self.ca = self.group.write_ca(self.core.root / "group-ca.pem")

    def log_of(self, name):
        logs = self.core.root.glob(f"ggc/var/log/user/*/*/{name}.log")
        return "".join(path.read_text() for path in logs)

    def wait_for_log(self, name, text):
        waiting.until(
            lambda: f"the log of {name} says {text!r}: {self.log_of(name)}",
            lambda: text in self.log_of(name),
        )

    def invoke(self, name, payload):
        """(outcome, text of the result)."""
        done = processes.run(
            EVERGRASS, "invoke", name, "--json", "--payload", payload, "--root", self.core.root,
            check=False,
        )  # fmt: skip
        answer = json.loads(done.stdout)
        return answer["outcome"], base64.b64decode(answer["payloadBase64"]).decode()

    def status_of(self, arn):
        return next(f for f in core_socket.status(self.core)["functions"] if f["arn"] == arn)


@pytest.fixture(scope="module")
def site(service, package, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("native_site"), package)
    with made.core:
        yield made
        made.core.stop()


def test_a_device_is_answered_by_an_executable(site):
    with site.core.connect(site.device, site.ca) as device:
        device.subscribe("native/out")
        device.publish("native/in", "hello")
        assert device.receive().payload == b'hello in {"custom":{"subject":"native/in"}}'


def test_the_cloud_is_answered_by_one_that_is_started_for_it(site):
    with connect_iot(site.endpoints, site.cloud_end) as cloud:
        cloud.subscribe("native/out")
        cloud.publish("native/from-cloud", "hello")
        assert cloud.receive().payload == b'hello in {"custom":{"subject":"native/from-cloud"}}'


def test_it_is_invoked_and_gives_its_bytes(site):
    assert site.invoke("n_always", "echo ab c") == ("success", " ab c")
    assert site.invoke("n_sometimes", "echo") == ("success", "")
    long = "x" * 50000
    assert site.invoke("n_always", "echo" + long) == ("success", long)


def test_its_error_is_told_to_who_invokes_it(site):
    outcome, text = site.invoke("n_always", "fail")
    assert (outcome, json.loads(text)) == ("handled", {"errorMessage": "it failed as it was told"})
    outcome, text = site.invoke("n_caller", json.dumps({"payload": "fail"}))
    assert outcome == "success"
    body, kind = json.loads(text)
    assert (json.loads(body)["errorMessage"], kind) == ("it failed as it was told", "Handled")
    assert site.invoke("n_caller", json.dumps({"payload": "echo1"})) == ("success", '["1", ""]')


def test_it_invokes_other_functions_and_sees_how_that_ended(site):
    SUCCESS, HANDLED = "0", "1"
    outcome, text = site.invoke("n_always", "call [1]")
    status, _, body = text.partition(" ")
    assert (outcome, status, json.loads(body)) == ("success", SUCCESS, {"got": [1]})
    outcome, text = site.invoke("n_always", 'call "fail"')
    status, _, body = text.partition(" ")
    assert (outcome, status, json.loads(body)["errorMessage"]) == ("success", HANDLED, "'lost'")


def test_it_asks_for_shadows(site):
    outcome, text = site.invoke("n_always", "shadows of_c")
    assert outcome == "success"
    lines = [line.split(" ", 2) for line in text.splitlines()]
    assert [(done, status) for done, status, _ in lines] == [("0", "1"), ("0", "0"), ("0", "0"), ("0", "0")]
    missing, updated, found, deleted = (json.loads(body) for _, _, body in lines)
    assert missing["code"] == 404
    assert updated["state"] == found["state"] == {"reported": {"n": 1}}
    assert deleted["version"] == found["version"]


@pytest.mark.skipif(
    not isolation.available(), reason=f"functions cannot be isolated here: {isolation.probe()}"
)
def test_it_runs_in_its_container(site):
    outcome, text = site.invoke("n_sometimes", "self")
    uid, pid, folder, arn = text.split()
    assert (outcome, folder, arn) == ("success", "/lambda", site.sometimes)
    assert int(pid) < 10, "a pid of its own namespace"
    assert int(uid) == (isolation.NOBODY if os.geteuid() == 0 else os.geteuid())


def test_its_log_has_what_it_logs_and_prints_at_their_levels(site):
    assert site.invoke("n_always", "log") == ("success", "logged")
    for level, text in (
        ("INFO", "an info line"), ("WARN", "a warning line"), ("ERROR", "an error line"),
        ("INFO", "printed"), ("ERROR", "complained"),
        ("INFO", "started with 3 words, the last is 7"),
    ):  # fmt: skip
        site.wait_for_log("n_always", text)
        line = next(one for one in site.log_of("n_always").splitlines() if text in one)
        assert f"[{level}]" in line, line
    assert "a debug line" not in site.log_of("n_always"), "below the level of its logger"


def test_one_that_crashes_is_told_and_started_again(site):
    before = site.status_of(site.always)["restarts"]
    outcome, text = site.invoke("n_always", "crash")
    assert outcome == "unhandled" and "signal 11" in text
    assert site.invoke("n_always", "echo again") == ("success", " again")
    assert site.status_of(site.always)["restarts"] == before + 1


def test_it_is_told_to_end_and_does_so_in_order(site):
    """Last: the functions go."""
    site.invoke("n_always", "echo")
    ended = site.log_of("n_always").count("ended in order")
    site.group.give(functions=site.functions[:2], subscriptions=[]).deploy()
    assert site.log_of("n_always").count("ended in order") == ended + 1
    assert "ended in order" in site.log_of("n_sometimes")
    left = [p for p in processes.descendants() if processes.program(p) == "function"]
    assert not left


def test_a_package_without_the_program_fails_the_deployment(site):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("bin/other", "x")
    arn = create(site.endpoints, "n_missing", data.getvalue())
    site.group.give(functions=[*site.functions[:2], native(arn, pinned=True)])
    status = site.group.outcome(site.group.start_deployment())
    assert status["DeploymentStatus"] == "Failure"
    assert "the function's package holds no file 'bin/function'" in status["ErrorMessage"]
