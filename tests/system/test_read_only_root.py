"""A core whose root is mounted read-only: all that changes is in its write directory (V1.6)."""

import os
import shutil
import stat

import pytest

from harness import processes
from harness.core import GREENGRASSD, Core, start_options
from harness.group import Group, entry, new_thing, subscriptions
from harness.isolation import available



@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare") or not available(), reason="mounts nothing here")
def test_a_core_on_a_read_only_root_is_deployed_and_serves_its_devices(service, tmp_path):
    endpoints, write = service.endpoints, tmp_path / "write"
    write.mkdir()
    thing = new_thing(endpoints, tmp_path / "keys", "ro_core")
    device = new_thing(endpoints, tmp_path / "keys", "ro_device")
    core = Core(tmp_path / "greengrass", endpoints, thing)
    core.config |= {"writeDirectory": str(write), "pidFileDirectory": str(write)}
    core.write_config()
    before = sorted(core.root.rglob("*"))
    read_only = f"mount --bind {core.root} {core.root} && mount -o remount,ro,bind {core.root} && ! touch {core.root}/x"
    with core:
        processes.run("unshare", "-m", "sh", "-c", f'{read_only} && exec "$@"', "sh", GREENGRASSD, "start", "--root",
                      core.root, *start_options())  # fmt: skip
        group = Group(endpoints, "read-only").give(
            cores=[entry(thing)], devices=[entry(device)],
            subscriptions=subscriptions((device.arn, device.arn, "to/itself")),
        )  # fmt: skip
        group.deploy()
        ca = group.write_ca(tmp_path / "ca.pem")
        processes.run(
            "mosquitto_pub", "-h", "127.0.0.1", "-p", core.mqtt.rpartition(":")[2], "--cafile", ca, "--cert",
            device.cert, "--key", device.key, "-i", device.name, "-t", "to/itself", "-m", "x", "-q", "1",
        )  # fmt: skip
        assert sorted(core.root.rglob("*")) == before
        assert (write / "deployment/group/group.json").exists() and (write / "var/log/system/runtime.log").exists()
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in write.rglob("*") if not path.is_symlink()}
        assert not {path: oct(mode) for path, mode in modes.items() if mode & 0o022 and not mode & stat.S_ISVTX}
        keys = {path: oct(mode) for path, mode in modes.items() if path.suffix == ".key"}
        assert keys and set(keys.values()) == {"0o600"}, keys
        core.daemon("stop")
