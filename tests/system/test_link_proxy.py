"""A core that reaches its cloud through an HTTP proxy only."""

import ssl

import pytest

from harness import waiting
from harness.aws_iot import server_tls
from harness.cloud import Cloud
from harness.core import Core, port_of
from harness.group import Group, entry, new_thing, subscriptions
from harness.http_proxy import HttpProxy
from harness.hub import HubClient
from harness.openssl import Files

CLOUD, IOT = "cloud.evergrass.test", "iot.evergrass.test"  # names that only the proxy finds
USER, PASSWORD = "core", "p%ss: w@rd"


class Site:
    def __init__(self, endpoints, folder):
        self.endpoints, self.folder = endpoints, folder
        self.core_thing = new_thing(endpoints, folder / "keys", "pump")
        self.device = new_thing(endpoints, folder / "keys", "lamp")
        self.group = Group(endpoints, "proxy").give(
            cores=[entry(self.core_thing)],
            devices=[entry(self.device)],
            subscriptions=subscriptions(
                (self.device.arn, "cloud", "up/#"), ("cloud", self.device.arn, "down/#")
            ),
            loggers=[
                {"Id": "l", "Component": "GreengrassSystem", "Level": "INFO", "Type": "AWSCloudWatch"}
            ],
        )
        self.core = Core(folder / "greengrass", endpoints, self.core_thing)
        self.thing = self.core.config["coreThing"]
        self.thing["iotHost"] = self.thing["ggHost"] = CLOUD

    def use(self, proxy, direct="", password=PASSWORD):
        self.thing["networkProxy"] = {
            "noProxyAddresses": direct,
            "proxy": {"url": proxy.url, "username": USER, "password": password},
        }
        self.core.write_config()

    def talk(self):
        """A message in each direction."""
        ca = self.group.write_ca(self.folder / "group-ca.pem")
        with HubClient(self.endpoints, "application") as cloud, self.core.connect(
            self.device, ca
        ) as lamp:
            cloud.subscribe("up/#")
            lamp.subscribe("down/#")
            lamp.publish("up/1", "from the device")
            assert cloud.receive().payload == b"from the device"
            cloud.publish("down/1", "from the cloud")
            assert lamp.receive().payload == b"from the cloud"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxy")
    with Cloud(folder / "cloud", "--host", CLOUD, "--host", IOT) as cloud:
        made = Site(cloud.endpoints, folder)
        with made.core:
            yield made


def test_deployments_messages_and_logs_go_through_it(site):
    with HttpProxy(USER, PASSWORD) as proxy:
        site.use(proxy)
        site.core.start()
        site.group.deploy()
        site.talk()
        logs = site.endpoints.boto("logs")

        def lines():
            groups = [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]]
            return [e for g in groups for e in logs.filter_log_events(logGroupName=g)["events"]]

        waiting.until("logs come", lines)
        ports = {port_of(site.endpoints.iot_mqtt), port_of(site.endpoints.iot_https)}
        assert set(proxy.connected) == {f"{CLOUD}:{port}" for port in ports}
        assert not proxy.refused
        assert PASSWORD not in site.core.log() and proxy.url in site.core.log()
        site.core.stop()


def test_the_proxy_itself_may_speak_tls(site):
    files = Files(site.folder / "tls")
    files.authority("corporate")
    files.signed("proxy", "corporate", "IP:127.0.0.1")
    tls = server_tls(site.folder / "tls/proxy.pem", site.folder / "tls/proxy.key")
    tls.verify_mode = ssl.CERT_NONE  # proxies know their clients by the password
    with HttpProxy(USER, PASSWORD, tls) as proxy:
        site.use(proxy)
        site.core.start()
        site.core.wait_for_log("is not signed by a CA")
        # What the proxy is signed by belongs to the root CAs, and is taken up while the core runs.
        with (site.core.root / "certs/root.ca.pem").open("a") as trusted:
            trusted.write(files.text("corporate.pem"))
        waiting.until("the core connects", lambda: len(proxy.connected) >= 2)
        site.group.deploy()
        site.talk()
        site.core.stop()


def test_a_wrong_password_is_told_and_not_shown(site):
    with HttpProxy(USER, PASSWORD) as proxy:
        site.use(proxy, password="wrong-secret")
        site.core.start()
        site.core.wait_for_log("the proxy does not accept the user name and password")
        waiting.until("it was asked", lambda: proxy.refused)
        assert not proxy.connected
        site.core.stop()
    for file in site.core.root.rglob("*.log"):
        assert "wrong-secret" not in file.read_text(errors="replace")


def test_hosts_of_the_list_are_reached_without_it(site):
    with HttpProxy(USER, PASSWORD) as proxy:
        site.thing["iotHost"] = "127.0.0.1"
        site.use(proxy, direct="example.com, 127.0.0.0/8")
        site.core.start()
        site.group.deploy()
        site.talk()
        assert set(proxy.connected) == {f"{CLOUD}:{port_of(site.endpoints.iot_https)}"}
        site.core.stop()
    site.thing["iotHost"] = CLOUD


def test_port_443_says_by_alpn_which_protocol_it_is(site):
    ports = {
        f"{IOT}:443": port_of(site.endpoints.iot_mqtt),
        f"{CLOUD}:443": port_of(site.endpoints.iot_https),
    }
    with HttpProxy(USER, PASSWORD, ports=ports) as proxy:
        usual = dict(site.thing)
        site.thing.update(iotHost=IOT, iotMqttPort=443, ggHttpPort=443)
        site.use(proxy)
        site.core.start()
        site.group.deploy()
        site.talk()
        assert b"x-amzn-mqtt-ca" in proxy.hello[f"{IOT}:443"]
        assert b"x-amzn-http-ca" in proxy.hello[f"{CLOUD}:443"]
        site.core.stop()
    site.thing.update(usual)


def test_settings_that_are_none_are_named(site):
    site.thing["networkProxy"] = {"proxy": {"url": "socks5://core:secret@127.0.0.1:1080"}}
    site.core.write_config()
    said = site.core.daemon("start", check=False)
    assert said.returncode == 1 and "'coreThing.networkProxy.proxy.url'" in said.stderr, said
    assert "http://" in said.stderr and "secret" not in said.stderr
