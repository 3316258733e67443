"""What an attacker, a full disk or a revoked device meets at a running core: docs/hardening.md."""

import os
import socket
import ssl
import stat
import subprocess

import pytest

from harness import core_socket, mqtt_packets, waiting
from harness.core import BEFORE_IT_ASKS_ANEW, Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions
from harness.mqtt import Refused

IDLE = """
def handler(event, context):
    return event
"""


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """A disk that is quickly full, of bytes and of files."""
    place = tmp_path_factory.mktemp("small")
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=1500,mode=755", "tmpfs", place]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk needs the right to mount: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


class Site:
    """A core on the small disk, whose group has three devices and an idle function."""

    def __init__(self, endpoints, folder, disk):
        self.endpoints, self.disk = endpoints, disk
        self.thing, self.sensor, self.display, self.lost = (
            new_thing(endpoints, folder, f"hard_{name}") for name in ("core", "sensor", "display", "lost")
        )
        self.functions = []
        self.group = Group(endpoints, "hardened")
        self.core = Core(disk / "greengrass", endpoints, self.thing).start()
        self.deploy()
        self.ca = self.group.write_ca(folder / "group-ca.pem")

    def give(self):
        return self.group.give(
            cores=[entry(self.thing)],
            devices=[entry(self.sensor), entry(self.display), entry(self.lost)],
            functions=self.functions,
            subscriptions=subscriptions(
                (self.sensor.arn, self.display.arn, "here"), (self.lost.arn, self.display.arn, "lost")
            ),
        )

    def deploy(self):
        self.give().deploy()

    def outcome(self):
        """How a deployment ends, with its reason."""
        return self.group.outcome(self.give().start_deployment())

    def set_certificate(self, thing, status):
        certificate = thing.certificate_arn.rpartition("/")[2]
        self.endpoints.boto("iot").update_certificate(certificateId=certificate, newStatus=status)

    def refuses(self, thing):
        with pytest.raises((Refused, OSError)):
            self.connect(thing)

    def connect(self, thing):
        return self.core.connect(thing, self.ca)

    def fill(self):
        """No byte more; what gives the space back."""
        ballast = self.disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            for size in (65536, 1):
                with pytest.raises(OSError):
                    while True:
                        file.write(b"x" * size)
        return ballast.unlink

    def use_up_inodes(self):
        """No file more, with space for bytes; what gives them back."""
        folder = self.disk / "many"
        folder.mkdir()
        made = []
        with pytest.raises(OSError):
            while True:
                made.append(folder / str(len(made)))
                made[-1].touch()

        def give_back():
            for file in made[:-1]:
                file.unlink()
            folder.rmdir()

        return give_back


@pytest.fixture(scope="module")
def site(service, tmp_path_factory, small_disk):
    made = Site(service.endpoints, tmp_path_factory.mktemp("keys"), small_disk)
    with made.core:
        yield made


def heard(device, topic, text):
    message = device.receive()
    assert (message.topic, message.payload) == (topic, text.encode())


def passes(site, text):
    """A message from device to device."""
    with site.connect(site.display) as display, site.connect(site.sensor) as sensor:
        display.subscribe("here")
        sensor.publish("here", text)
        return heard(display, "here", text)


@pytest.mark.parametrize("lack", ["fill", "use_up_inodes"])
def test_a_core_without_space_carries_messages_and_keeps_its_deployment(site, lack):
    functions = site.functions
    name = f"hard_{lack}"
    site.functions = [function_entry(publish_function(site.endpoints, name, IDLE), pinned=False)]
    give_back = getattr(site, lack)()
    try:
        passes(site, "full")
        failed = site.outcome()
        assert failed["DeploymentStatus"] == "Failure", failed
        assert "space" in failed["ErrorMessage"], failed
        passes(site, "still full")
    finally:
        give_back()
    assert site.outcome()["DeploymentStatus"] == "Success"
    passes(site, "space again")
    site.functions = functions


def test_a_revoked_device_is_cut_off_without_a_deployment_and_alone(site):
    with site.connect(site.display) as display, site.connect(site.lost) as lost:
        display.subscribe("lost")
        lost.publish("lost", "while it may")
        heard(display, "lost", "while it may")
        site.deploy()  # its poll has just begun
        site.set_certificate(site.lost, "REVOKED")
        lost.wait_closed(BEFORE_IT_ASKS_ANEW)
        site.refuses(site.lost)
        assert display.connected()
    site.core.stop()
    site.core.start()
    site.refuses(site.lost)
    passes(site, "after the restart")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_certificate_of_no_member_gets_an_alert_and_its_connect_is_not_read(site, tmp_path, version):
    name = f"hard_stranger_{version.name}"
    stranger = new_thing(site.endpoints, tmp_path, name)
    context = ssl.create_default_context(cafile=str(site.ca))
    context.load_cert_chain(str(stranger.cert), str(stranger.key))
    context.minimum_version = context.maximum_version = version
    host, _, port = site.core.mqtt.rpartition(":")
    counted = 'evergrass_drops_total{reason="certificate_not_in_group"}'
    before = core_socket.metrics(site.core)[counted]
    with socket.create_connection((host, int(port)), timeout=waiting.HANG) as plain:
        with pytest.raises(ssl.SSLError) as refused:  # of TLS 1.3 the client hears it after its own last word
            with context.wrap_socket(plain, server_hostname=host) as stream:
                stream.send(mqtt_packets.connect(mqtt_packets.V311, site.sensor.name))
                stream.recv(1)
    assert refused.value.reason == "SSLV3_ALERT_BAD_CERTIFICATE"  # a fatal one
    waiting.until("it is counted", lambda: core_socket.metrics(site.core)[counted] > before)
    # A CONNECT that was read would be refused and counted too.
    assert core_socket.metrics(site.core)[counted] == before + 1


def test_a_reactivated_device_comes_back_with_the_next_deployment(site):
    site.set_certificate(site.lost, "INACTIVE")
    site.deploy()
    site.refuses(site.lost)
    site.set_certificate(site.lost, "ACTIVE")
    site.deploy()
    with site.connect(site.lost) as lost:
        assert lost.connected()


def test_what_the_core_keeps_is_its_users_alone(site):
    secret, readable = [], []
    for folder, _, names in os.walk(site.core.root / "ggc/var"):
        for name in names:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if not stat.S_ISREG(mode):
                continue
            with open(path, "rb") as file:
                if b"PRIVATE KEY" in file.read():
                    secret.append(path)
                    readable += [path] if mode & 0o077 else []
    assert secret, "the core has keys of its own"
    assert not readable, "others may read keys"
    for name in ("current.json", "progress.json"):
        kept = site.core.root / "ggc/var/state/deployment" / name
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
