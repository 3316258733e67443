"""Three services of one store that serve at once, over a bus: one PostgreSQL, one nats-server."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import ssl
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from harness import nats, postgres, processes, waiting
from harness.cable import Cable
from harness.cloud import Cloud
from harness.core import BEFORE_IT_ASKS_ANEW, Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, zip_of
from harness.hub import V5, HubClient
from harness.mqtt import Refused
from harness.mqtt_packets import PUBLISH, V311, WireClient
from harness.stock import refused

pytestmark = [
    pytest.mark.skipif(
        postgres.programs() is None, reason="PostgreSQL's server is not installed (postgresql-15)"
    ),
    pytest.mark.skipif(
        nats.program() is None,
        reason="NATS's server or client library is not installed (nats-server, libnats3.4)",
    ),
]


MB = 1024 * 1024


class Fleet:
    """The services a, b and c; the way of c to the bus and to the database can be cut."""

    def __init__(self, folder):
        self.database, self.bus = postgres.Postgres().start(), nats.Nats().start()
        self.store = self.database.new_database()
        self.cables = [Cable(self.bus.port), Cable(self.database.folder / ".s.PGSQL.5432")]
        self.a = Cloud(folder / "a", "--bus", self.bus.url, store=self.store)
        self.b = Cloud(folder / "b", "--bus", self.bus.url, like=self.a)
        self.c = Cloud(folder / "c", "--bus", f"nats://127.0.0.1:{self.cables[0].port}", like=self.a)
        self.name = self.store.partition("///")[2].partition("?")[0]
        far = f"postgresql://evergrass@127.0.0.1:{self.cables[1].port}/{self.name}"
        self.c.store = ["--store", far, *self.a.store[2:]]
        self.all = [self.a, self.b, self.c]
        self.a.start()  # makes the authorities, which the others take
        for each in self.all[1:]:
            each.begin()
        for each in self.all[1:]:
            each.wait_until_ready()
        self.thing = new_thing(self.a.endpoints, folder, "device")

    def client(self, node, name, **options):
        return HubClient(node.endpoints, name, self.thing, **options)

    def wire(self, node, client_id):
        """A session that is kept, of a client that acknowledges nothing by itself."""
        context = ssl.create_default_context(cafile=str(node.endpoints.ca_file))
        context.load_cert_chain(str(self.thing.cert), str(self.thing.key))
        host, _, port = node.endpoints.iot_mqtt.rpartition(":")
        client = WireClient((host, int(port)), V311, context)
        client.connect(client_id, clean=False)
        return client

    def boto(self, node, service):
        return node.endpoints.boto(service)

    def has_left(self, client_id):
        """Whether the store knows it, which its service tells a moment after DISCONNECT."""
        return self.of_client(client_id, "node IS NULL", "sessions") == "t"

    def of_client(self, client_id, what, table):
        asked = f"SELECT {what} FROM evergrass.mqtt_{table} WHERE client_id = '{client_id}'"
        return self.database.ask(asked, self.name)

    def leaders(self):
        return [each for each in self.all if each.running() and metric(each, "leading") == 1]

    def stop(self):
        statuses = [each.process.stop() for each in self.all if each.running()]
        for each in self.cables:
            each.__exit__()
        self.bus.__exit__()
        self.database.__exit__()
        assert not any(statuses), f"{statuses}: {[each.process.output[-2000:] for each in self.all]}"


def metric(node, name):
    with urllib.request.urlopen(f"{node.api_http}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"evergrass_{name} "):
                return float(line.split()[1])
    raise AssertionError(f"there is no metric evergrass_{name}")


def readiness(node):
    connection = http.client.HTTPConnection(node.api_http.partition("//")[2], timeout=waiting.HANG)
    connection.request("GET", "/readyz")
    return connection.getresponse().status


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    running = Fleet(tmp_path_factory.mktemp("nodes"))
    yield running
    running.stop()


def test_what_is_published_at_one_reaches_the_subscribers_of_all(fleet):
    with fleet.client(fleet.a, "at-a") as a, fleet.client(fleet.b, "at-b", version=V5) as b:
        with fleet.client(fleet.c, "at-c") as c:
            for each in (a, b, c):
                each.subscribe("x/+", 1)
            b.publish("x/0", "0", qos=0)
            for each in (a, b, c):
                assert each.payloads(1) == ["0"]
            for number in range(1, 6):
                b.publish("x/1", str(number), qos=1)
            fleet.boto(fleet.a, "iot-data").publish(topic="x/2", payload=b"6", qos=1)
            for each in (a, b, c):
                assert each.payloads(6) == ["1", "2", "3", "4", "5", "6"]
                assert each.messages.empty()


def test_events_of_clients_are_heard_at_every_service(fleet):
    with fleet.client(fleet.a, "listener") as listener:
        listener.subscribe("$aws/events/presence/+/guest", 1)
        fleet.client(fleet.b, "guest").close()
        kinds = [json.loads(text)["eventType"] for text in listener.payloads(2)]
        assert kinds == ["connected", "disconnected"]
        guest = fleet.client(fleet.c, "guest")
        guest.stay_away()
        assert fleet.c.process.stop() == 0
        came, left = (json.loads(text) for text in listener.payloads(2))
        assert left["disconnectReason"] == "SERVER_INITIATED_DISCONNECT"
        assert left["versionNumber"] == came["versionNumber"]
        guest.close()
    fleet.c.start()


def test_retained_messages_are_everywhere_and_cleared_everywhere(fleet):
    with fleet.client(fleet.a, "keeper") as keeper:
        keeper.publish("kept/one", "1", retain=True)
        keeper.publish("kept/two", "2", qos=0, retain=True)
        data = [fleet.boto(each, "iot-data") for each in fleet.all]

        def topics(client):
            return sorted(each["topic"] for each in client.list_retained_messages()["retainedTopics"])

        for each in data:
            waiting.until("both are retained", lambda each=each: topics(each) == ["kept/one", "kept/two"])
        with fleet.client(fleet.c, "reader") as reader:
            reader.subscribe("kept/one", 1)
            assert reader.receive().retain
        keeper.publish("kept/one", "", retain=True)
        for each in data:
            waiting.until("one is cleared", lambda each=each: topics(each) == ["kept/two"])


def test_a_client_id_that_comes_elsewhere_is_cut_off(fleet):
    first = fleet.client(fleet.a, "twin", version=V5)
    with fleet.client(fleet.b, "twin", version=V5) as second:
        assert first.wait_closed().value == 0x8E  # session taken over
        first.close()
        second.publish("x/twin", "1")


def test_of_those_that_share_one_gets_each_message_wherever_it_is(fleet):
    sharers = [fleet.client(each, f"sharer-{n}", version=V5) for n, each in enumerate(fleet.all)]
    keeper = fleet.client(fleet.c, "share-keeper", version=V5, keep=600)
    for each in (*sharers, keeper):
        assert each.subscribe("$share/some/share/+", 1) == 1
    came = []

    def are_here(wanted):
        for each in (*sharers, keeper):
            while not each.messages.empty():
                came.append(each.messages.get().payload.decode())
        return wanted <= set(came)

    with fleet.client(fleet.b, "source") as source, fleet.client(fleet.a, "source-2") as other:
        for number in range(20):
            source.publish("share/1", f"kept {number}")
            other.publish("share/2", f"said {number}", qos=0)
        wanted = {f"{how} {number}" for how in ("kept", "said") for number in range(20)}
        waiting.until("all have come", lambda: are_here(wanted))
        assert sorted(came) == sorted(wanted)
        for each in (*sharers, keeper):
            each.close()
        waiting.until("its session is in the store", lambda: fleet.has_left("share-keeper"))
        for number in range(3):
            source.publish("share/1", f"waits {number}")
        with fleet.client(fleet.a, "share-keeper", version=V5, keep=600) as back:
            assert back.resumed
            assert sorted(back.payloads(3)) == ["waits 0", "waits 1", "waits 2"]


def test_a_session_moves_with_what_waits_in_it(fleet):
    first = fleet.client(fleet.a, "mover", keep=600)
    assert not first.resumed
    first.subscribe("move/#", 1)
    first.subscribe("forgotten", 1)
    first.unsubscribe("forgotten")
    first.close()
    with fleet.client(fleet.b, "source") as source:
        for number in range(10):
            source.publish(f"move/{number}", str(number))
            source.publish("forgotten", "x")
    second = fleet.client(fleet.c, "mover", keep=600)
    assert second.resumed
    assert second.payloads(10) == [str(number) for number in range(10)]
    second.close()
    waiting.until("its place is in the store", lambda: fleet.has_left("mover"))
    with fleet.client(fleet.b, "mover", keep=600) as third:
        assert third.resumed
        with fleet.client(fleet.a, "source") as source:
            source.publish("move/last", "last")
        assert third.payloads(1) == ["last"]
    # Without its session it has none anywhere.
    fleet.client(fleet.a, "mover").close()
    with fleet.client(fleet.c, "mover", keep=600) as fresh:
        assert not fresh.resumed


def test_a_will_waits_for_its_client_wherever_that_comes_and_is_published_once(fleet):
    def wills(client_id):
        asked = f"SELECT count(*) FROM evergrass.mqtt_wills WHERE client_id = '{client_id}'"
        return int(fleet.database.ask(asked, fleet.name))

    with fleet.client(fleet.b, "watcher", version=V5) as watcher:
        watcher.subscribe("will/#", 1)
        patient = {"version": V5, "keep": 600}
        first = fleet.client(fleet.a, "comes-back", will=("will/back", "not said", False, 500), **patient)
        first.vanish()
        waiting.until("its session is in the store", lambda: fleet.has_left("comes-back"))
        assert wills("comes-back") == 1
        with fleet.client(fleet.c, "comes-back", **patient) as back:
            assert back.resumed
            assert wills("comes-back") == 0
        # A new session ends the one that had the will.
        fleet.client(fleet.a, "anew", will=("will/anew", "its session is over", False, 500), **patient).vanish()
        with fleet.client(fleet.c, "anew", version=V5):
            assert watcher.payloads(1) == ["its session is over"]
        fleet.client(fleet.a, "late", will=("will/late", "late", True, 1), **patient).vanish()
        assert watcher.payloads(1) == ["late"]
        fleet.client(fleet.c, "polite", will=("will/polite", "not said", False)).close()
        fleet.client(fleet.c, "gone", will=("will/gone", "gone", False)).vanish()
        assert watcher.payloads(1) == ["gone"]
        for each in ("anew", "late", "polite", "gone"):
            waiting.until("it is forgotten", lambda each=each: wills(each) == 0)
        assert watcher.messages.empty()
        assert fleet.boto(fleet.c, "iot-data").get_retained_message(topic="will/late")["payload"] == b"late"
        watcher.publish("will/late", "", retain=True)


def test_rights_and_certificates_that_are_taken_away_are_gone_everywhere(fleet, tmp_path):
    iot = fleet.boto(fleet.a, "iot")
    thing = new_thing(fleet.a.endpoints, tmp_path, "revoked")
    clients = [HubClient(each.endpoints, f"revoked-{n}", thing) for n, each in enumerate(fleet.all)]
    certificate = thing.certificate_arn.rpartition("/")[2]
    iot.update_certificate(certificateId=certificate, newStatus="INACTIVE")
    for each in clients:
        each.wait_closed()
        each.close()
    for each in fleet.all:
        with pytest.raises((OSError, Refused)):
            HubClient(each.endpoints, "revoked", thing)
    iot.update_certificate(certificateId=certificate, newStatus="ACTIVE")
    policy = {"policyName": "revoked_policy", "target": thing.certificate_arn}

    def may_come():
        try:
            return HubClient(fleet.b.endpoints, "revoked", thing)
        except Refused:
            return None

    with waiting.until("the other service has heard of it", may_come) as back:
        back.publish("x/1", "may")
        iot.detach_policy(**policy)

        def may_not():
            try:
                back.publish("x/1", "may not")
            except Refused:
                return True
            return False

        waiting.until("the other service has heard, milliseconds later", may_not)


def test_a_device_that_is_taken_away_at_one_is_cut_off_at_a_core_that_polls_at_another(fleet, tmp_path):
    iot = fleet.boto(fleet.a, "iot")
    core_thing, lost, stays = (
        new_thing(fleet.a.endpoints, tmp_path, f"away_{name}") for name in ("core", "lost", "stays")
    )
    certificate = lost.certificate_arn.rpartition("/")[2]
    attachment = {"thingName": lost.name, "principal": lost.certificate_arn}
    group = Group(fleet.a.endpoints)
    group.give(cores=[entry(core_thing)], devices=[entry(lost), entry(stays)])
    with Core(tmp_path / "greengrass", fleet.b.endpoints, core_thing).start() as core:
        group.deploy()
        ca = group.write_ca(tmp_path / "group-ca.pem")

        def set_status(status):
            iot.update_certificate(certificateId=certificate, newStatus=status)

        def comes():
            try:
                return core.connect(lost, ca)
            except (OSError, Refused):
                return None

        bystander = core.connect(stays, ca)
        for take_away, give_back in (
            (lambda: set_status("INACTIVE"), lambda: set_status("ACTIVE")),
            (lambda: iot.detach_thing_principal(**attachment), lambda: iot.attach_thing_principal(**attachment)),
        ):
            with waiting.until("it may come", comes, limit=BEFORE_IT_ASKS_ANEW) as device:
                take_away()
                device.wait_closed(BEFORE_IT_ASKS_ANEW)
            assert comes() is None
            give_back()
        with waiting.until("it may come", comes, limit=BEFORE_IT_ASKS_ANEW) as device:
            iot.detach_thing_principal(**attachment)
            set_status("INACTIVE")
            iot.delete_certificate(certificateId=certificate, forceDelete=True)
            iot.delete_thing(thingName=lost.name)
            device.wait_closed(BEFORE_IT_ASKS_ANEW)
        assert comes() is None
        assert bystander.connected()
        bystander.close()
        core.stop()


def test_shadows_and_jobs_of_one_are_heard_by_devices_of_all(fleet):
    data, iot = fleet.boto(fleet.a, "iot-data"), fleet.boto(fleet.c, "iot")
    with fleet.client(fleet.b, "device") as device:
        device.subscribe("$aws/things/device/shadow/update/delta", 1)
        device.subscribe("$aws/things/device/jobs/notify-next", 1)
        data.update_thing_shadow(thingName="device", payload=json.dumps({"state": {"desired": {"on": 1}}}))
        assert json.loads(device.receive().payload)["state"] == {"on": 1}
        iot.create_job(jobId="job", targets=[fleet.thing.arn], document='{"do":1}')
        assert json.loads(device.receive().payload)["execution"]["jobId"] == "job"
        device.subscribe("$aws/things/device/shadow/update/accepted", 1)
        device.publish("$aws/things/device/shadow/update", json.dumps({"state": {"reported": {"on": 1}}}))
        assert json.loads(device.receive().payload)["state"] == {"reported": {"on": 1}}
    iot.delete_job(jobId="job", force=True)
    shadow = fleet.boto(fleet.c, "iot-data").get_thing_shadow(thingName="device")["payload"]
    assert "delta" not in json.loads(shadow.read())["state"]


def test_a_poll_for_deployments_ends_when_one_is_made_elsewhere(fleet, tmp_path):
    core = new_thing(fleet.a.endpoints, tmp_path, "core")
    group = Group(fleet.a.endpoints).give(cores=[entry(core)])
    context = ssl.create_default_context(cafile=str(fleet.b.endpoints.ca_file))
    context.load_cert_chain(str(core.cert), str(core.key))
    host, _, port = fleet.b.endpoints.iot_https.rpartition(":")

    def poll(after):
        connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=waiting.HANG)
        connection.request("GET", f"/evergrass/v1/cores/core/deployment?after={after}&wait=60")
        answer = connection.getresponse()
        assert answer.status == 200
        return json.loads(base64.b64decode(json.loads(answer.read())["manifest"]))["deploymentId"]

    first = group.start_deployment()
    assert poll("") == first
    with ThreadPoolExecutor() as pool:
        polled = pool.submit(poll, first)
        second = group.start_deployment()
        assert polled.result() == second


def test_invoke_finds_a_core_that_polls_at_another_service(fleet, tmp_path):
    core = new_thing(fleet.a.endpoints, tmp_path, "runner")
    group = Group(fleet.a.endpoints).give(cores=[entry(core)])
    function = publish_function(fleet.a.endpoints, "anywhere", "def handler(event, context): pass")
    deployment = group.start_deployment()
    context = ssl.create_default_context(cafile=str(fleet.b.endpoints.ca_file))
    context.load_cert_chain(str(core.cert), str(core.key))

    def ask(node, method, rest, body=None, **headers):
        host, _, port = node.endpoints.iot_https.rpartition(":")
        connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=waiting.HANG)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/evergrass/v1/cores/runner/{rest}", body, named)
        answer = connection.getresponse()
        return answer, answer.read()

    given_up = threading.Event()

    def run_one(fetch_at, tell_at):
        """As a core does: waits until it is called, fetches, tells."""
        poll = f"deployment?after={deployment}&wait=60&invocations=1"
        order = None
        while order is None or order.status != 200:
            while not ask(fetch_at, "GET", poll)[0].headers["x-evergrass-invocations"]:
                assert not given_up.is_set()
            order, payload = ask(fetch_at, "GET", "invocations?wait=5")
            assert order.status in (200, 204)  # 204: who called has given up before, and calls again
        assert order.headers["x-evergrass-function"] == function
        told, _ = ask(tell_at, "POST", f"invocations/{order.headers['x-evergrass-invocation']}",
                      b'{"ran": ' + payload + b"}", x_evergrass_outcome="success")  # fmt: skip
        assert told.status == 200

    called = {
        "FunctionName": function,
        "ClientContext": base64.b64encode(b'{"custom": {"evergrass:core": "runner"}}').decode(),
    }

    def invoke(number):
        """Again where the core did not poll yet: nothing ran then."""
        try:
            said = fleet.boto(fleet.a, "lambda").invoke(**called, Payload=str(number).encode())
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "ResourceConflictException"
            return None
        return json.loads(said["Payload"].read())

    with ThreadPoolExecutor() as pool, contextlib.ExitStack() as on_the_way_out:
        on_the_way_out.callback(given_up.set)
        for number, (fetch_at, tell_at) in enumerate([(fleet.b, fleet.b), (fleet.c, fleet.b), (fleet.a, fleet.c)]):
            runs = pool.submit(run_one, fetch_at, tell_at)
            # Each time that nobody polls takes 5 s.
            answered = waiting.until(
                "the core answers",
                lambda number=number, runs=runs: invoke(number) or (runs.done() and runs.result()),
                every=5,
            )
            assert answered == {"ran": number}
            runs.result()
    assert invoke(3) is None  # nobody polls


def test_objects_and_bulk_deployments_of_one_are_those_of_all(fleet, tmp_path):
    leader = waiting.until("one leads", fleet.leaders)[0]
    other, third = [each for each in fleet.all if each is not leader]
    thing = new_thing(other.endpoints, tmp_path, "bulk")
    group = Group(other.endpoints).give(cores=[entry(thing)])
    line = {"GroupId": group.id, "GroupVersionId": group.version, "DeploymentType": "NewDeployment"}
    s3 = fleet.boto(other, "s3")
    s3.create_bucket(Bucket="bulk")
    s3.put_object(Bucket="bulk", Key="one", Body=json.dumps(line).encode() + b"\n")
    assert json.loads(fleet.boto(third, "s3").get_object(Bucket="bulk", Key="one")["Body"].read()) == line
    begun = fleet.boto(other, "greengrass").start_bulk_deployment(
        InputFileUri="s3://bulk/one", ExecutionRoleArn="arn:aws:iam::123456789012:role/bulk"
    )["BulkDeploymentId"]
    client = fleet.boto(third, "greengrass")
    waiting.until(
        "the one that leads has done it",
        lambda: client.get_bulk_deployment_status(BulkDeploymentId=begun)["BulkDeploymentStatus"] == "Completed",
    )
    assert len(client.list_deployments(GroupId=group.id)["Deployments"]) == 1


def content(s3, key, **more):
    return s3.get_object(Bucket="shared", Key=key, **more)["Body"].read()


def test_objects_of_one_are_read_and_put_together_at_the_others(fleet):
    a, b, c = (fleet.boto(each, "s3") for each in fleet.all)
    a.create_bucket(Bucket="shared")
    large = os.urandom(5 * MB + 11)
    a.put_object(Bucket="shared", Key="large", Body=large)
    assert content(b, "large") == large
    assert content(c, "large", Range=f"bytes={MB - 2}-{2 * MB + 1}") == large[MB - 2 : 2 * MB + 2]
    signer = fleet.c.endpoints.boto("s3", signature_version="s3v4")
    url = signer.generate_presigned_url("get_object", {"Bucket": "shared", "Key": "large"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == large
    of = {"Bucket": "shared", "Key": "parts"}
    of["UploadId"] = a.create_multipart_upload(**of)["UploadId"]
    first = a.upload_part(**of, PartNumber=1, Body=large)["ETag"]
    copied = b.upload_part_copy(
        **of, PartNumber=2, CopySource="shared/large", CopySourceRange=f"bytes=3-{5 * MB + 2}"
    )["CopyPartResult"]["ETag"]
    last = c.upload_part(**of, PartNumber=3, Body=b"end")["ETag"]
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate((first, copied, last), 1)]
    b.complete_multipart_upload(**of, MultipartUpload={"Parts": parts})
    assert content(c, "parts") == large + large[3 : 5 * MB + 3] + b"end"
    b.delete_object(Bucket="shared", Key="parts")
    assert refused(a.get_object, Bucket="shared", Key="parts") == "NoSuchKey"
    assert [each.data / "objects" for each in fleet.all if (each.data / "objects").exists()] == []
    # A chunk that is lost is an error everywhere, of which the log tells, until the object is put again.
    fleet.database.ask(
        "DELETE FROM evergrass.object_chunks WHERE number = 3 AND body = (SELECT id FROM evergrass.object_bodies"
        f" WHERE sha256 = '{hashlib.sha256(large).hexdigest()}')", fleet.name,
    )  # fmt: skip
    assert refused(b.get_object, Bucket="shared", Key="large") == "InternalError"
    fleet.b.process.wait_for_line("put the object again")
    c.put_object(Bucket="shared", Key="large", Body=large)
    assert content(b, "large") == large


def test_code_and_a_model_that_were_put_at_one_come_to_a_core_that_polls_at_another(fleet, tmp_path):
    s3 = fleet.boto(fleet.a, "s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="f.zip", Body=zip_of(main_py="def handler(event, context):\n    return event\n"))
    s3.put_object(Bucket="code", Key="model.zip", Body=zip_of(weights=os.urandom(MB).hex()))
    function = fleet.boto(fleet.a, "lambda").create_function(
        FunctionName="from-an-object", Runtime="python3.7", Role="arn:aws:iam::123456789012:role/unused",
        Handler="main.handler", Code={"S3Bucket": "code", "S3Key": "f.zip"}, Publish=True,
    )  # fmt: skip
    data = {"S3Uri": "s3://code/model.zip", "DestinationPath": "/model"}
    model = {"Id": "m", "Name": "m", "ResourceDataContainer": {"S3MachineLearningModelResourceData": data}}
    thing = new_thing(fleet.a.endpoints, tmp_path, "code-core")
    group = Group(fleet.a.endpoints)
    arn = function["FunctionArn"]
    arn = arn if arn.endswith(":1") else f"{arn}:1"
    group.give(cores=[entry(thing)], functions=[function_entry(arn, pinned=False)], resources=[model])
    with Core(tmp_path / "greengrass", fleet.b.endpoints, thing).start() as core:
        group.deploy()
        core.stop()


def unfinished_chunks(fleet):
    return int(fleet.database.ask(
        "SELECT count(*) FROM evergrass.object_chunks JOIN evergrass.object_bodies ON id = body"
        " WHERE sha256 IS NULL", fleet.name,
    ))  # fmt: skip


def test_nothing_stays_of_what_a_killed_service_was_writing(fleet):
    a, b = (fleet.boto(each, "s3") for each in (fleet.a, fleet.b))
    a.create_bucket(Bucket="unfinished")
    with ThreadPoolExecutor() as pool:
        put = pool.submit(a.put_object, Bucket="unfinished", Key="k", Body=os.urandom(60 * MB))
        waiting.until("chunks are written", lambda: unfinished_chunks(fleet) or put.done(), every=0.01)
        fleet.a.kill()
        with pytest.raises((ClientError, BotoCoreError)):
            put.result()
    assert unfinished_chunks(fleet) > 0
    b.put_object(Bucket="unfinished", Key="other", Body=b"x")
    waiting.until("they are gone", lambda: unfinished_chunks(fleet) == 0)
    assert refused(b.get_object, Bucket="unfinished", Key="k") == "NoSuchKey"
    fleet.a.start()
    a.put_object(Bucket="unfinished", Key="k", Body=b"y")
    assert b.get_object(Bucket="unfinished", Key="k")["Body"].read() == b"y"


class Publishers:
    """Clients that publish numbers at QoS 1, each at a service of its own or, when that goes, at another one."""

    def __init__(self, fleet, name):
        self._fleet, self._name, self._wanted = fleet, name, True
        self._lock = threading.Lock()
        self.acknowledged, self.moved = set(), 0
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(3)]

    def _work(self, number):
        turn, count, client = number, 0, None
        while self._wanted:
            try:
                client = client or self._fleet.client(self._fleet.all[turn % 3], f"{self._name}-{number}")
                client.publish(f"{self._name}/{number}", f"{number}-{count}")
                with self._lock:
                    self.acknowledged.add(f"{number}-{count}")
                count += 1
            except (OSError, Refused, AssertionError):
                with self._lock:
                    self.moved += 1
                turn, client = turn + 1, None  # the same number again
        if client:
            client.close()

    def more(self, count=60):
        before = len(self.acknowledged)
        waiting.until("more is acknowledged", lambda: len(self.acknowledged) >= before + count)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.more()
        return self

    def __exit__(self, *unused):
        self._wanted = False
        for thread in self._threads:
            thread.join()


def drain(client, wanted, heard):
    """Until all of `wanted` came, or nothing comes any more."""
    while not wanted <= heard:
        heard.add(client.receive().payload.decode())


def test_nothing_that_was_acknowledged_is_lost_when_the_one_that_leads_is_killed(fleet):
    (leader,) = waiting.until("one leads", fleet.leaders)
    other, third = [each for each in fleet.all if each is not leader]
    heard = {name: set() for name in ("stays", "moves")}
    listener = fleet.client(other, "listener")
    for each in ("killed", "moves"):
        listener.subscribe(f"$aws/events/presence/+/{each}", 1)
    clients = {name: fleet.client(at, name, keep=600) for name, at in (("stays", other), ("moves", leader))}
    for each in clients.values():
        each.subscribe("load/#", 1)
    sharers = [fleet.client(each, f"sharer-{n}", version=V5) for n, each in enumerate(fleet.all)]
    for each in sharers:
        each.subscribe("$share/some/load/#", 1)
        each.stay_away()
    watcher = fleet.client(other, "watcher", version=V5)
    watcher.subscribe("will/#", 1)
    testator = fleet.client(leader, "killed", version=V5, will=("will/killed", "killed", False))
    testator.stay_away()
    unread = unread_retained_message(fleet, leader)
    with Publishers(fleet, "load") as publishers:
        leader.kill()
        unread.close()
        (next_one,) = waiting.until("another one leads", fleet.leaders)
        assert next_one is not leader
        publishers.more()
        while not clients["moves"].messages.empty():
            heard["moves"].add(clients["moves"].receive().payload.decode())
        clients["moves"].close()
        clients["moves"] = fleet.client(third, "moves", keep=600)
        assert clients["moves"].resumed
        for again in (True, False):
            with fleet.wire(third, "unread") as unread:
                assert unread.connack.session_present
                if again:
                    assert unread.message("kept/unread", "once").retain
                unread.expect_nothing()
                unread.disconnect()
            waiting.until("its session is in the store", lambda: fleet.has_left("unread"))
        fleet.boto(third, "iot-data").publish(topic="kept/unread", payload=b"", qos=1, retain=True)
        publishers.more()
        leader.start()
        assert fleet.leaders() == [next_one]
        publishers.more()
    for name, each in clients.items():
        drain(each, publishers.acknowledged, heard[name])
        each.close()
    assert publishers.moved >= 1
    shared = set()

    def were_shared():
        for each in sharers:
            while not each.messages.empty():
                shared.add(each.messages.get().payload.decode())
        return publishers.acknowledged <= shared

    waiting.until("each has come to one of those that share", were_shared)
    assert watcher.payloads(1) == ["killed"]
    assert watcher.messages.empty()
    check_events_of_the_killed(listener)
    for each in (*sharers, watcher, testator, listener):
        each.close()


def unread_retained_message(fleet, node):
    """A client that has subscribed and has not acknowledged what is retained."""
    data = fleet.boto(node, "iot-data")
    data.publish(topic="kept/unread", payload=b"once", qos=1, retain=True)
    waiting.until(
        "it is retained there",
        lambda: "kept/unread" in [each["topic"] for each in data.list_retained_messages()["retainedTopics"]],
    )
    client = fleet.wire(node, "unread")
    client.subscribe("kept/unread", qos=1)
    client.expect(PUBLISH, payload="once")
    waiting.until("the store knows", lambda: fleet.of_client("unread", "retained", "subscriptions") == "1")
    return client


def check_events_of_the_killed(listener):
    """Of "killed", which did not come back, and of "moves", which did and left; whose first connection may be said
    to be lost where it took its time."""
    came, left = {"killed": [], "moves": []}, {"killed": [], "moves": []}
    while not left["killed"] or "CLIENT_INITIATED_DISCONNECT" not in [said["disconnectReason"] for said in left["moves"]]:
        said = json.loads(listener.receive().payload)
        (came if said["eventType"] == "connected" else left)[said["clientId"]].append(said)
    assert len(came["killed"]) == len(left["killed"]) == 1
    begin, end = came["killed"][0], left["killed"][0]
    for member in ("sessionIdentifier", "principalIdentifier", "versionNumber"):
        assert end[member] == begin[member]
    assert end["disconnectReason"] == "CONNECTION_LOST" and end["clientInitiatedDisconnect"] is False
    assert end["timestamp"] >= begin["timestamp"]
    first, second = came["moves"]
    assert second["versionNumber"] > first["versionNumber"]
    assert [said["versionNumber"] for said in left["moves"]].count(second["versionNumber"]) == 1


def created(client, name):
    """The definition's id; None while the service says to come back, as its clients do by themselves."""
    try:
        return client.create_core_definition(Name=name)["Id"]
    except ClientError as refused:
        assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 503, refused
        return None


def test_what_was_answered_survives_a_restart_of_postgresql_and_of_the_bus(fleet):
    heard, made = set(), []
    with fleet.client(fleet.a, "through", keep=600) as through:
        through.subscribe("through/#", 1)
        with Publishers(fleet, "through") as publishers:
            fleet.database.crash()
            publishers.more()  # messages need no database
            fleet.database.start()
            client = fleet.boto(fleet.b, "greengrass")
            made.append(waiting.until("the database is there again", lambda: created(client, "after")))
            fleet.bus.kill()
            fleet.bus.start()
            publishers.more()
        drain(through, publishers.acknowledged, heard)
    found = [each["Id"] for each in fleet.boto(fleet.c, "greengrass").list_core_definitions()["Definitions"]]
    assert set(made) <= set(found)


def cut(fleet, *cables):
    said = len(fleet.c.process.lines)
    for each in cables:
        each.cut()
    fleet.c.process.wait_for_line("The bus is gone", after=said)


def test_a_service_that_is_cut_off_from_the_bus_comes_back_with_what_it_missed(fleet):
    bus, _ = fleet.cables
    with fleet.client(fleet.c, "cut-off") as there, fleet.client(fleet.a, "others") as others:
        there.subscribe("cut/#", 1)
        cut(fleet, bus)
        for number in range(5):
            others.publish("cut/a", str(number))
        with ThreadPoolExecutor() as pool:
            answered = pool.submit(there.publish, "cut/c", "own")
            with pytest.raises((OSError, Refused)):
                fleet.client(fleet.c, "new")  # who could be elsewhere
            assert not answered.done()  # nobody keeps it yet
            assert readiness(fleet.c) == 503
            bus.mend()
            answered.result()
        assert readiness(fleet.c) == 200
        assert sorted(there.payloads(6)) == ["0", "1", "2", "3", "4", "own"]


def test_a_client_of_a_service_that_is_cut_off_from_all_goes_on_elsewhere(fleet):
    there = fleet.client(fleet.c, "goes-on", keep=600)
    there.subscribe("cut/#", 1)
    cut(fleet, *fleet.cables)
    made = fleet.boto(fleet.a, "greengrass").create_core_definition(Name="meanwhile")["Id"]
    with fleet.client(fleet.a, "others") as others:
        others.publish("cut/a", "missed")
    with fleet.client(fleet.b, "goes-on", keep=600) as elsewhere:
        assert elsewhere.resumed
        assert elsewhere.payloads(1) == ["missed"]
        for each in fleet.cables:
            each.mend()
        there.wait_closed()  # by what the service hears then
        there.close()
        with fleet.client(fleet.a, "others") as others:
            others.publish("cut/a", "later")
        assert elsewhere.payloads(1) == ["later"]
    waiting.until("it answers again", lambda: answers(fleet, fleet.c, made))


def answers(fleet, node, definition):
    try:
        return fleet.boto(node, "greengrass").get_core_definition(CoreDefinitionId=definition)["Id"] == definition
    except (ClientError, BotoCoreError):
        return False


def test_the_bus_may_be_spoken_to_over_tls(fleet, tmp_path):
    ca, key, cert = (tmp_path / name for name in ("ca.pem", "key.pem", "cert.pem"))
    for name, made in (("localhost", cert), ("another", ca)):
        processes.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
            "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-out", made,
            "-keyout", key if made is cert else tmp_path / "unused.pem",
        )  # fmt: skip
    with nats.Nats("127.0.0.1", "--tls", "--tlscert", cert, "--tlskey", key) as bus:
        url, new = f"tls://localhost:{bus.port}", fleet.database.new_database
        with Cloud(tmp_path / "good", "--bus", url, "--bus-ca", cert, store=new()) as cloud:
            with HubClient(cloud.endpoints, "one", new_thing(cloud.endpoints, tmp_path, "one")) as client:
                client.subscribe("x", 1)
                client.publish("x", "over the bus")
                assert client.payloads(1) == ["over the bus"]
        for number, (url, trusted) in enumerate(((url, ca), (f"tls://127.0.0.1:{bus.port}", cert))):
            refused = Cloud(tmp_path / f"refused{number}", "--bus", url, "--bus-ca", trusted, store=new())
            refused.begin()
            assert refused.process.wait() == 1
            assert "cannot be reached" in refused.process.output


def test_a_service_without_the_bus_is_refused_beside_them(fleet, tmp_path):
    alone = Cloud(tmp_path / "alone", like=fleet.a)
    alone.begin()
    assert alone.process.wait() == 1
    assert "serves from postgresql://" in alone.process.output
    wrong = processes.Process(alone.process.command[0], "--data", tmp_path / "w", "--bus", fleet.bus.url)
    assert wrong.wait() == 1
    assert "--store" in wrong.output


# What each service of a store holds there; with which version is a second one, which those before it have not.
SERVES = 7310579612


def test_a_service_of_another_version_is_refused_beside_them(fleet, tmp_path):
    database = fleet.name
    new = Cloud(tmp_path / "new", "--bus", fleet.bus.url, like=fleet.a)
    with fleet.database.holding(SERVES, database):
        new.begin()
        assert new.process.wait() == 1
        assert "of another version serves" in new.process.output
        assert "stop all services, then start all" in new.process.output
    known = int(fleet.database.ask("SELECT max(version) FROM evergrass.schema_version", database))
    fleet.database.ask(f"INSERT INTO evergrass.schema_version VALUES({known + 1})", database)
    new.begin()
    assert new.process.wait() == 1
    assert f"has schema {known + 1}, this build knows up to {known}" in new.process.output
    fleet.database.ask(f"DELETE FROM evergrass.schema_version WHERE version > {known}", database)
    for each in fleet.all:
        assert each.running() and readiness(each) == 200
