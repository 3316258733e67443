"""The service with its state in PostgreSQL: crashes of either under load, and a second one that takes over."""

import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from harness import postgres, processes, waiting
from harness.cloud import PROGRAM, Cloud
from harness.group import new_thing
from harness.hub import HubClient

pytestmark = pytest.mark.skipif(
    postgres.programs() is None, reason="PostgreSQL's server is not installed (postgresql-15)"
)


@pytest.fixture(scope="module")
def server():
    with postgres.Postgres() as running:
        yield running


def client_of(cloud):
    """Of a service that need not be there yet."""
    keys = cloud.keys
    return boto3.session.Session(
        keys["access_key_id"], keys["secret_access_key"], region_name="us-east-1"
    ).client("greengrass", endpoint_url=cloud.api_http, config=Config(retries={"total_max_attempts": 1}))


class Writers:
    """Threads that create definitions, each answer noted, at whichever of the services is there."""

    def __init__(self, services, threads=3):
        self._services, self._wanted, self._pause = services, True, threading.Event()
        self._lock = threading.Lock()
        self.answered, self.refused = [], []
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(threads)]

    def _write(self, number):
        clients = [client_of(service) for service in self._services]
        turn = count = 0
        while self._wanted:
            count += 1
            name, token = f"w{number}-{count}", f"t{number}-{count}"
            while self._wanted:
                try:
                    made = clients[turn].create_core_definition(Name=name, AmznClientToken=token)
                    with self._lock:
                        self.answered.append((made["Id"], name))
                    break
                except ClientError as refused:
                    with self._lock:
                        self.refused.append(refused.response["ResponseMetadata"]["HTTPStatusCode"])
                    self._pause.wait(0.05)
                except BotoCoreError:
                    turn = (turn + 1) % len(clients)  # nobody listens there
                    self._pause.wait(0.05)

    def more(self, count=10):
        """Waits until so many more have been answered."""
        before = len(self.answered)
        waiting.until("more definitions are created", lambda: len(self.answered) >= before + count)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.more()
        return self

    def __exit__(self, *unused):
        self._wanted = False
        for thread in self._threads:
            thread.join()


def all_definitions(endpoints):
    client, found, token = endpoints.boto("greengrass"), [], {}
    while True:
        page = client.list_core_definitions(MaxResults="100", **token)
        found += [(each["Id"], each["Name"]) for each in page["Definitions"]]
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def check_what_was_answered(writers, endpoints):
    """Each is there, and none twice although its token was sent again."""
    found = all_definitions(endpoints)
    assert set(writers.answered) <= set(found)
    names = [name for _, name in found if name.startswith("w")]
    assert len(names) == len(set(names))


def test_what_was_answered_survives_a_crash_of_postgresql_and_of_the_service(server, tmp_path):
    with Cloud(tmp_path / "a", store=server.new_database()) as cloud:
        with Writers([cloud]) as writers:
            server.crash()
            waiting.until("requests are refused", lambda: writers.refused)
            server.start()
            writers.more()
            cloud.kill()
            cloud.start()
            writers.more()
        assert set(writers.refused) <= {500, 503}
        check_what_was_answered(writers, cloud.endpoints)
        assert not (cloud.data / "service.db").exists()
        assert processes.run(PROGRAM, "keys", "list", "--data", cloud.data, *cloud.store).stdout.startswith("AK")


def test_without_postgresql_the_answer_says_what_is_wrong_and_when_to_come_back(server, tmp_path):
    with Cloud(tmp_path / "a", store=server.new_database()) as cloud:
        client = cloud.endpoints.boto("greengrass")
        made = client.create_core_definition(Name="before")
        server.crash()
        for call in (lambda: answers(client, made["Id"]), lambda: client.create_core_definition(Name="g")):
            with pytest.raises(ClientError) as caught:
                call()
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        server.start()
        waiting.until("it is served again", lambda: is_served(client, made["Id"]))


def answers(client, definition):
    return client.get_core_definition(CoreDefinitionId=definition)["Name"] == "before"


def is_served(client, definition):
    try:
        return answers(client, definition)
    except ClientError:
        return False


def test_a_second_service_stands_by_and_takes_over_when_the_first_is_killed(server, tmp_path):
    first = Cloud(tmp_path / "first", store=server.new_database())
    second = Cloud(tmp_path / "second", "--standby", like=first)
    refused = Cloud(tmp_path / "refused", like=first)
    with first:
        refused.begin()
        assert refused.process.wait() == 1
        assert "serves from postgresql://" in refused.process.output and "--standby" in refused.process.output
        second.begin()
        second.process.wait_for_line("Standing by")
        thing = new_thing(first.endpoints, tmp_path, "device")
        s3 = first.endpoints.boto("s3")
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="k", Body=b"bytes" * 300_000)
        writers = Writers([first, second])
        with writers:
            first.kill()
            second.wait_until_ready()
            writers.more()
        try:
            check_what_was_answered(writers, second.endpoints)
            # The same authorities: what devices trust and are known by goes on.
            assert (first.data / "ca.pem").read_bytes() == (second.data / "ca.pem").read_bytes()
            HubClient(second.endpoints, "device", thing).close()
            kept = second.endpoints.boto("s3").get_object(Bucket="kept", Key="k")["Body"].read()
            assert kept == b"bytes" * 300_000
            with pytest.raises(AssertionError, match="conflict|serves from"):
                first.start()
        finally:
            assert second.process.stop() == 0


def test_a_folder_of_another_service_is_refused(server, tmp_path):
    other = Cloud(tmp_path / "other", store=server.new_database())
    with other:
        pass
    cloud = Cloud(tmp_path / "cloud", store=server.new_database())
    with cloud:
        pass
    mixed = Cloud(tmp_path / "other", like=cloud)
    mixed.begin()
    assert mixed.process.wait() == 1
    assert "is of another service" in mixed.process.output and "empty --data" in mixed.process.output
