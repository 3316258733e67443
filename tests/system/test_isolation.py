"""What an attacker tries from inside a function that is configured for GreengrassContainer, each
of it refused; and what such a function is given.

The function runs what the test sends it and answers with the outcome, so that every attack is the
few lines that it takes.
"""

import json
import os
import socket
import textwrap
import threading
from pathlib import Path

import pytest

from harness import isolation, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function
from harness.processes import BIN

EVERGRASS = BIN / "evergrass"
ATTACKER = """
import ctypes, errno, os, socket, struct, subprocess, sys, traceback

SECRET = 'only this function knows'
libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    '''The name of the error that a function of libc ends with.'''
    ctypes.set_errno(0)
    done = getattr(libc, name)(*arguments)
    return errno.errorcode.get(ctypes.get_errno(), 'refused') if done == -1 else 'done'


def syscall(number, *arguments):
    return call('syscall', ctypes.c_long(number), *arguments)


def attempt(what, *arguments):
    try:
        return repr(what(*arguments))
    except OSError as failed:
        return errno.errorcode[failed.errno]


def handler(event, context):
    found = dict(globals())
    exec(event['code'], found)
    return found['outcome']
"""

pytestmark = [
    pytest.mark.skipif(
        not isolation.available(), reason=f"functions cannot be isolated here: {isolation.probe()}"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="the host's side of the attacks needs root"),
]


def volume(name, source, destination):
    data = {
        "SourcePath": str(source),
        "DestinationPath": destination,
        "GroupOwnerSetting": {"AutoAddGroupOwner": True},
    }
    container = {"LocalVolumeResourceData": data}
    return {"Id": name, "Name": name, "ResourceDataContainer": container}


def device(name, source):
    data = {"SourcePath": str(source), "GroupOwnerSetting": {"AutoAddGroupOwner": True}}
    return {"Id": name, "Name": name, "ResourceDataContainer": {"LocalDeviceResourceData": data}}


def with_resources(function, **permissions):
    function["FunctionConfiguration"]["Environment"]["ResourceAccessPolicies"] = [
        {"ResourceId": name, "Permission": permission} for name, permission in permissions.items()
    ]
    return function


class Site:
    """A core with the attacker, a victim, and a function that the group gives root and resources."""

    def __init__(self, endpoints, folder):
        self.endpoints = endpoints
        thing = new_thing(endpoints, folder / "keys", "core")
        self.attacker = publish_function(endpoints, "attacker", ATTACKER, "main.handler")
        self.victim = publish_function(endpoints, "victim", ATTACKER, "main.handler")
        self.root_one = publish_function(endpoints, "root_one", ATTACKER, "main.handler")
        self.folder = folder / "volumes"
        (self.folder / "ro").mkdir(parents=True)
        (self.folder / "rw").mkdir()
        (self.folder / "ro/file").write_text("to be read")
        os.chmod(self.folder / "rw", 0o777)
        # A device that is not among those of every jail: the kernel's log.
        self.device = Path(f"/dev/evergrass_test_{os.getpid()}")
        os.mknod(self.device, 0o020666, os.makedev(1, 11))
        os.mknod(self.folder / "rw/node", 0o020666, os.makedev(1, 11))
        for node in (self.device, self.folder / "rw/node"):
            os.chmod(node, 0o666)
        self.group = Group(endpoints).give(
            cores=[entry(thing)],
            resources=[
                volume("ro", self.folder / "ro", "/read"),
                volume("rw", self.folder / "rw", "/write"),
                volume("proc", "/proc", "/host-proc"),
                device("log", self.device),
            ],
            functions=[
                self.configured(self.attacker),
                function_entry(self.victim, pinned=True),
                with_resources(self.root(self.root_one), ro="ro", rw="rw", proc="ro", log="ro"),
            ],
        )
        self.core = Core(folder / "greengrass", endpoints, thing)
        self.core.config["runtime"]["allowFunctionsToRunAsRoot"] = "yes"
        self.core.write_config()
        self.core.start()
        self.group.deploy()

    @staticmethod
    def configured(arn):
        return function_entry(arn, pinned=False, **isolation.settings(memory_kb=65536))

    @staticmethod
    def root(arn):
        made = function_entry(arn, pinned=False, **isolation.settings(memory_kb=65536))
        execution = made["FunctionConfiguration"]["Environment"]["Execution"]
        execution["RunAs"] = {"Uid": 0, "Gid": 0}
        made["FunctionConfiguration"]["Environment"]["AccessSysfs"] = True
        return made

    def close(self):
        self.device.unlink(missing_ok=True)

    def invoke(self, code, function="attacker"):
        """(outcome, result) of lines that set `outcome`."""
        payload = json.dumps({"code": textwrap.dedent(code)})
        done = processes.run(
            EVERGRASS, "invoke", function, "--json", "--payload", payload, "--root", self.core.root,
            check=False,
        )  # fmt: skip
        answer = json.loads(done.stdout)
        return answer

    def run(self, code, function="attacker"):
        answer = self.invoke(code, function)
        assert answer["outcome"] == "success", answer
        return json.loads(payload_of(answer))


def payload_of(answer):
    import base64

    return base64.b64decode(answer["payloadBase64"]).decode()


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("isolation"))
    try:
        with made.core:
            yield made
            made.core.stop()
    finally:
        made.close()


# Both who may do nothing and who is root are refused; `everyone` runs an attack as each.
everyone = pytest.mark.parametrize("who", ["attacker", "root_one"])


@everyone
def test_the_cores_keys_are_not_there_to_read(site, who):
    secrets = [*site.core.root.rglob("*.key"), *site.core.root.rglob("*.pem")]
    assert len(secrets) >= 2
    # By their path, by the root of other processes, and up from a directory that stayed open.
    ways = [str(path) for path in secrets]
    ways += [prefix + way for way in ways for prefix in ("/proc/1/root", "/.host", "/proc/self/root")]
    ways += [f"/proc/self/fd/{fd}/../../../../../../..{ways[0]}" for fd in range(12)]
    outcome = site.run(
        f"""
        outcome = []
        for way in {ways!r}:
            outcome.append(attempt(lambda: open(way, 'rb').read(10)))
        """,
        who,
    )
    assert set(outcome) <= {"ENOENT", "EACCES", "ENOTDIR", "EPERM"}, outcome


@everyone
def test_another_functions_code_is_not_there(site, who):
    folder = site.core.root / "ggc/deployment/lambda" / site.victim
    assert (folder / "main.py").exists()
    assert site.run(f"outcome = attempt(os.listdir, {str(folder)!r})", who) in {"ENOENT", "EACCES"}
    assert site.run("outcome = sorted(os.listdir('/lambda'))", who) == ["main.py"]


@everyone
def test_no_other_process_is_there_and_so_no_other_token(site, who):
    outcome = site.run(
        """
        pids = [int(name) for name in os.listdir('/proc') if name.isdigit()]
        outcome = {'own': os.getpid(), 'pids': pids, 'environ': {}}
        for pid in pids:
            if pid != os.getpid():
                outcome['environ'][pid] = attempt(lambda: open('/proc/%d/environ' % pid).read())
        """,
        who,
    )
    assert set(outcome["pids"]) == {1, outcome["own"]}, "the jail's first process and the function"
    assert outcome["environ"] == {"1": "EACCES"}


@everyone
def test_processes_of_the_host_cannot_be_signalled_or_traced(site, who):
    core = site.core.pid
    assert site.run(f"outcome = attempt(os.kill, {core}, 9)", who) == "ESRCH"
    PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
    for request in (PTRACE_ATTACH, PTRACE_SEIZE):
        assert site.run(f"outcome = call('ptrace', {request}, 1, 0, 0)", who) == "EPERM"
    for name in ("process_vm_readv", "process_vm_writev"):
        assert site.run(f"outcome = call('{name}', 1, None, 0, None, 0, 0)", who) == "EPERM"
    for name in ("mem", "maps", "environ", "fd/0", "fd/2", "cwd/etc", "root/etc"):
        outcome = site.run(f"outcome = attempt(os.open, '/proc/1/{name}', os.O_RDONLY)", who)
        assert outcome in {"EACCES", "EPERM", "ENOENT"}, (name, outcome)
    assert processes.alive(core)


@everyone
def test_nothing_can_be_mounted_and_no_namespace_made(site, who):
    outcome = site.run(
        """
        NEWUSER, NEWNS, NEWPID, NEWNET = 0x10000000, 0x20000, 0x20000000, 0x40000000
        outcome = {
            'mount': call('mount', b'tmpfs', b'/tmp', b'tmpfs', 0, None),
            'bind': call('mount', b'/', b'/tmp', None, 4096, None),
            'umount': call('umount2', b'/proc', 2),
            'chroot': call('chroot', b'/tmp'),
            'pivot_root': syscall(155, b'/tmp', b'/tmp'),
            'setns': call('setns', 0, 0),
            'open_tree': syscall(428, -100, b'/', 1),
            'fsopen': syscall(430, b'tmpfs', 0),
            'move_mount': syscall(429, -100, b'/', -100, b'/tmp', 0),
            'by handle': syscall(304, 3, None, 0),
        }
        for name, flags in dict(user=NEWUSER, mount=NEWNS, pid=NEWPID, net=NEWNET).items():
            outcome['unshare ' + name] = call('unshare', flags)
            outcome['clone ' + name] = syscall(56, flags | 17, None, None, None, None)
        """,
        who,
    )
    assert set(outcome.values()) == {"EPERM"}, outcome


@everyone
def test_the_kernel_offers_none_of_its_larger_doors(site, who):
    outcome = site.run(
        """
        outcome = {
            'bpf': syscall(321, 0, None, 0),
            'perf_event_open': syscall(298, None, 0, -1, -1, 0),
            'userfaultfd': syscall(323, 0),
            'init_module': syscall(175, None, 0, b''),
            'finit_module': syscall(313, 0, b'', 0),
            'kexec_load': syscall(246, 0, 0, None, 0),
            'keyctl': syscall(250, 0, -3, 0),
            'add_key': syscall(248, b'user', b'x', b'y', 1, -3),
            'settimeofday': syscall(164, None, None),
            'sethostname': call('sethostname', b'x', 1),
            'reboot': syscall(169, 0, 0, 0, 0),
            'swapon': call('swapon', b'/tmp/x', 0),
            'syslog': syscall(103, 3, None, 0),
            'iopl': syscall(172, 3),
            'acct': call('acct', None),
            'quotactl': syscall(179, 0, None, 0, None),
        }
        outcome['io_uring'] = {'ENOSYS': 'EPERM'}.get(syscall(425, 1, None))
        outcome['clone3'] = {'ENOSYS': 'EPERM'}.get(syscall(435, None, 0))
        """,
        who,
    )
    assert set(outcome.values()) == {"EPERM"}, outcome


@everyone
def test_sockets_below_the_network_are_refused(site, who):
    outcome = site.run(
        """
        outcome = {
            'raw': attempt(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1),
            'raw 6': attempt(socket.socket, socket.AF_INET6, socket.SOCK_RAW, 58),
            'packet': attempt(socket.socket, socket.AF_PACKET, socket.SOCK_RAW, 3),
            'crypto': attempt(socket.socket, 38, socket.SOCK_SEQPACKET, 0),
            'vm': attempt(socket.socket, 40, socket.SOCK_STREAM, 0),
        }
        """,
        who,
    )
    assert set(outcome.values()) == {"EPERM"}, outcome


def test_set_uid_programs_give_nothing(site):
    outcome = site.run(
        """
        outcome = {'setuid': attempt(os.setuid, 0), 'setgid': attempt(os.setgid, 0),
                   'groups': attempt(os.setgroups, [0])}
        status = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines()
                      if ':\\t' in line)
        outcome['status'] = {name: status[name].strip() for name in
                             ('NoNewPrivs', 'Seccomp', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')}
        """
    )
    none = "0" * 16
    assert outcome.pop("status") == {
        "NoNewPrivs": "1", "Seccomp": "2", "CapInh": none, "CapPrm": none, "CapEff": none,
        "CapBnd": none, "CapAmb": none,
    }  # fmt: skip
    assert set(outcome.values()) == {"EPERM"}
    # A program that is root's and set-uid, of the host's or put where the function can reach it.
    program = site.folder / "ro/id"
    program.write_bytes(Path("/usr/bin/id").read_bytes())
    os.chmod(program, 0o4755)
    for function, path in (("attacker", "/usr/bin/su"), ("root_one", "/read/id")):
        shown = site.run(
            f"outcome = subprocess.run(['{path}'], capture_output=True, text=True,"
            " stdin=subprocess.DEVNULL).returncode", function,
        )  # fmt: skip
        assert shown != 0 if function == "attacker" else shown == 0
    assert site.run("outcome = os.geteuid()") == isolation.NOBODY


@everyone
def test_the_kernels_own_files_cannot_be_written(site, who):
    outcome = site.run(
        """
        outcome = {}
        for path in ('/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe',
                     '/proc/sys/vm/overcommit_memory', '/proc/sysrq-trigger'):
            outcome[path] = attempt(lambda: open(path, 'w'))
        outcome['oom'] = attempt(os.write, os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-1000')
        """,
        who,
    )
    assert set(outcome.values()) <= {"EROFS", "EACCES", "ENOENT", "EPERM"}, outcome
    assert site.run("outcome = attempt(lambda: len(open('/proc/kcore', 'rb').read(1)))", who) in {
        "0", "ENOENT", "EACCES"
    }  # fmt: skip


@everyone
def test_no_device_node_can_be_made_or_used(site, who):
    outcome = site.run(
        """
        outcome = {'made': attempt(os.mknod, '/tmp/disk', 0o60600, os.makedev(7, 0))}
        for path in ('/dev/mem', '/dev/kmsg', '/dev/loop0', '/dev/loop-control', '/dev/kvm'):
            outcome[path] = {'ENOENT': 'EPERM'}.get(attempt(os.open, path, os.O_RDONLY))
        """,
        who,
    )
    assert set(outcome.values()) == {"EPERM"}, outcome


def test_a_device_node_in_a_volume_opens_nothing(site):
    assert site.run("outcome = attempt(os.open, '/write/node', os.O_RDONLY)", "root_one") == "EACCES"


def test_links_lead_to_nothing_but_what_the_jail_has(site):
    key = next(site.core.root.rglob("*.key"))
    outcome = site.run(
        f"""
        outcome = {{}}
        os.symlink({str(key)!r}, '/write/link')
        outcome['symlink'] = attempt(lambda: open('/write/link').read())
        outcome['hard link'] = attempt(os.link, '/etc/shadow', '/write/shadow')
        os.symlink('/proc/1/root/etc/shadow', '/tmp/by-proc')
        outcome['by proc'] = attempt(lambda: open('/tmp/by-proc').read())
        """,
        "root_one",
    )
    assert outcome["symlink"] == "ENOENT"
    assert outcome["hard link"] in {"EXDEV", "EPERM", "EACCES"}
    assert outcome["by proc"] in {"EACCES", "ENOENT"}


def test_a_fork_bomb_stays_in_its_jail(site):
    answer = site.invoke(
        """
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """
    )
    # Its processes' memory or their number: whichever limit comes first.
    assert answer["outcome"] == "unhandled", answer
    assert site.run("outcome = 'well'", "victim") == "well"


def test_processes_and_threads_have_a_limit(site):
    outcome = site.run(
        """
        import threading
        threading.stack_size(65536)
        end, count = threading.Event(), 0
        try:
            while count < 5000:
                threading.Thread(target=end.wait, daemon=True).start()
                count += 1
        except RuntimeError as failed:
            outcome = [count, str(failed)]
        end.set()
        """
    )
    assert 500 < outcome[0] < 1024 and "can't start new thread" in outcome[1]


def test_a_memory_bomb_ends_alone_and_is_told_apart(site):
    answer = site.invoke("outcome = len(bytearray(1 << 30))")
    assert answer["outcome"] == "unhandled"
    assert "out of memory: it has 65536 KB (MemorySize)" in payload_of(answer)
    assert site.run("outcome = 'again'") == "again"


def test_memory_behind_files_counts_too(site):
    answer = site.invoke(
        """
        with open('/dev/shm/fill', 'wb') as file:
            for _ in range(1024):
                file.write(bytes(1 << 20))
        """
    )
    assert answer["outcome"] == "unhandled" and "out of memory" in payload_of(answer), answer


def test_a_log_flood_fills_no_disk(site):
    site.run(
        """
        for _ in range(20000):
            print('x' * 1000)
        outcome = 'flooded'
        """
    )
    logs = [p for p in (site.core.root / "ggc/var/log/user").rglob("attacker*") if p.is_file()]
    assert sum(p.stat().st_size for p in logs) < 1 << 20


def test_volumes_are_what_the_group_says(site):
    outcome = site.run(
        """
        outcome = {'read': open('/read/file').read(),
                   'write to it': attempt(lambda: open('/read/new', 'w')),
                   'remount': call('mount', None, b'/read', None, 32 | 4096, None),
                   'chmod': attempt(os.chmod, '/read/file', 0o777),
                   'proc': attempt(lambda: open('/host-proc/sys/kernel/core_pattern', 'w'))}
        open('/write/new', 'w').write('from the jail')
        outcome['host'] = open('/host-proc/1/comm').read()
        """,
        "root_one",
    )
    assert (site.folder / "rw/new").read_text() == "from the jail"
    assert outcome.pop("read") == "to be read"
    assert outcome.pop("host") == Path("/proc/1/comm").read_text()
    assert outcome.pop("remount") == "EPERM"
    assert set(outcome.values()) == {"EROFS"}, outcome
    assert site.run("outcome = [os.path.exists(p) for p in ('/read', '/write', '/host-proc')]") == [
        False, False, False
    ]  # fmt: skip


def test_a_device_is_given_as_far_as_the_group_says(site):
    path = str(site.device)
    assert site.run(f"outcome = attempt(os.open, {path!r}, os.O_RDONLY) > ''", "root_one") is True
    assert site.run(f"outcome = attempt(os.open, {path!r}, os.O_RDWR)", "root_one") == "EPERM"
    assert site.run(f"outcome = attempt(os.open, {path!r}, os.O_RDONLY)") == "ENOENT"


def test_sys_is_there_for_those_who_may_and_only_to_be_read(site):
    assert site.run("outcome = os.listdir('/sys')") == []
    shown = site.run(
        "outcome = [sorted(os.listdir('/sys')),"
        " attempt(lambda: open('/sys/kernel/uevent_helper', 'w')),"
        " attempt(os.mkdir, '/sys/fs/cgroup/x')]",
        "root_one",
    )
    assert "class" in shown[0] and shown[1] in {"EROFS", "ENOENT"} and shown[2] in {"EROFS", "ENOENT"}


def test_sockets_of_container_engines_are_not_there(site):
    path = Path(f"/run/evergrass-test-{os.getpid()}.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    os.chmod(path, 0o777)
    try:
        for way in (path, f"/var{path}"):
            code = f"""
            s = socket.socket(socket.AF_UNIX)
            outcome = attempt(s.connect, {str(way)!r})
            """
            assert site.run(code) == "ENOENT"
            assert site.run(code, "root_one") == "ENOENT"
    finally:
        listener.close()
        path.unlink()


def kernel_version():
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


@pytest.mark.skipif(kernel_version() < (6, 12), reason="the kernel cannot refuse them before 6.12")
@everyone
def test_abstract_sockets_of_the_host_are_refused(site, who):
    name = f"\0evergrass-test-{os.getpid()}"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name)
    listener.listen()
    with listener:
        code = f"""
        s = socket.socket(socket.AF_UNIX)
        outcome = attempt(s.connect, {name!r})
        """
        assert site.run(code, who) == "EPERM"


def test_namespaces_are_its_own_but_for_the_network(site):
    kinds = ("pid", "ipc", "uts", "mnt", "user", "net")
    inside = site.run(f"outcome = [os.readlink('/proc/self/ns/' + kind) for kind in {kinds!r}]")
    outside = [os.readlink(f"/proc/self/ns/{kind}") for kind in kinds]
    assert [a == b for a, b in zip(inside, outside)] == [False] * 5 + [True]
    # The network is the host's: a function reaches what listens on it.
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=server.accept, daemon=True).start()
        code = f"outcome = socket.create_connection(('127.0.0.1', {port})).getpeername()[1]"
        assert site.run(code) == port


def test_what_is_written_stays_in_the_jail_and_goes_with_it(site):
    outcome = site.run(
        """
        for path in ('/etc/evergrass-was-here', '/evergrass-was-here', '/tmp/evergrass-was-here',
                     '/var/tmp/evergrass-was-here', '/dev/shm/evergrass-was-here'):
            open(path, 'w').write('x')
        outcome = [attempt(os.listdir, '/root') > '', os.getcwd(), attempt(open, '/lambda/new', 'w')]
        """,
        "root_one",
    )
    assert outcome[1:] == ["/lambda", "EROFS"]
    for folder in ("/etc", "/", "/tmp", "/var/tmp", "/dev/shm"):
        assert not Path(folder, "evergrass-was-here").exists(), folder


def test_children_that_flee_end_with_the_worker(site):
    mark = f"evergrass-runaway-{os.getpid()}"
    code = f"""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            import signal
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.execv('/bin/sleep', ['{mark}', '1000'])
        os._exit(0)
    outcome = 'fled'
    """
    assert site.run(code, "victim") == "fled"
    running = lambda: [p for p in processes.descendants() if mark in processes.command_line(p)]
    waiting.until("the runaway runs", running)
    answer = site.invoke("os._exit(1)", "victim")
    assert answer["outcome"] == "unhandled"
    waiting.until("the runaway ended with its worker", lambda: not running())


def test_nothing_of_ended_workers_is_left(site):
    site.invoke("os._exit(1)")
    own = {str(site.core.pid)}

    def left():
        places = []
        for folder in Path("/sys/fs/cgroup").rglob("evergrass-*"):
            if folder.is_dir() and folder.name.split("-")[1] in own:
                places.append(folder)
        return places

    workers = lambda: len([p for p in (site.core.root / "ggc/var/work").iterdir()])
    groups = len({folder.name for folder in left()})
    # One group a running worker, and one for the jail that is kept ready.
    waiting.until("groups and folders of ended workers are gone",
                  lambda: len({f.name for f in left()}) <= workers() + 1)  # fmt: skip
    assert groups >= 1


def test_root_is_refused_unless_the_core_allows_it(service, tmp_path):
    thing = new_thing(service.endpoints, tmp_path / "keys", "plain_core")
    arn = publish_function(service.endpoints, "wants_root", ATTACKER)
    group = Group(service.endpoints).give(cores=[entry(thing)], functions=[Site.root(arn)])
    with Core(tmp_path / "greengrass", service.endpoints, thing) as core:
        core.start()
        status = group.outcome(group.start_deployment())
        assert status["DeploymentStatus"] == "Failure"
        assert "are configured to run as root but Greengrass is not configured" in status["ErrorMessage"]
        core.stop()


def test_a_resource_that_the_function_may_not_use_fails_the_deployment(service, tmp_path):
    (tmp_path / "private").mkdir(mode=0o700)
    thing = new_thing(service.endpoints, tmp_path / "keys", "strict_core")
    arn = publish_function(service.endpoints, "curious", ATTACKER)
    private = volume("private", tmp_path / "private", "/private")
    private["ResourceDataContainer"]["LocalVolumeResourceData"]["GroupOwnerSetting"] = {}
    group = Group(service.endpoints).give(
        cores=[entry(thing)],
        resources=[private],
        functions=[with_resources(Site.configured(arn), private="rw")],
    )
    with Core(tmp_path / "greengrass", service.endpoints, thing) as core:
        core.start()
        status = group.outcome(group.start_deployment())
        assert status["DeploymentStatus"] == "Failure"
        text = f"don't have rw permission on the file: {tmp_path / 'private'}"
        assert f"group config is invalid: 65534 or [65534] {text}" in status["ErrorMessage"]
        # The core's own folder is nobody's resource.
        own = volume("own", core.root, "/own")
        group.give(resources=[own], functions=[with_resources(Site.configured(arn), own="ro")])
        status = group.outcome(group.start_deployment())
        assert "would show the core's own files" in status["ErrorMessage"]
        core.stop()
