"""How functions come to work and go: queues and their limits, concurrency, timeouts, crashes, ends,
and functions that invoke each other. They stop at a gate where a test has to know that they work."""

import base64
import json
import os

import pytest

from harness import core_socket, gate, isolation, processes, waiting
from harness.core import Core
from harness.group import Group, entry, function_entry, new_thing, publish_function, subscriptions
from harness.processes import BIN, Process

EVERGRASS = BIN / "evergrass"
CONCURRENT = 3  # on-demand workers of the core
QUEUED = 1024  # V1's default of maxWorkItemCount

# Does what the event says; with "gate" it stops there first.
WORKER = (
    gate.PYTHON
    + """
import signal, sys, time
import greengrasssdk

iot = greengrasssdk.client('iot-data')
functions = greengrasssdk.client('lambda')


def handler(event, context):
    if 'gate' in event:
        stop_at(event['gate'], n=event.get('n'))
    if 'answer' in event:
        iot.publish(topic=event['answer'], payload=json.dumps(event.get('n')))
    if 'exit' in event:
        os._exit(event['exit'])
    if 'child' in event:
        hold_with_a_child(event['child'], event['flee'])
    if 'deaf' in event:
        go_deaf(event['deaf'])
    if 'polite' in event:
        say_goodbye_at(event['polite'])
    return WORKER


def hold_with_a_child(port, flee):
    connection = socket.create_connection(('127.0.0.1', port))
    if os.fork() == 0:
        if flee:
            os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        connection.sendall(b'{"child": true}\\n')
        while True:
            signal.pause()
    connection.close()


def go_deaf(port):
    global held
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    held = socket.create_connection(('127.0.0.1', port))
    held.sendall(b'{"deaf": true}\\n')


def say_goodbye_at(port):
    connection = socket.create_connection(('127.0.0.1', port))
    connection.sendall(b'{"polite": true}\\n')

    def goodbye(*_):
        connection.sendall(b'goodbye\\n')
        os._exit(0)

    signal.signal(signal.SIGTERM, goodbye)
"""
)

# Publishes what it is told to, or invokes, and tells what came of it.
CALLER = """
import json
import greengrasssdk

iot = greengrasssdk.client('iot-data')
functions = greengrasssdk.client('lambda')


def handler(event, context):
    try:
        if 'topic' in event:
            for n in event['numbers']:
                iot.publish(topic=event['topic'], payload=json.dumps(dict(event['work'], n=n)),
                            queueFullPolicy=event['policy'])
            return 'published'
        done = functions.invoke(FunctionName=event['function'], InvocationType=event['type'],
                                Payload=json.dumps(event['work']).encode())
        payload = done['Payload']
        text = payload if isinstance(payload, bytes) else payload.read()
        return [text.decode(), done['FunctionError']]
    except Exception as failed:
        return [type(failed).__name__, str(failed)]
"""

# Invokes itself, and counts how deep that went.
CIRCLE = """
import json
import greengrasssdk

client = greengrasssdk.client('lambda')


def handler(event, context):
    try:
        done = client.invoke(FunctionName=context.invoked_function_arn, Payload=b'{}')
    except Exception as refused:
        return [1, str(refused)]
    payload = done['Payload']
    if done['FunctionError']:
        return [1, done['FunctionError']]
    depth, why = json.loads(payload.read())
    return [depth + 1, why]
"""


class Site:
    """A core with a device that sends work: to work/NAME for the function NAME."""

    def __init__(self, endpoints, folder, functions, name, **runtime):
        """`functions`: name -> (code, configuration)."""
        thing = new_thing(endpoints, folder / "keys", f"{name}_core")
        self.device = new_thing(endpoints, folder / "keys", f"{name}_device")
        self.arns = {}
        entries, routes = [], []
        for function, (code, pinned, configuration) in functions.items():
            arn = publish_function(endpoints, f"{name}_{function}", code)
            self.arns[function] = arn
            entries.append(function_entry(arn, pinned, **configuration))
            routes += [
                (self.device.arn, arn, f"work/{function}"),
                (arn, self.device.arn, "answer/#"),
            ]
        self.entries = entries
        self.routes = routes
        self.group = Group(endpoints, name).give(
            cores=[entry(thing)],
            devices=[entry(self.device)],
            functions=entries,
            subscriptions=subscriptions(*routes),
        )
        self.core = Core(folder / "greengrass", endpoints, thing)
        self.core.config["runtime"].update({"readyWorkers": "none", **runtime})
        self.core.write_config()

    def start(self):
        self.core.start()
        self.group.deploy()
        self.ca = self.group.write_ca(self.core.root / "group-ca.pem")

    def functions(self):
        """What `evergrass functions` says, by the functions' names here."""
        done = processes.run(EVERGRASS, "functions", "--json", "--root", self.core.root)
        listed = {f["arn"]: f for f in json.loads(done.stdout)}
        return {name: listed[arn] for name, arn in self.arns.items() if arn in listed}

    def begin(self, function, /, **event):
        return Process(
            EVERGRASS, "invoke", self.arns[function], "--json", "--payload", json.dumps(event),
            "--root", self.core.root,
        )  # fmt: skip

    def invoke(self, function, /, **event):
        """(outcome, result)."""
        return self.outcome(self.begin(function, **event))

    @staticmethod
    def outcome(running):
        with running:
            running.wait()
            answer = json.loads(running.output)
        return answer["outcome"], json.loads(base64.b64decode(answer["payloadBase64"]) or "null")

    def connect(self):
        return self.core.connect(self.device, self.ca)

    def dropped(self):
        return core_socket.metrics(self.core)['evergrass_drops_total{reason="work_queue_full"}']


def no_container():
    """Functions that are root's, where a tester who is root has them in folders of his own."""
    execution = {"IsolationMode": "NoContainer"}
    if os.geteuid() == 0:
        execution["RunAs"] = {"Uid": 0, "Gid": 0}
    return {"Environment": {"Execution": execution}, "MemorySize": 0}


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    made = Site(
        service.endpoints,
        tmp_path_factory.mktemp("lifecycle"),
        {
            "long": (WORKER, True, {}),
            "demand": (WORKER, False, {}),
            "hasty": (WORKER, False, {"Timeout": 1}),
            "caller": (CALLER, True, {}),
            "impatient": (CIRCLE, False, {"Timeout": 3}),
            "plain": (WORKER, True, no_container()),
        },
        "life",
        maxConcurrentLimit=CONCURRENT,
        lruSize=CONCURRENT,  # V1: the least value of the former
        allowFunctionsToRunAsRoot="yes",
    )
    with made.core:
        made.start()
        yield made
        made.core.stop()


@pytest.fixture
def at():
    with gate.Gate() as made:
        yield made


def test_a_thousand_queued_invocations_are_all_worked_off_in_their_order(site, at):
    count = 1000
    before = site.functions()["long"]
    with site.connect() as device:
        device.subscribe("answer/long", qos=1)
        device.publish("work/long", json.dumps({"gate": at.port}))
        first = at.next()
        for n in range(count):
            device.publish("work/long", json.dumps({"answer": "answer/long", "n": n}))
        assert site.functions()["long"]["queued"] == count
        first.let_go()
        assert [int(device.receive().payload) for _ in range(count)] == list(range(count))
    waiting.until(
        lambda: f"all are counted: {site.functions()['long']}",
        lambda: site.functions()["long"]["invocations"] == before["invocations"] + count + 1,
    )
    after = site.functions()["long"]
    assert (after["queued"], after["errors"], after["workers"]) == (0, before["errors"], 1)
    assert after["restarts"] == before["restarts"]


def test_on_demand_invocations_beyond_the_limit_wait_and_none_is_lost(site, at):
    """Each of the workers is used again and again, and there are never more."""
    count = 100
    with site.connect() as device:
        device.subscribe("answer/demand", qos=1)
        for n in range(CONCURRENT):
            device.publish("work/demand", json.dumps({"gate": at.port}))
        standing = [at.next() for _ in range(CONCURRENT)]
        workers = {one.told["worker"] for one in standing}
        assert len(workers) == CONCURRENT, "each works in a process of its own"
        for n in range(count):
            device.publish("work/demand", json.dumps({"answer": "answer/demand", "n": n}))
        for n in range(2):
            device.publish("work/demand", json.dumps({"gate": at.port}))
        now = site.functions()["demand"]
        assert (now["workers"], now["queued"]) == (CONCURRENT, count + 2)
        for one in standing:
            one.let_go()
        again = [at.next(), at.next()]
        assert {one.told["worker"] for one in again} < workers, "they are reused"
        for one in again:
            one.let_go()
        assert sorted(int(device.receive().payload) for _ in range(count)) == list(range(count))
    assert site.functions()["demand"]["workers"] == CONCURRENT


def test_an_on_demand_function_takes_the_place_of_anothers_idle_worker(site, at):
    """At the limit; the function before has left its workers idle."""
    with site.connect() as device:
        for _ in range(CONCURRENT):
            device.publish("work/demand", json.dumps({"gate": at.port}))
        for one in [at.next() for _ in range(CONCURRENT)]:
            one.let_go()
    outcome, worker = site.invoke("hasty")
    assert outcome == "success" and worker
    assert site.functions()["demand"]["workers"] < CONCURRENT


def test_an_invocation_beyond_its_time_ends_with_its_process(site, at):
    before = site.functions()["hasty"]
    running = site.begin("hasty", gate=at.port)
    late = at.next()
    outcome, error = site.outcome(running)
    assert outcome == "unhandled"
    assert error == {
        "errorMessage": "Task timed out after 1.00 seconds", "errorType": "Function.TimedOut",
    }  # fmt: skip
    late.wait_for_end()
    outcome, worker = site.invoke("hasty")
    assert outcome == "success" and worker != late.told["worker"]
    after = site.functions()["hasty"]
    assert after["errors"] == before["errors"] + 1


@pytest.mark.parametrize("status", [0, 7])
def test_a_worker_that_exits_at_work_is_told_and_started_again(site, status):
    before = site.functions()["long"]
    worker = site.invoke("long")[1]
    outcome, error = site.invoke("long", exit=status)
    assert outcome == "unhandled" and f"exit status {status}" in error["errorMessage"]
    outcome, next_worker = site.invoke("long")
    assert outcome == "success" and next_worker != worker
    after = site.functions()["long"]
    assert (after["restarts"], after["errors"]) == (before["restarts"] + 1, before["errors"] + 1)
    assert after["state"] == "Waiting"


def test_what_waits_outlives_a_crash_of_a_long_lived_function(site, at):
    with site.connect() as device:
        device.subscribe("answer/long", qos=1)
        device.publish("work/long", json.dumps({"gate": at.port, "exit": 1}))
        first = at.next()
        for n in range(10):
            device.publish("work/long", json.dumps({"answer": "answer/long", "n": n}))
        first.let_go()
        assert [int(device.receive().payload) for _ in range(10)] == list(range(10))


@pytest.mark.parametrize("function", ["long", "plain"])
def test_children_of_a_worker_that_ended_are_gone(site, at, function):
    # Without a container, one that leaves the process group is nobody's.
    flee = function == "long" and isolation.available()
    running = site.begin(function, child=at.port, flee=flee)
    child = at.next()
    assert child.told == {"child": True}
    assert site.outcome(running)[0] == "success"
    assert site.invoke(function, exit=1)[0] == "unhandled"
    child.wait_for_end()


def test_a_function_that_is_invoked_and_waited_for(site, at):
    running = site.begin(
        "caller", function=site.arns["demand"], type="RequestResponse", work={"gate": at.port}
    )
    target = at.next()
    assert site.functions()["caller"]["state"] == "Working"
    target.let_go()
    outcome, (payload, error) = site.outcome(running)
    assert (outcome, json.loads(payload), error) == ("success", target.told["worker"], "")


def test_a_function_that_is_invoked_by_an_event_is_not_waited_for(site, at):
    outcome, answer = site.invoke(
        "caller", function=site.arns["demand"], type="Event", work={"gate": at.port}
    )
    assert (outcome, answer) == ("success", ["", ""])
    at.next().let_go()


def test_an_invoked_function_that_dies_is_an_unhandled_error_of_its_invoker(site):
    outcome, (payload, error) = site.invoke(
        "caller", function=site.arns["demand"], type="RequestResponse", work={"exit": 3}
    )
    assert (outcome, error) == ("success", "Unhandled")
    assert "exit status 3" in json.loads(payload)["errorMessage"]


def test_a_circle_that_has_all_workers_ends_with_its_time(site):
    outcome, error = site.invoke("impatient")
    assert outcome == "unhandled" and "timed out after 3.00 seconds" in error["errorMessage"]
    assert site.invoke("demand")[0] == "success", "the workers are free again"


def test_functions_are_told_to_end_and_those_that_do_not_hear_are_killed(site, at):
    """Last: the functions go."""
    polite = site.begin("long", polite=at.port)
    ending = at.next()
    assert site.outcome(polite)[0] == "success"
    deaf = site.begin("plain", deaf=at.port)
    staying = at.next()
    assert site.outcome(deaf)[0] == "success"
    site.group.give(functions=[], subscriptions=[]).deploy()
    assert ending.line() == "goodbye", "SIGTERM comes first"
    ending.wait_for_end()
    staying.wait_for_end()


# --- Limits of the queues -------------------------------------------------------------------------

SMALL = 4


@pytest.fixture(scope="module")
def small(service, tmp_path_factory):
    """A core whose queues hold SMALL pieces of work. The sender's messages go to the worker and to
    the device."""
    made = Site(
        service.endpoints,
        tmp_path_factory.mktemp("small"),
        {"slow": (WORKER, True, {}), "sender": (CALLER, True, {})},
        "small",
        maxWorkItemCount=SMALL,
    )
    slow, sender = made.arns["slow"], made.arns["sender"]
    routes = [*made.routes, (sender, slow, "to/both"), (sender, made.device.arn, "to/both")]
    made.group.give(subscriptions=subscriptions(*routes))
    with made.core:
        made.start()
        yield made
        made.core.stop()


@pytest.mark.parametrize(("policy", "fits"), [("AllOrException", False), ("BestEffort", True)])
def test_a_publisher_beyond_the_queues_limit(small, at, policy, fits):
    """AllOrException: it is told, and nobody has the message. BestEffort: who can has it, and the
    rest is counted."""
    sent = {"topic": "to/both", "policy": policy, "work": {"answer": "answer/slow"}}
    before = small.dropped()
    with small.connect() as device:
        device.subscribe("to/both", qos=1)
        device.subscribe("answer/slow", qos=1)
        device.publish("work/slow", json.dumps({"gate": at.port}))
        first = at.next()
        numbers = list(range(SMALL))
        assert small.invoke("sender", numbers=numbers, **sent) == ("success", "published")
        assert [json.loads(device.receive().payload)["n"] for _ in numbers] == numbers
        assert small.functions()["slow"]["queued"] == SMALL
        outcome, answer = small.invoke("sender", numbers=[98, 99], **sent)
        assert outcome == "success"
        if fits:
            assert answer == "published"
            assert [json.loads(device.receive().payload)["n"] for _ in range(2)] == [98, 99]
            assert small.dropped() == before + 2
        else:
            name, text = answer
            assert "429" in text, answer
            assert small.dropped() == before, "it was not taken, and so not dropped"
        assert small.functions()["slow"]["queued"] == SMALL
        first.let_go()
        assert [int(device.receive().payload) for _ in numbers] == numbers
        # Nothing came in between: what was refused is nowhere.
        assert small.invoke("sender", numbers=[7], **sent) == ("success", "published")
        assert json.loads(device.receive().payload)["n"] == 7
        assert int(device.receive().payload) == 7


def test_a_message_of_a_device_beyond_the_limit_is_dropped_and_counted(small, at):
    before = small.dropped()
    with small.connect() as device:
        device.subscribe("answer/slow", qos=1)
        device.publish("work/slow", json.dumps({"gate": at.port}))
        first = at.next()
        for n in range(SMALL + 3):
            device.publish("work/slow", json.dumps({"answer": "answer/slow", "n": n}))
        waiting.until("the core counts them", lambda: small.dropped() == before + 3)
        first.let_go()
        assert [int(device.receive().payload) for _ in range(SMALL)] == list(range(SMALL))
    assert small.functions()["slow"]["queued"] == 0


def test_an_invocation_beyond_the_limit_is_refused_with_what_to_do(small, at):
    with small.connect() as device:
        device.publish("work/slow", json.dumps({"gate": at.port}))
        first = at.next()
        for n in range(SMALL):
            device.publish("work/slow", json.dumps({"n": n}))
        with small.begin("slow") as refused:
            assert refused.wait() == 2
        assert "the queue of work is full (maxWorkItemCount in config.json)" in refused.output
        outcome, answer = small.invoke(
            "sender", function=small.arns["slow"], type="RequestResponse", work={}
        )
        assert outcome == "success" and "429" in answer[1], answer
        first.let_go()
    waiting.until("it is worked off", lambda: small.functions()["slow"]["queued"] == 0)


# --- Starts that fail, and circles ----------------------------------------------------------------

# Asks at module level whether to start; the gate's port comes with the configuration.
BORN_AT_A_GATE = (
    gate.PYTHON
    + """
if stop_at(int(os.environ['GATE'])) != 'live':
    raise RuntimeError('it was told so')


def handler(event, context):
    if event.get('exit'):
        os._exit(1)
    return WORKER
"""
)


@pytest.fixture
def born_at(service, tmp_path, request):
    name = "born_" + request.function.__name__[-12:]
    with gate.Gate() as at:
        environment = isolation.settings()
        environment["Environment"]["Variables"] = {"GATE": str(at.port)}
        made = Site(
            service.endpoints, tmp_path, {"born": (BORN_AT_A_GATE, True, environment)}, name
        )
        made.at = at
        with made.core:
            made.core.start()
            yield made
            made.core.stop()


def test_a_start_that_fails_is_tried_again_and_again_and_counted(born_at):
    deployment = born_at.group.start_deployment()
    born_at.at.next().let_go("live")
    assert born_at.group.outcome(deployment)["DeploymentStatus"] == "Success"
    assert born_at.functions()["born"]["restarts"] == 0
    assert born_at.invoke("born", exit=True)[0] == "unhandled"
    for word in ("die", "die", "live"):
        born_at.at.next().let_go(word)
    assert born_at.invoke("born")[0] == "success"
    status = born_at.functions()["born"]
    assert (status["restarts"], status["state"], status["workers"]) == (3, "Waiting", 1)
    said = born_at.core.log().count("A function failed to start.")
    assert said == 2 and "it was told so" in born_at.core.log()


def test_a_deployment_whose_function_does_not_start_fails_with_its_last_words(born_at):
    deployment = born_at.group.start_deployment()
    born_at.at.next().let_go("die")
    status = born_at.group.outcome(deployment)
    assert status["DeploymentStatus"] == "Failure"
    assert "it was told so" in status["ErrorMessage"]


def test_a_circle_of_functions_is_stopped_at_its_deepest(service, tmp_path):
    circle = Site(service.endpoints, tmp_path, {"circle": (CIRCLE, False, {})}, "circle")
    with circle.core:
        circle.start()
        outcome, (depth, why) = circle.invoke("circle")
        # The first one, and 16 that are waited for.
        assert outcome == "success" and depth == 17 and "508" in why
        status = circle.functions()["circle"]
        assert (status["invocations"], status["errors"]) == (17, 0)
        circle.core.stop()
