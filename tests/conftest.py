"""Fixtures of the tests that start processes. Everything listens on free ports of loopback."""

import os

import pytest

from harness import postgres, processes
from harness.cloud import Cloud
from harness.system import System

# boto3 runs inside this process and reads these; the service under test is not AWS.
for name in list(os.environ):
    if name.startswith(("AWS_", "BOTO_")) or name.lower().endswith("_proxy"):
        del os.environ[name]
for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def pytest_addoption(parser):
    parser.addoption(
        "--store", choices=["sqlite", "postgresql"], default="sqlite",
        help="what the services of harness.cloud, and of the fixture `service`, keep their state in",
    )  # fmt: skip
    parser.addoption(
        "--takeover-kills", type=int, default=12,
        help="how often test_adopt.py kills the takeover of an old core",
    )  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left():
    """Whatever the tests start, daemons too, is gone when they end."""
    processes.adopt_orphans()
    before = set(processes.descendants())
    yield
    left = [pid for pid in processes.descendants() if pid not in before]
    shown = [processes.command_line(pid) for pid in left]
    for pid in left:
        processes.kill(pid)
    assert not left, f"processes left behind: {shown}"


@pytest.fixture(scope="session", autouse=True)
def store_of_services(request, no_process_is_left):
    if request.config.getoption("--store") == "sqlite":
        yield
        return
    if postgres.programs() is None:
        pytest.skip("PostgreSQL's server is not installed (postgresql-15)")
    with postgres.Postgres() as Cloud.postgres:
        yield
    Cloud.postgres = None


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """Service and core with the sample group, shared by the tests of a file."""
    with System(tmp_path_factory.mktemp("system")) as running:
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The service alone, shared by the tests of a file."""
    if Cloud.postgres is not None:
        with Cloud(tmp_path_factory.mktemp("service"), "--allow-reset") as running:
            yield running
        return
    with System(tmp_path_factory.mktemp("service"), "--no-sample", "--allow-reset") as running:
        yield running
