"""One server a file of tests, for any client and any topic; MQTT_CONFORMANCE_BROKER=mosquitto tries the tests."""

import re

import pytest

from harness import testbed
from harness.mqtt_packets import V5, V311
from harness.testbed import Broker, Clients, Pki


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "mosquitto_deviates(reason, only=''): mosquitto 2.0.11 does not do what the standard says; "
        "`only`: with parameters whose id matches this expression",
    )
    config.addinivalue_line("markers", "testbed_only(reason): mosquitto has no such function")


def pytest_sessionstart(session):
    if problem := testbed.missing():
        pytest.exit(problem, returncode=pytest.ExitCode.USAGE_ERROR)


def deviations(item):
    """The reasons why mosquitto fails this test."""
    for mark in item.iter_markers("mosquitto_deviates"):
        only = mark.kwargs.get("only", "")
        if re.search(only, item.name[len(item.originalname) :]):
            yield mark.args[0]


def pytest_collection_modifyitems(items):
    if not testbed.ON_MOSQUITTO:
        return
    for item in items:
        if reasons := list(deviations(item)):
            item.add_marker(pytest.mark.xfail(reason="; ".join(reasons), strict=True))
        if mark := item.get_closest_marker("testbed_only"):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


def pytest_runtest_setup(item):
    if testbed.ON_MOSQUITTO:  # mostly it is the wait for a close that does not come
        testbed.hang = 0.3 if any(deviations(item)) else testbed.HANG


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def limited(tmp_path):
    """limited("--receive-maximum", 3): a server of the test's own with these flags."""
    running = []

    def start(*flags, **arguments):
        running.append(Broker(tmp_path / f"broker{len(running)}", *flags, **arguments))
        return running[-1].start()

    yield start
    for one in running:
        one.__exit__(None)


@pytest.fixture
def clients_of():
    """clients_of(broker, version): Clients that end with the test."""
    made = []

    def make(broker, version):
        made.append(Clients(broker, version))
        return made[-1]

    yield make
    for clients in made:
        clients.close()


@pytest.fixture
def v3(broker, clients_of):
    """v3(...) is a connected 3.1.1 client."""
    yield clients_of(broker, V311)
    broker.check()


@pytest.fixture
def v5(broker, clients_of):
    """v5(...) is a connected 5.0 client."""
    yield clients_of(broker, V5)
    broker.check()


@pytest.fixture(params=[V311, V5], ids=["v311", "v5"])
def client(request, broker, clients_of):
    """For rules that both versions have: client(...) is a connected client of either."""
    yield clients_of(broker, request.param)
    broker.check()


@pytest.fixture
def topic():
    """A topic that no other test uses."""
    return testbed.unique("t")


@pytest.fixture
def name():
    """A client id that no other test uses."""
    return testbed.unique("n")


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))
