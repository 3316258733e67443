// What functions, and strangers, can ask of the core, over real connections.
#include "edge/functions/function_manager_fixture.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/json.hpp"

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using function_ipc = function_manager_test;

TEST_F(function_ipc, lets_the_packages_own_sdk_win_but_not_its_copy_of_the_core) {
    start();
    route({"f"});
    const auto f = function("f", R"(
import greengrasssdk, greengrass_common.env_vars
def handler(event, context):
    greengrasssdk.tell(greengrass_common.__file__)
)");
    const auto directory = root / "deployment/lambda" / arn_of("f");
    std::filesystem::create_directories(directory / "greengrasssdk");
    std::filesystem::create_directories(directory / "greengrass_common");
    std::ofstream(directory / "greengrass_common/__init__.py") << "raise ImportError('the copy')";
    std::ofstream(directory / "greengrasssdk/__init__.py") << R"(
import base64, json
from greengrass_ipc_python_sdk.ipc_client import IPCClient
def tell(text):
    context = base64.b64encode(json.dumps({'custom': {'subject': 't'}}).encode())
    IPCClient(endpoint='localhost', port=8000).post_work(
        'arn:aws:lambda:::function:GGRouter', text, context, 'Event')
)";
    EXPECT_THAT(apply({f}), IsEmpty());
    send("f", "{}");
    EXPECT_THAT(message_at(0), HasSubstr("runtimes/python/greengrass_common"));
}

TEST_F(function_ipc, serves_the_client_of_the_bundled_1_0_sdk) {
    // urllib, a connection a call, RequestResponse publish and the read of the router's result.
    const std::string old_client = R"(
import base64, json, os, urllib.request
def call(path, headers, body=None):
    url = 'http://localhost:%s/2016-11-01/functions/%s' % (os.environ['GG_DAEMON_PORT'], path)
    request = urllib.request.Request(url, body)
    request.add_header('Authorization', os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN'])
    for name, value in headers.items():
        request.add_header(name, value)
    return urllib.request.urlopen(request)
router = 'arn:aws:lambda:::function:GGRouter'
def publish(topic, payload):
    context = base64.b64encode(json.dumps(
        {'custom': {'source': os.environ['MY_FUNCTION_ARN'], 'subject': topic}}).encode())
    posted = call(router, {'X-Amz-Client-Context': context.decode(),
                           'X-Amz-Invocation-Type': 'RequestResponse'}, payload)
    result = call(router, {'X-Amz-InvocationId': posted.info()['X-Amz-InvocationId']})
    assert result.getcode() == 200 and result.read() == b''
    assert result.info()['X-Amz-Function-Error'] == ''
def handler(event, context):
    publish('old', b'first')
    publish('old', b'second')
)";
    start();
    route({"f"});
    EXPECT_THAT(apply({function("f", old_client)}), IsEmpty());
    send("f", "{}");
    EXPECT_EQ(message_at(0), "first");
    EXPECT_EQ(message_at(1), "second");
}

TEST_F(function_ipc, refuses_a_publish_to_a_full_target_only_when_all_or_error_is_asked) {
    const std::string code = R"(
import greengrasssdk
client = greengrasssdk.client('iot-data')
def handler(event, context):
    client.publish(topic='x', payload='1')
    try:
        client.publish(topic='x', payload='2', queueFullPolicy='AllOrException')
        print('was taken')
    except Exception as e:
        print('was refused:', e)
)";
    start();
    route({"f"});
    to_cloud.refuse = drop_reason::queue_full;
    EXPECT_THAT(apply({function("f", code)}), IsEmpty());
    send("f", "{}");
    wait_until([&] { return status_of("f").state == worker_state::waiting; }, "the result");
    apply({});
    EXPECT_THAT(log_of("f"), HasSubstr("was refused: Failed to invoke function due to HTTP Error "
                                       "429"));
}

TEST_F(function_ipc, answers_shadow_and_secret_calls_in_the_documented_form) {
    const std::string code = R"(
import greengrasssdk, json
def handler(event, context):
    told = []
    for call in (lambda: greengrasssdk.client('iot-data').get_thing_shadow(thingName='t'),
                 lambda: greengrasssdk.client('secretsmanager').get_secret_value(SecretId='s')):
        try:
            call()
        except Exception as e:
            told.append(type(e).__name__ + ' ' + str(e))
    greengrasssdk.client('iot-data').publish(topic='x', payload=json.dumps(told))
)";
    start();
    route({"f"});
    EXPECT_THAT(apply({function("f", code)}), IsEmpty());
    send("f", "{}");
    EXPECT_THAT(message_at(0),
                AllOf(HasSubstr("ShadowError"), HasSubstr("shadow service is not available"),
                      HasSubstr("SecretsManagerError"), HasSubstr("secrets service is not")));
}

// Publishes its token, for the test to speak as the function.
const std::string token_teller = R"(
import greengrasssdk, os
def handler(event, context):
    greengrasssdk.client('iot-data').publish(
        topic='token', payload=os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN'])
)";

TEST_F(function_ipc, knows_a_caller_by_its_token_alone) {
    start();
    route({"a", "b"});
    EXPECT_THAT(apply({function("a", token_teller), function("b", token_teller)}), IsEmpty());
    send("a", "{}");
    const auto token = message_at(0);
    const auto a = "/2016-11-01/functions/" + arn_of("a");
    const auto b = "/2016-11-01/functions/" + arn_of("b");
    EXPECT_EQ(request("GET", a + "/work").status, 403);
    EXPECT_EQ(request("GET", a + "/work", {{"Authorization", "Basic Zm9yZ2Vk"}}).status, 403);
    EXPECT_EQ(request("GET", b + "/work", {{"Authorization", token}}).status, 403);
    EXPECT_EQ(request("PUT", b + "/initialized", {{"Authorization", token}}, R"({"Success": true})")
                  .status,
              403);
    EXPECT_EQ(request("POST", b + "/work", {{"Authorization", token}}).status, 403);
    EXPECT_EQ(
        request("POST", a + "/work", {{"Authorization", token}, {"X-Amz-InvocationId", "forged"}})
            .status,
        404);
    EXPECT_EQ(request("GET", b, {{"Authorization", token}, {"X-Amz-InvocationId", "x"}}).status,
              404);
    EXPECT_EQ(request("GET", "/2016-11-01/credentialprovider/", {{"Authorization", token}}).status,
              404);
    // The source that a publish claims is not believed: the message is a's, and goes where a's go.
    messages.set_table(routing_table::build({{"1", arn_of("b"), "#", "cloud"}}).value());
    const auto claim =
        base64_encode(R"({"custom":{"subject":"t","source":")" + arn_of("b") + "\"}}");
    const auto before = to_cloud.messages.size();
    EXPECT_EQ(request("POST", "/2016-11-01/functions/arn:aws:lambda:::function:GGRouter",
                      {{"Authorization", token},
                       {"X-Amz-Client-Context", claim},
                       {"X-Amz-Invocation-Type", "Event"}})
                  .status,
              202);
    EXPECT_EQ(to_cloud.messages.size(), before);
}

TEST_F(function_ipc, refuses_a_body_beyond_the_limit) {
    start();
    route({"a"});
    EXPECT_THAT(apply({function("a", token_teller)}), IsEmpty());
    send("a", "{}");
    const auto token = message_at(0);
    EXPECT_EQ(request("POST", "/2016-11-01/functions/" + arn_of("a"), {{"Authorization", token}},
                      std::string(6 * 1024 * 1024 + 1, 'x'))
                  .status,
              413);
}

TEST_F(function_ipc, takes_the_log_events_of_old_appenders_for_the_own_log_only) {
    start();
    route({"a"});
    EXPECT_THAT(apply({function("a", token_teller)}), IsEmpty());
    send("a", "{}");
    const auto token = message_at(0);
    const auto put = [&](const std::string& group) {
        return request("POST", "/2016-11-01/cloudwatch/logs/", {{"Authorization", token}},
                       R"({"logGroupName":")" + group +
                           R"(","logEvents":[{"timestamp":1,"message":"[WARN]-x.py:1,old line"}]})")
            .status;
    };
    EXPECT_EQ(put("/Lambda/us-east-1/123456789012/a"), 200);
    EXPECT_EQ(put("/Lambda/us-east-1/123456789012/b"), 403);
    EXPECT_EQ(put("/GreengrassSystem/python_runtime"), 200);
    EXPECT_THAT(log_of("a"), HasSubstr("][WARN]-x.py:1,old line\n"));
    EXPECT_THAT(read_file(root / "var/log/system/python_runtime.log").value(),
                AllOf(HasSubstr("x.py:1,old line"), HasSubstr("Worker started.")));
}

TEST_F(function_ipc, reports_its_workers_health) {
    start();
    EXPECT_THAT(apply({function("a", token_teller)}), IsEmpty());
    const auto all = parse_json(request("GET", "/2016-11-01/health/workers").body).value();
    ASSERT_THAT(all.as_array(), SizeIs(1));
    EXPECT_EQ(string_member(all.as_array()[0].as_object(), "FuncArn"), arn_of("a"));
    EXPECT_EQ(string_member(all.as_array()[0].as_object(), "WorkerState"), "Waiting");
    const auto some = request("POST", "/2016-11-01/health/workers", {},
                              R"({"FuncArns":["arn:aws:lambda:r:1:function:x:1"]})");
    EXPECT_THAT(some.body, HasSubstr(R"("InvalidArns":["arn:aws:lambda:r:1:function:x:1"])"));
    EXPECT_EQ(request("POST", "/2016-11-01/health/workers", {}, "{}").status, 400);
    EXPECT_EQ(request("POST", "/2016-11-01/health/workers", {}, R"({"FuncArns":["a","b"]})").status,
              400);
}

}  // namespace
}  // namespace evergrass::edge
