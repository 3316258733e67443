"""Java functions in a whole system: zips of classes and jars, deployed by the service and run by the core."""

import io
import json
import shutil
import zipfile

import pytest

from harness import processes, waiting
from harness.core import GREENGRASSD, Core, start_options
from harness.group import Group, entry, function_entry, new_thing, subscriptions
from harness.processes import BIN

JARS = BIN.parent / "share/evergrass/runtime/java"

pytestmark = pytest.mark.skipif(
    not (JARS / "evergrass-runtime.jar").exists() or not shutil.which("javac"),
    reason="this build has no Java runtime: it needs a JDK",
)

# What asks for it calls another function and publishes its answer.
CALLER = """
package site;

import com.amazonaws.greengrass.javasdk.*;
import com.amazonaws.greengrass.javasdk.model.*;
import com.amazonaws.services.lambda.runtime.Context;
import java.nio.ByteBuffer;
import java.util.Map;

public class Caller {
    private final LambdaClient lambda = new LambdaClient();
    private final IotDataClient data = new IotDataClient();

    private static String text(ByteBuffer bytes) throws Exception {
        return new String(bytes.array(), "UTF-8");
    }

    public void handleRequest(Map<String, Object> event, Context context) throws Exception {
        String subject = context.getClientContext().getCustom().get("subject");
        System.out.println("asked by " + subject);
        InvokeResponse answer = lambda.invoke(new InvokeRequest()
                .withFunctionArn(System.getenv("OTHER"))
                .withPayload("{\\"n\\":" + event.get("n") + "}"));
        String payload = new String(answer.getPayload().array(), "UTF-8");
        String missing = text(data.getThingShadow(new GetThingShadowRequest().withThingName("j_shadow")).getPayload());
        data.updateThingShadow(new UpdateThingShadowRequest().withThingName("j_shadow")
                .withPayload(ByteBuffer.wrap("{\\"state\\":{\\"reported\\":{\\"n\\":1}}}".getBytes())));
        String found = text(data.getThingShadow(new GetThingShadowRequest().withThingName("j_shadow")).getPayload());
        data.deleteThingShadow(new DeleteThingShadowRequest().withThingName("j_shadow"));
        byte[] told = ("{\\"java\\":\\"" + System.getProperty("java.version") + "\\",\\"subject\\":\\"" + subject
                + "\\",\\"missing\\":" + missing + ",\\"found\\":" + found + ",\\"error\\":\\"" + answer.getFunctionErr() + "\\",\\"answer\\":" + payload + "}").getBytes();
        data.publish(new PublishRequest().withTopic("java/out").withPayload(ByteBuffer.wrap(told))
                .withQueueFullPolicy(QueueFullPolicy.AllOrException));
    }
}
"""

OTHER = """
package site;

public class Other {
    public static class Input {
        public Integer n;
    }

    public static class Output {
        public int doubled;
    }

    public Output handleRequest(Input input) {
        Output output = new Output();
        output.doubled = Helper.twice(input.n);
        return output;
    }
}
"""

# In a jar of its own, as build tools put what a function needs.
HELPER = """
package site;

public class Helper {
    public static int twice(Integer n) {
        if (n == null) {
            throw new IllegalArgumentException("no n");
        }
        return 2 * n;
    }
}
"""

UPPER = """
package site;

import com.amazonaws.greengrass.javasdk.*;
import com.amazonaws.greengrass.javasdk.model.*;
import java.io.InputStream;
import java.nio.ByteBuffer;

public class Upper {
    public static void bytes(InputStream in) throws Exception {
        byte[] data = new byte[in.available()];
        in.read(data);
        for (int i = 0; i < data.length; ++i) {
            data[i] ^= 0x20;
        }
        GreengrassClientBuilder.iotDataClient().build().publish(
                new PublishRequest().withTopic("bytes/out").withPayload(ByteBuffer.wrap(data)));
    }
}
"""


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """A folder of compiled classes."""
    folder = tmp_path_factory.mktemp("java")
    for name, text in {"Caller": CALLER, "Other": OTHER, "Helper": HELPER, "Upper": UPPER}.items():
        (folder / f"{name}.java").write_text(text)
    processes.run(
        "javac", "--release", "8", "-Xlint:-options", "-d", folder,
        "-cp", f"{JARS / 'evergrass-runtime.jar'}:{JARS / 'evergrass-sdk.jar'}", *folder.glob("*.java"),
    )  # fmt: skip
    return folder


def zip_of_classes(folder, *patterns, jars=()):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for pattern in patterns:
            for path in sorted(folder.glob(pattern)):
                archive.write(path, path.relative_to(folder))
        for name, content in jars:
            archive.writestr(f"lib/{name}", content)
    return data.getvalue()


def create(endpoints, name, handler, zip_bytes):
    """The ARN of a numbered version of a new function."""
    made = endpoints.boto("lambda").create_function(
        FunctionName=name,
        Runtime="java8",
        Role=f"arn:aws:iam::{endpoints.account}:role/unused",
        Handler=handler,
        Code={"ZipFile": zip_bytes},
        Publish=True,
    )
    arn, version = made["FunctionArn"], made["Version"]
    return arn if arn.endswith(f":{version}") else f"{arn}:{version}"


class Site:
    def __init__(self, endpoints, folder, classes):
        self.core_thing = new_thing(endpoints, folder / "keys", "j_core")
        self.device = new_thing(endpoints, folder / "keys", "j_device")
        device = self.device.arn
        helper = ("helper.jar", zip_of_classes(classes, "site/Helper.class"))
        other_zip = zip_of_classes(classes, "site/Other*.class", jars=[helper])
        other = create(endpoints, "j_other", "site.Other::handleRequest", other_zip)
        caller = create(endpoints, "j_caller", "site.Caller", zip_of_classes(classes, "site/Caller.class"))
        upper = create(endpoints, "j_upper", "site.Upper::bytes", zip_of_classes(classes, "site/Upper.class"))
        long_lived = function_entry(caller, pinned=True)
        long_lived["FunctionConfiguration"]["Environment"]["Variables"] = {"OTHER": other}
        self.functions = [
            function_entry(other, pinned=False),
            long_lived,
            function_entry(upper, pinned=False, EncodingType="binary"),
        ]
        self.group = Group(endpoints, "java").give(
            cores=[entry(self.core_thing)],
            devices=[entry(self.device)],
            functions=self.functions,
            subscriptions=subscriptions(
                (device, caller, "java/in"),
                (caller, device, "java/out"),
                (device, upper, "bytes/in"),
                (upper, device, "bytes/out"),
            ),
        )
        self.core = Core(folder / "greengrass", endpoints, self.core_thing)

    def log_of(self, name):
        return "".join(p.read_text() for p in self.core.root.glob(f"ggc/var/log/user/*/*/{name}.log"))


@pytest.fixture(scope="module")
def site(service, classes, tmp_path_factory):
    made = Site(service.endpoints, tmp_path_factory.mktemp("java"), classes)
    with made.core:
        processes.run(GREENGRASSD, "start", "--root", made.core.root, *start_options())
        made.group.deploy()
        made.ca = made.group.write_ca(made.core.root / "group-ca.pem")
        yield made
        made.core.stop()


def exchange(site, topic_in, topic_out, payload):
    with site.core.connect(site.device, site.ca) as device:
        device.subscribe(topic_out)
        device.publish(topic_in, payload)
        return device.receive().payload


def test_a_device_is_answered_through_two_java_functions(site):
    told = json.loads(exchange(site, "java/in", "java/out", '{"n": 21}'))
    assert told.pop("java")
    missing, found = told.pop("missing"), told.pop("found")
    assert (missing["code"], found["state"]) == (404, {"reported": {"n": 1}})
    assert told == {"subject": "java/in", "error": "null", "answer": {"doubled": 42}}
    waiting.until(
        lambda: f"what it printed is in the function's log: {site.log_of('j_caller')}",
        lambda: "[INFO]-asked by java/in" in site.log_of("j_caller"),
    )


def test_an_invoker_hears_of_the_error_of_the_function(site):
    told = json.loads(exchange(site, "java/in", "java/out", '{"n": null}'))
    assert told["error"] == "Handled"
    assert (told["answer"]["errorMessage"], told["answer"]["errorType"]) == (
        "no n", "java.lang.IllegalArgumentException",
    )  # fmt: skip
    assert told["answer"]["stackTrace"][0].startswith("site.Helper.twice(Helper.java:")


def test_an_on_demand_binary_function_gets_bytes(site):
    assert exchange(site, "bytes/in", "bytes/out", b"aB\xff\x00") == b"Ab\xdf\x20"


def test_the_version_that_runs_it_is_told_when_it_is_another(site):
    said = processes.run("java", "-version").stderr
    if '"1.8' in said:
        pytest.skip("this machine's Java is the version that was asked for")
    site.core.wait_for_log("The function asks for java8 and runs on Java ")


def test_a_function_that_cannot_be_loaded_fails_the_deployment_with_the_reason(site, service, classes):
    broken = create(service.endpoints, "j_broken", "site.Absent::f", zip_of_classes(classes, "site/Helper.class"))
    site.group.give(functions=[*site.functions, function_entry(broken, pinned=True)])
    status = site.group.outcome(site.group.start_deployment())
    assert status["DeploymentStatus"] == "Failure"
    assert "Handler class was not found: site.Absent" in status["ErrorMessage"]
    assert json.loads(exchange(site, "java/in", "java/out", '{"n": 1}'))["answer"] == {"doubled": 2}
