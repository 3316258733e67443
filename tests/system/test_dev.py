"""`evergrass dev`: a folder's handler at a running core, started anew as its files change."""

import json
import os
import shutil
import signal

import pytest

from harness import core_socket, processes, waiting
from harness.core import Core
from harness.group import (
    Group, entry, function_entry, new_thing, publish_function, subscriptions,
)  # fmt: skip
from harness.processes import BIN, Process

EVERGRASS = BIN / "evergrass"

ECHO = """
import greengrasssdk


def handler(event, context):
    print('it is {0}')
    topic = (context.client_context.custom or {{}}).get('subject')
    if topic:
        greengrasssdk.client('iot-data').publish(topic='from/{0}', payload='{0}')
    return '{0}'
"""


class Site:
    def __init__(self, endpoints, folder):
        self.endpoints = endpoints
        core = new_thing(endpoints, folder / "keys", "core")
        self.device = new_thing(endpoints, folder / "keys", "device")
        self.echo = publish_function(endpoints, "echo", ECHO.format("deployed"))
        self.group = Group(endpoints).give(
            cores=[entry(core)],
            devices=[entry(self.device)],
            functions=[function_entry(self.echo, pinned=True)],
            subscriptions=subscriptions(
                (self.device.arn, self.echo, "ask"), (self.echo, self.device.arn, "from/#")
            ),
        )
        self.core = Core(folder / "greengrass", endpoints, core)
        # A developer's folder is his own, and who runs these tests is often root.
        self.core.config["runtime"]["allowFunctionsToRunAsRoot"] = "yes"
        self.core.write_config()
        self.core.start()
        self.group.deploy()
        self.ca = self.group.write_ca(folder / "group-ca.pem")

    def dev(self, folder, *arguments):
        return Process(EVERGRASS, "dev", folder, *arguments, "--root", self.core.root)

    def run(self, verb, *arguments):
        return processes.run(EVERGRASS, verb, *arguments, "--root", self.core.root, check=False)

    def functions(self):
        return {f["arn"]: f for f in core_socket.status(self.core)["functions"]}


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("dev"))
    with made.core:
        yield made
        made.core.stop()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "my-function"
    made.mkdir()
    return made


def write(path, text):
    """As editors save: a new file takes the old one's name."""
    fresh = path.with_name(path.name + "~")
    fresh.write_text(text)
    os.replace(fresh, path)


def test_a_change_starts_it_anew_and_it_is_invoked_again(site, folder):
    write(folder / "main.py", ECHO.format("one"))
    with site.dev(folder, "--invoke", "{}") as dev:
        dev.wait_for_line(r"guessed the handler main.handler from main.py, and the runtime python3.8")
        dev.wait_for_line(r"main.handler \(python3.8\) runs as arn:aws:lambda:.*:my-function:dev until")
        dev.wait_for_line(r"\[INFO\] .*it is one")
        dev.wait_for_line(r"= success in")
        dev.wait_for_line(r'^  "one"$')
        write(folder / "main.py", ECHO.format("two"))
        dev.wait_for_line(r"main.py changed: starts anew")
        dev.wait_for_line(r'^  "two"$')
        assert site.run("invoke", "my-function").stdout == '"two"\n'
        arn = next(arn for arn in site.functions() if arn.endswith(":my-function:dev"))
        assert dev.stop(signal.SIGINT) == 0, dev
        assert dev.lines[-1] == "* ends; the core removes it"
    waiting.until("the core removes it", lambda: arn not in site.functions())
    assert site.echo in site.functions()


def test_an_error_of_the_handler_is_shown_and_waits_for_the_next_change(site, folder):
    write(folder / "main.py", "def handler(event, context)\n    pass\n")
    with site.dev(folder, "--handler", "main.handler", "--pinned", "--invoke", "{}", "--json") as dev:
        ended = json.loads(dev.wait_for_line(r'.*"event":"ended".*')[0])
        assert "main.py, line 1" in ended["reason"]
        seen = len(dev.lines)
        write(folder / "main.py", "import os\n\n\ndef handler(event, context):\n    os._exit(4)\n")
        changed = json.loads(dev.wait_for_line(r'.*"event":"changed".*', after=seen)[0])
        assert changed["files"] == ["main.py"]
        # The handler ends its process: either is told first.
        assert "exit status 4" in dev.wait_for_line(r'.*"event":"ended".*', after=seen)[0]
        result = json.loads(dev.wait_for_line(r'.*"event":"result".*', after=seen)[0])
        assert result["outcome"] == "unhandled"
        seen = len(dev.lines)
        write(folder / "main.py", ECHO.format("right"))
        result = json.loads(dev.wait_for_line(r'.*"event":"result".*', after=seen)[0])
        assert result["outcome"] == "success"
        assert dev.stop(signal.SIGTERM) == 0
    assert all(json.loads(line) for line in dev.lines)


def test_it_takes_the_place_of_a_deployed_function_with_its_subscriptions(site, folder):
    write(folder / "main.py", ECHO.format("folder"))
    with site.core.connect(site.device, site.ca) as device:
        device.subscribe("from/#")
        device.publish("ask", "{}")
        assert device.receive().topic == "from/deployed"
        with site.dev(folder, "--as", "echo", "--handler", "main.handler") as dev:
            dev.wait_for_line(rf"runs as {site.echo}, in place of the deployed one,")
            dev.wait_for_line("it is up")
            device.publish("ask", "{}")
            assert device.receive().topic == "from/folder"
            with site.dev(folder, "--as", "echo") as second:
                assert second.wait() == 2
                assert "somebody works on" in second.output
            site.group.deploy()
            device.publish("ask", "{}")
            assert device.receive().topic == "from/folder", "a deployment leaves it alone"
            dev.send_signal(signal.SIGKILL)
            dev.wait()
        waiting.until(
            "the deployed one is back",
            lambda: "folder" not in site.run("invoke", "echo").stdout,
        )
        device.publish("ask", "{}")
        assert device.receive().topic == "from/deployed"


def test_a_message_of_a_topic_can_be_its_event(site, folder):
    write(folder / "app.py", "def on_message(event, context):\n    return context.client_context.custom\n")
    with site.dev(folder, "--topic", "a/b", "--payload", '{"n": 1}', "--name", "other") as dev:
        dev.wait_for_line(r"app.on_message .* runs as .*:other:dev until")
        dev.wait_for_line(r'"subject": "a/b"')
        dev.stop(signal.SIGINT)


@pytest.mark.skipif(not shutil.which("node", path=processes.clean_env()["PATH"]), reason="needs Node.js")
def test_a_handler_in_nodejs_is_guessed_too(site, folder):
    write(folder / "index.js", "exports.handler = (event, context, done) => done(null, 'js one');\n")
    with site.dev(folder, "--invoke", "{}") as dev:
        dev.wait_for_line(r"guessed the handler index.handler from index.js, and the runtime nodejs12.x")
        dev.wait_for_line(r'^  "js one"$')
        write(folder / "index.js", "exports.handler = (event, context, done) => done(null, 'js two');\n")
        dev.wait_for_line(r'^  "js two"$')
        dev.stop(signal.SIGINT)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("/nowhere",), "'/nowhere' is no folder"),
        ((), "name it with --handler FILE.FUNCTION"),
        (("--handler", "main.handler"), "--runtime"),
        (("--handler", "main.handler", "--runtime", "cobol"), "'cobol' is no runtime"),
        (("--as", "nobody"), "'nobody' is no function of the deployed group"),
        (("--name", "x", "--as", "echo"), "excludes"),
    ],
)
def test_what_is_wrong_is_said(site, folder, arguments, says):
    path = () if arguments and arguments[0].startswith("/") else (folder,)
    done = site.run("dev", *path, *arguments)
    assert done.returncode == 2 and says in done.stderr


def test_no_core_is_said_too(folder, tmp_path):
    write(folder / "main.py", ECHO.format("one"))
    done = processes.run(EVERGRASS, "dev", folder, "--root", tmp_path, check=False)
    assert done.returncode == 2 and "greengrassd start" in done.stderr
