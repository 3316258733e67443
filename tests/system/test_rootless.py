"""A core that is not root isolates its functions too, where the host lets everybody make user
namespaces. Whoever runs the tests as root runs it as nobody, with programs where nobody gets at them."""

import base64
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from harness import core, isolation, processes
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN

USER = isolation.NOBODY if os.geteuid() == 0 else os.geteuid()

CODE = """
import errno, os, signal

held = []


def attempt(what, *arguments):
    try:
        return repr(what(*arguments))
    except OSError as failed:
        return errno.errorcode[failed.errno]


def status():
    lines = open('/proc/self/status').read().splitlines()
    return dict(line.split(':\\t') for line in lines if ':\\t' in line)


def handler(event, context):
    if 'exit' in event:
        os._exit(event['exit'])
    if 'deaf' in event:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    found = dict(globals())
    exec(event.get('code', 'outcome = None'), found)
    return found['outcome']
"""


def as_user(*command):
    """The command line that runs it as the core's user."""
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]


class Home:
    """A folder that belongs to the core's user, with the programs in it."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="evergrass-rootless-"))
        os.chmod(self.path, 0o755)
        self.bin = self.path / "bin"
        self.bin.mkdir()
        for name in ("greengrassd", "evergrass-jail", "evergrass"):
            shutil.copy(BIN / name, self.bin)
        shutil.copytree(BIN.parent / "share", self.path / "share")
        self.give()

    def give(self):
        if os.geteuid() == 0:
            for folder, _, files in os.walk(self.path):
                os.chown(folder, USER, USER)
                for name in files:
                    os.chown(Path(folder, name), USER, USER)

    def run(self, program, *arguments, check=True):
        return processes.run(*as_user(str(self.bin / program), *map(str, arguments)), check=check)

    def probe(self):
        (self.path / "probe").mkdir(exist_ok=True)
        self.give()
        return json.loads(self.run("evergrass-jail", "probe", self.path / "probe", check=False).stdout)


@pytest.fixture(scope="module")
def home():
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("setpriv is missing, by which a core is run as nobody")
    made = Home()
    try:
        host = made.probe()
        if not host["isolated"]:
            pytest.skip(f"this host isolates nothing for those who aren't root: {host['reason']}")
        yield made
    finally:
        shutil.rmtree(made.path)


class Site:
    def __init__(self, endpoints, home):
        self.home = home
        thing = new_thing(endpoints, home.path / "keys", "rootless_core")
        self.arn = publish_function(endpoints, "rootless", CODE)
        self.other = publish_function(endpoints, "rootless_other", CODE)
        configuration = {
            "Environment": {"Execution": {"IsolationMode": "GreengrassContainer"}},
            "MemorySize": 131072,
        }
        self.group = Group(endpoints, "rootless").give(
            cores=[entry(thing)],
            functions=[
                function_entry(self.arn, pinned=True, **configuration),
                function_entry(self.other, pinned=False, **configuration),
            ],
        )
        self.core = core.Core(home.path / "greengrass", endpoints, thing)
        home.give()

    def start(self):
        self.home.run("greengrassd", "start", "--root", self.core.root, *core.start_options())
        self.group.deploy()

    def stop(self):
        said = self.home.run("greengrassd", "stop", "--root", self.core.root)
        assert "killed" not in said.stderr, self.core.log()[-2000:]

    def evergrass(self, *arguments):
        done = self.home.run("evergrass", *arguments, "--root", self.core.root, check=False)
        return done.stdout

    def invoke(self, name, **event):
        """(outcome, what the function gave)."""
        said = self.evergrass("invoke", name, "--json", "--payload", json.dumps(event))
        answer = json.loads(said)
        return answer["outcome"], json.loads(base64.b64decode(answer["payloadBase64"]) or "null")

    def run(self, code, name="rootless"):
        outcome, result = self.invoke(name, code=code)
        assert outcome == "success", result
        return result

    def pids(self):
        """Of what the core started, the core apart."""
        return processes.descendants(self.core.pid)


@pytest.fixture(scope="module")
def site(service, home):
    made = Site(service.endpoints, home)
    with made.core:
        made.start()
        yield made
        made.stop()


def test_the_probe_says_what_can_be_had(home):
    host = home.probe()
    assert host["isolated"] is True and host["user"] is True
    assert set(host) == {"isolated", "memory", "pids", "devices", "user"}
    assert not list((home.path / "probe").iterdir()), "what it made is gone"


def test_the_core_runs_as_its_user_and_says_what_it_lacks(site):
    assert os.stat(f"/proc/{site.core.pid}").st_uid == USER
    lacks = [name for name in ("memory", "pids", "devices") if not site.home.probe()[name]]
    if lacks:
        site.core.wait_for_log("Functions are isolated, but not limited in all")
        assert ", ".join(lacks) in site.core.log()


def test_a_function_runs_in_its_jail_as_the_cores_user(site):
    seen = site.run(
        "outcome = [os.getuid(), os.getgid(), os.getcwd(), sorted(os.listdir('/lambda')),"
        " sorted(int(n) for n in os.listdir('/proc') if n.isdigit()), os.getpid()]"
    )
    assert seen[:4] == [USER, USER if os.geteuid() == 0 else os.getegid(), "/lambda", ["main.py"]]
    assert set(seen[4]) == {1, seen[5]}, "the jail's first process and the function"
    kinds = ("pid", "ipc", "uts", "mnt", "user", "net")
    inside = site.run(f"outcome = [os.readlink('/proc/self/ns/' + kind) for kind in {kinds!r}]")
    outside = [os.readlink(f"/proc/self/ns/{kind}") for kind in kinds]
    assert [a == b for a, b in zip(inside, outside)] == [False] * 5 + [True]


def test_it_has_no_rights_and_gets_none(site):
    status = site.run("outcome = status()")
    none = "0" * 16
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert status[name].strip() == none, name
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")
    # Its namespace has no uid but its own.
    assert site.run("outcome = attempt(os.setuid, 0)") in {"EINVAL", "EPERM"}
    pattern = "attempt(open, '/proc/sys/kernel/core_pattern', 'w')"
    assert site.run(f"outcome = {pattern}") in {"EROFS", "EACCES"}
    assert site.run("outcome = attempt(os.mknod, '/tmp/n', 0o60600, os.makedev(7, 0))") == "EPERM"
    assert site.run("import ctypes; outcome = ctypes.CDLL(None).unshare(0x10000000)") == -1


def test_the_cores_files_which_are_its_users_own_are_not_there(site):
    keys = [*site.core.root.rglob("*.key"), *site.core.root.rglob("*.pem")]
    assert len(keys) >= 2
    ways = [str(path) for path in keys]
    ways += [prefix + way for way in ways for prefix in ("/proc/1/root", "/.host", "/proc/self/root")]
    outcome = site.run(f"outcome = [attempt(open, way) for way in {ways!r}]")
    assert set(outcome) <= {"ENOENT", "EACCES", "ENOTDIR", "EPERM"}, outcome
    other = str(site.core.root / "ggc/deployment/lambda" / site.other)
    assert site.run(f"outcome = attempt(os.listdir, {other!r})") in {"ENOENT", "EACCES"}
    assert site.run(f"outcome = attempt(os.kill, {site.core.pid}, 0)") == "ESRCH"


def test_the_hosts_files_are_there_to_be_read_and_what_it_writes_stays_inside(site):
    assert site.run("outcome = open('/etc/hostname').read()") == Path("/etc/hostname").read_text()
    assert site.run("outcome = attempt(open, '/lambda/new', 'w')") == "EROFS"
    ways = ["/etc/evergrass-was-here", "/usr/evergrass-was-here", "/var/evergrass-was-here"]
    outcome = site.run(f"outcome = [attempt(open, way, 'w') for way in {ways!r}]")
    assert set(outcome) <= {"EROFS", "EACCES"}, outcome
    # Where everybody may write on the host, it is another place.
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        path = f"{folder}/evergrass-was-here-{os.getpid()}"
        assert site.run(f"outcome = open({path!r}, 'w').write('x')") == 1
        assert not Path(path).exists()
    # The core's user has a folder of its own on the host, which the function must not have.
    mine = site.home.path / "mine"
    mine.mkdir(exist_ok=True)
    site.home.give()
    assert site.run(f"outcome = attempt(open, {str(mine / 'x')!r}, 'w')") in {"EROFS", "ENOENT"}


def test_devices_are_the_usual_ones(site):
    assert site.run("outcome = open('/dev/zero', 'rb').read(3).hex()") == "000000"
    assert site.run("outcome = open('/dev/null', 'w').write('x')") == 1
    shown = set(site.run("outcome = os.listdir('/dev')"))
    assert shown <= {
        "null", "zero", "full", "random", "urandom", "tty", "pts", "ptmx", "shm", "fd", "stdin",
        "stdout", "stderr",
    }  # fmt: skip


def test_one_that_ends_is_started_again_and_its_jail_leaves_nothing(site):
    outcome, error = site.invoke("rootless_other", exit=7)
    assert outcome == "unhandled" and "exit status 7" in error["errorMessage"]
    assert site.invoke("rootless_other", code="outcome = 1") == ("success", 1)
    listed = {f["arn"]: f for f in json.loads(site.evergrass("functions", "--json"))}
    assert listed[site.other]["errors"] == 1 and listed[site.other]["memoryKb"] > 1000


def test_all_ends_with_the_core(site):
    """Last: the core is stopped and started again."""
    site.invoke("rootless", deaf=True)
    before = site.pids()
    assert len(before) >= 4
    site.stop()
    assert not [pid for pid in before if processes.alive(pid)]
    work = site.core.root / "ggc/var/work"
    assert not list(work.iterdir())
    site.start()
    assert site.run("outcome = 'again'") == "again"
