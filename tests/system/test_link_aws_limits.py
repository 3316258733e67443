"""A core whose iotHost is AWS IoT Core, with its limits, while ggHost is our service."""

import contextlib
import shutil

import pytest

from harness import aws_iot, waiting
from harness.aws_iot import AwsIot, fingerprint, server_tls
from harness.core import Core
from harness.group import Group, entry, new_thing, subscriptions
from harness.openssl import Files

pytestmark = pytest.mark.skipif(
    not aws_iot.MOSQUITTO.exists(), reason="mosquitto is not installed (apt-get install mosquitto)"
)

SPOOLER = "arn:aws:lambda:::function:GGCloudSpooler:1"
MANY = [f"cloud/{number:03}" for number in range(120)]


class Site:
    def __init__(self, endpoints, folder, aws, things):
        self.endpoints, self.aws = endpoints, aws
        self.core_thing, self.device = things
        self.group = Group(endpoints, "aws-limits").give(
            cores=[entry(self.core_thing)], devices=[entry(self.device)]
        )
        self.core = Core(folder / "greengrass", endpoints, self.core_thing)
        self.core.config["coreThing"]["iotMqttPort"] = aws.port
        self.core.config["cloudLink"] = {
            "subscriptionsPerConnection": 50, "certificateCheckSeconds": 1,
        }  # fmt: skip
        with (self.core.root / "certs/root.ca.pem").open("a") as trusted:
            trusted.write((folder / "aws/root.pem").read_text())
        self.core.write_config()

    def deploy(self, filters, *others, kept=False):
        """The device gets what the cloud sends on the filters, of a session that is kept or not."""
        variables = {"GG_CONFIG_SUBSCRIPTION_QUALITY": "AtLeastOncePersistent" if kept else "AtMostOnce"}
        spooler = {
            "Id": "spooler",
            "FunctionArn": SPOOLER,
            "FunctionConfiguration": {
                "Executable": "spooler", "MemorySize": 32768, "Pinned": True, "Timeout": 3,
                "Environment": {"Variables": variables},
            },
        }  # fmt: skip
        self.group.give(
            functions=[spooler],
            subscriptions=subscriptions(
                *(("cloud", self.device.arn, one) for one in filters), *others
            ),
        ).deploy()

    def settled(self, filters):
        aws_iot.settled(self.aws, filters)

    def connected(self, *ids):
        waiting.until(
            lambda: f"the connections are {ids}, not {sorted(self.aws.clients)}",
            lambda: sorted(self.aws.clients) == list(ids),
        )


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    folder = tmp_path_factory.mktemp("aws_limits")
    endpoints = service.endpoints
    things = [new_thing(endpoints, folder / "keys", name) for name in ("pump", "lamp")]
    files = Files(folder / "aws")
    files.authority("root")
    files.signed("iot", "root", f"IP:{endpoints.iot_host}")
    tls = server_tls(folder / "aws/iot.pem", folder / "aws/iot.key", things[0].cert)
    with AwsIot(folder, tls) as aws:
        made = Site(endpoints, folder, aws, things)
        made.tls, made.folder = tls, folder
        with made.core:
            made.core.start()
            made.group.deploy()
            made.ca = made.group.write_ca(folder / "group-ca.pem")
            yield made
            made.core.stop()
        assert not aws.misuse


@pytest.fixture(scope="module")
def lamp(site):
    with site.core.connect(site.device, site.ca) as device:
        yield device


@pytest.fixture(scope="module")
def cloud(site):
    with contextlib.closing(site.aws.application("application")) as client:
        yield client


def test_120_subscriptions_go_to_three_connections(site, lamp, cloud):
    site.deploy(MANY)
    lamp.subscribe("#")
    site.settled(MANY)
    site.connected("pump-c00", "pump-c01", "pump-c02")
    assert sorted(len(filters) for filters in site.aws.filters.values()) == [20, 50, 50]
    for one in MANY:
        cloud.publish(one, one, qos=1)
    assert sorted(lamp.receive().topic for _ in MANY) == MANY


def test_what_stays_is_left_alone(site, lamp, cloud):
    before = site.aws.subscribed()
    del site.aws.asked[:]
    kept = MANY[:10] + MANY[100:]
    site.deploy([*kept, "new"])
    site.settled([*kept, "new"])
    site.connected("pump-c00", "pump-c02")
    after = site.aws.subscribed()
    assert {one: before[one] for one in kept} == {one: after[one] for one in kept}
    assert {one for _, _, one in site.aws.asked} == {"new", *MANY[10:100]}
    cloud.publish("new", "1", qos=1)
    cloud.publish(MANY[119], "2", qos=1)
    assert sorted(lamp.receive().payload for _ in range(2)) == [b"1", b"2"]


def test_a_message_of_two_filters_comes_once(site, lamp, cloud):
    site.deploy(["o/+/x", "o/a/+", "wide/#", "wide/narrow/+"])
    # One that another covers is not asked for.
    site.settled(["o/+/x", "o/a/+", "wide/#"])
    for topic in ("o/a/x", "o/b/x", "o/a/y", "wide/narrow/1"):
        cloud.publish(topic, "", qos=1)
    cloud.publish("wide/end", "", qos=1)
    # A second copy would come before what its connection brings last.
    got, last = [], {"o/b/x", "o/a/y", "wide/end"}
    while not last <= set(got):
        got.append(lamp.receive().topic)
    assert sorted(got) == ["o/a/x", "o/a/y", "o/b/x", "wide/end", "wide/narrow/1"]


def test_a_refused_subscription_is_named_and_the_others_work(site, lamp, cloud):
    site.aws.denied = {"forbidden/#"}
    site.deploy(["allowed", "forbidden/#"])
    site.core.wait_for_log("The cloud refused a subscription.")
    line = next(x for x in site.core.log().splitlines() if "refused a subscription" in x)
    assert '"subject": "forbidden/#"' in line and "iot:Subscribe" in line
    cloud.publish("allowed", "1", qos=1)
    assert lamp.receive().payload == b"1"


def test_all_is_back_after_the_cloud_was_away(site, lamp, cloud):
    site.deploy(MANY, (site.device.arn, "cloud", "up/#"))
    site.settled(MANY)
    cloud.subscribe("up/#", qos=1)
    site.aws.cut()
    site.settled(MANY)
    cloud.publish(MANY[0], "first", qos=1)
    cloud.publish(MANY[119], "last", qos=1)
    assert sorted(lamp.receive().payload for _ in range(2)) == [b"first", b"last"]
    largest = bytes(128 * 1024)
    lamp.publish("up/large", largest)
    got = cloud.message(topic="up/large")
    assert got.payload == largest


def test_a_kept_session_loses_nothing_while_the_link_is_down(site, lamp, cloud):
    site.deploy([])
    site.connected("pump-c00")
    site.deploy(MANY[:60], kept=True)
    site.settled(MANY[:60])
    # The first connection is not kept, and is the core's own.
    site.connected("pump-c00", "pump-c01", "pump-c02")
    assert not site.aws.filters["pump-c00"]
    assert all(set(site.aws.filters[one].values()) == {1} for one in ("pump-c01", "pump-c02"))
    site.aws.cut(accept=False)
    for one in MANY[:60]:
        cloud.publish(one, one, qos=1)
    site.aws.accepting = True
    assert sorted(lamp.receive().topic for _ in range(60)) == MANY[:60]


def test_sessions_outlive_the_core_and_are_tidied_by_the_next(site, cloud):
    where = site.aws.subscribed()
    site.core.stop()
    waiting.until("the core has left", lambda: not site.aws.clients)
    assert site.aws.subscribed() == where
    site.core.start()
    waiting.until("the core is back", lambda: len(site.aws.clients) == 3)
    assert site.aws.subscribed() == where
    site.deploy(MANY[50:60], kept=True)
    site.settled(MANY[50:60])
    site.deploy(MANY[50:60])
    site.settled(MANY[50:60])
    site.connected("pump-c00")


def test_a_new_certificate_is_taken_up_without_a_restart(site):
    pid = site.core.pid
    iot = site.endpoints.boto("iot")
    made = iot.create_keys_and_certificate(setAsActive=True)
    iot.attach_policy(policyName="pump_policy", target=made["certificateArn"])
    iot.attach_thing_principal(thingName="pump", principal=made["certificateArn"])
    certificate, key = site.folder / "new.pem", site.folder / "new.key"
    certificate.write_text(made["certificatePem"])
    key.write_text(made["keyPair"]["PrivateKey"])
    site.tls.load_verify_locations(certificate)
    certs = site.core.root / "certs"
    # Between the two, certificate and key don't fit: nothing is given up for that.
    shutil.copy(key, certs / site.core_thing.key.name)
    site.core.wait_for_log("cannot be used: connections stay as they are")
    assert site.aws.clients["pump-c00"].certificate == fingerprint(site.core_thing.cert)
    shutil.copy(certificate, certs / site.core_thing.cert.name)
    waiting.until(
        lambda: f"it connects anew: {site.core.log()[-2000:]}",
        lambda: (c := site.aws.clients.get("pump-c00")) and c.certificate == fingerprint(certificate),
    )  # fmt: skip
    assert site.core.pid == pid
    # Deployments come by it too.
    site.core.wait_for_log('"connectsAnew": true')
    iot.update_certificate(
        certificateId=site.core_thing.certificate_arn.rpartition("/")[2], newStatus="INACTIVE"
    )
    site.group.deploy()
