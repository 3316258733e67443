// Life and death of functions: what the manager does with real workers.
#include "edge/functions/function_manager_fixture.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/json.hpp"

#include <boost/asio/thread_pool.hpp>

#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string echo = R"(
import greengrasssdk
client = greengrasssdk.client('iot-data')
def handler(event, context):
    client.publish(topic='out/' + context.client_context.custom['subject'],
                   payload=str(event['n'] + 1))
)";

TEST_F(function_manager_test, carries_a_message_through_a_long_lived_function) {
    start();
    route({"echo"});
    EXPECT_THAT(apply({function("echo", echo)}), IsEmpty());
    EXPECT_EQ(status_of("echo").state, worker_state::waiting);
    send("echo", R"({"n": 41})");
    EXPECT_EQ(message_at(0), "42");
    EXPECT_EQ(to_cloud.messages[0].topic, "out/to/echo");
    send("echo", R"({"n": 1})");
    EXPECT_EQ(message_at(1), "2");
    EXPECT_EQ(status_of("echo").invocations, 2U);
    EXPECT_THAT(log_of("echo"),
                AllOf(HasSubstr("][INFO]-loop.py:"), HasSubstr(",START RequestId: "),
                      HasSubstr("End RequestId: ")));
}

TEST_F(function_manager_test, starts_an_on_demand_function_with_its_first_message) {
    start();
    route({"echo"});
    EXPECT_THAT(apply({function("echo", echo, false)}), IsEmpty());
    EXPECT_EQ(status_of("echo").workers, 0);
    send("echo", R"({"n": 1})");
    EXPECT_EQ(message_at(0), "2");
    EXPECT_EQ(status_of("echo").workers, 1);
    wait_until([&] { return status_of("echo").state == worker_state::waiting; }, "idleness");
    send("echo", R"({"n": 2})");
    EXPECT_EQ(message_at(1), "3");
    EXPECT_EQ(status_of("echo").workers, 1) << "the idle worker is reused";
}

TEST_F(function_manager_test, tells_why_a_function_fails_at_import) {
    start();
    const auto failures = apply({function("broken", "import no_such_module\n")});
    ASSERT_THAT(failures, SizeIs(1));
    EXPECT_EQ(failures[0].arn, arn_of("broken"));
    EXPECT_THAT(failures[0].reason,
                AllOf(HasSubstr("worker with "), HasSubstr(" failed to initialize"),
                      HasSubstr("Failed to import handler function \"code.handler\" due to "
                                "exception: No module named 'no_such_module'"),
                      HasSubstr("exit status 1")));
    EXPECT_THAT(log_of("broken"), HasSubstr("][FATAL]-lambda_runtime.py:"));
}

TEST_F(function_manager_test, tells_which_runtime_and_which_handler_are_missing) {
    start();
    auto ruby = function("ruby", "");
    ruby.runtime = "ruby3.2";
    auto handler = function("handler", "");
    handler.handler = "code.missing";
    const auto failures = apply({ruby, handler});
    ASSERT_THAT(failures, SizeIs(2));
    EXPECT_THAT(failures[0].reason, HasSubstr("ruby3.2"));
    EXPECT_THAT(failures[1].reason, HasSubstr("has no function 'missing'"));
}

TEST_F(function_manager_test, leaves_an_unchanged_function_alone_and_replaces_a_changed_one) {
    const std::string tell_pid = R"(
import greengrasssdk, os
def handler(event, context):
    greengrasssdk.client('iot-data').publish(topic='pid', payload=str(os.getpid()))
)";
    start();
    route({"a", "b"});
    auto a = function("a", tell_pid);
    auto b = function("b", tell_pid);
    EXPECT_THAT(apply({a, b}), IsEmpty());
    send("a", "{}");
    const auto a_before = message_at(0);
    send("b", "{}");
    const auto b_before = message_at(1);
    b.variables = {{"NEW", "1"}};
    EXPECT_THAT(apply({a, b}), IsEmpty());
    send("a", "{}");
    EXPECT_EQ(message_at(2), a_before);
    send("b", "{}");
    EXPECT_NE(message_at(3), b_before);
    EXPECT_EQ(::kill(std::stoi(b_before), 0), -1) << "its process is gone";
    EXPECT_THAT(apply({b}), IsEmpty());
    send("a", "{}");
    EXPECT_EQ(messages.drops()[static_cast<std::size_t>(drop_reason::function_stopped)], 1U);
}

// Waits in its handler until its stop file is there, so that tests decide how long it works.
const std::string until_told = R"(
import greengrasssdk, os, time
def handler(event, context):
    greengrasssdk.client('iot-data').publish(topic='pid', payload=str(os.getpid()))
    while not os.path.exists(event['until']):
        time.sleep(0.01)
    greengrasssdk.client('iot-data').publish(topic='late', payload=os.environ['VERSION'])
    return os.environ['VERSION']
)";

TEST_F(function_manager_test, an_old_version_finishes_what_it_works_on_beside_the_new_one) {
    start();
    route({"f"});
    auto f = function("f", until_told, false);
    f.variables = {{"VERSION", "old"}};
    EXPECT_THAT(apply({f}), IsEmpty());
    const auto stop_file = (root / "stop").string();
    std::optional<result<invocation_result>> came;
    asio::co_spawn(io, manager->invoke("f", R"({"until": ")" + stop_file + "\"}", "", false),
                   [&came](std::exception_ptr, result<invocation_result> r) { came = r; });
    const auto old_pid = message_at(0);
    f.variables = {{"VERSION", "new"}};
    EXPECT_THAT(apply({f}), IsEmpty()) << "does not wait for the old one";
    EXPECT_EQ(::kill(std::stoi(old_pid), 0), 0) << "still works";
    EXPECT_FALSE(came);
    send("f", R"({"until": "/"})");
    message_at(2);
    EXPECT_EQ(*to_cloud.messages[2].payload, "new");
    std::ofstream(stop_file) << "";
    wait_until([&] { return came.has_value(); }, "the old one's result");
    EXPECT_EQ(came->value().outcome, "success");
    EXPECT_EQ(came->value().body, "\"old\"");
    EXPECT_EQ(*to_cloud.messages[3].payload, "old") << "its messages go on too";
    wait_until([&] { return ::kill(std::stoi(old_pid), 0) != 0; }, "the old one's end");
}

TEST_F(function_manager_test, a_new_version_of_a_long_lived_function_waits_for_its_predecessor) {
    start();
    route({"f"});
    auto f = function("f", until_told);
    f.variables = {{"VERSION", "old"}};
    EXPECT_THAT(apply({f}), IsEmpty());
    const auto stop_file = (root / "stop").string();
    send("f", R"({"until": ")" + stop_file + "\"}");
    const auto old_pid = message_at(0);
    send("f", R"({"until": "/"})");  // waits in the queue
    f.variables = {{"VERSION", "new"}};
    bool applied = false;
    asio::co_spawn(io, manager->apply({f}, {}),
                   [&](std::exception_ptr, const std::vector<function_failure>& failures) {
                       EXPECT_THAT(failures, IsEmpty());
                       applied = true;
                   });
    send("f", R"({"until": "/"})");
    io.poll();
    EXPECT_FALSE(applied);
    std::ofstream(stop_file) << "";
    wait_until([&] { return applied; }, "the new version");
    EXPECT_NE(::kill(std::stoi(old_pid), 0), 0) << "the old one has ended";
    message_at(5);
    EXPECT_EQ(*to_cloud.messages[1].payload, "old");
    EXPECT_EQ(*to_cloud.messages[3].payload, "new");
    EXPECT_EQ(*to_cloud.messages[5].payload, "new");
    EXPECT_EQ(messages.drops()[static_cast<std::size_t>(drop_reason::function_stopped)], 0U);
}

// The subscriptions name the new version only, as a group does after `publish-version`.
TEST_F(function_manager_test, what_a_replaced_version_publishes_goes_the_way_of_its_successor) {
    start();
    route({"f"});
    auto f = function("f", until_told, false);
    f.variables = {{"VERSION", "1"}};
    EXPECT_THAT(apply({f}), IsEmpty());
    const auto stop_file = (root / "stop").string();
    send("f", R"({"until": ")" + stop_file + "\"}");
    message_at(0);
    auto next = f;
    next.arn.back() = '2';
    std::filesystem::copy(root / "deployment/lambda" / f.arn,
                          root / "deployment/lambda" / next.arn);
    messages.set_table(routing_table::build({{"out", next.arn, "#", "cloud"}}).value());
    EXPECT_THAT(apply({next}), IsEmpty());
    std::ofstream(stop_file) << "";
    EXPECT_EQ(message_at(1), "1");
}

TEST_F(function_manager_test, an_old_version_that_works_for_too_long_ends_at_its_timeout) {
    start();
    route({"f"});
    auto f = function("f", until_told, false);
    f.variables = {{"VERSION", "old"}};
    f.timeout_seconds = 1;
    EXPECT_THAT(apply({f}), IsEmpty());
    std::optional<result<invocation_result>> came;
    asio::co_spawn(io, manager->invoke("f", R"({"until": "/never"})", "", false),
                   [&came](std::exception_ptr, result<invocation_result> r) { came = r; });
    message_at(0);
    EXPECT_THAT(apply({}), IsEmpty());
    ASSERT_TRUE(came) << "with no functions left, the end is waited for";
    EXPECT_EQ(came->value().outcome, "unhandled");
    EXPECT_THAT(came->value().body, HasSubstr("timed out after 1.00 seconds"));
}

// A program may take its time to tell its version.
TEST_F(function_manager_test, goes_on_while_programs_are_asked_for_their_version) {
    const auto bin = root / "bin";
    std::filesystem::create_directories(bin);
    const auto asked = root / "asked";
    std::ofstream(bin / "node") << "#!/bin/sh\ntouch " << asked.string() << "\nexec sleep 60\n";
    std::filesystem::permissions(bin / "node", std::filesystem::perms::owner_all);
    const std::string path = ::getenv("PATH");
    ::setenv("PATH", (bin.string() + ":" + path).c_str(), 1);
    asio::thread_pool blocking(1);
    settings.blocking = blocking.get_executor();
    start();
    ::setenv("PATH", path.c_str(), 1);
    auto f = function("f", "");
    f.runtime = "nodejs99.x";
    bool applied = false;
    asio::co_spawn(io, manager->apply({f}, {}),
                   [&](std::exception_ptr, const std::vector<function_failure>& failures) {
                       EXPECT_THAT(failures, SizeIs(1));
                       applied = true;
                   });
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!std::filesystem::exists(asked) && std::chrono::steady_clock::now() < deadline) {
        EXPECT_EQ(request("GET", "/2016-11-01/health/workers").status, 200);
    }
    EXPECT_EQ(request("GET", "/2016-11-01/health/workers").status, 200);
    EXPECT_FALSE(applied);
    wait_until([&] { return applied; }, "the deployment");
}

TEST_F(function_manager_test, starts_a_crashed_function_again_and_counts_it) {
    const std::string code = R"(
import greengrasssdk, os
def handler(event, context):
    if event.get('crash'):
        os._exit(7)
    greengrasssdk.client('iot-data').publish(topic='x', payload='alive')
)";
    start();
    route({"f"});
    EXPECT_THAT(apply({function("f", code)}), IsEmpty());
    send("f", R"({"crash": true})");
    send("f", "{}");
    EXPECT_EQ(message_at(0), "alive");
    EXPECT_EQ(status_of("f").restarts, 1U);
    EXPECT_EQ(status_of("f").errors, 1U);
}

// Invokes "target" and publishes what it got: payload, then the function error.
const std::string invoker = R"(
import greengrasssdk, json
target = 'arn:aws:lambda:us-east-1:123456789012:function:target'
def handler(event, context):
    try:
        r = greengrasssdk.client('lambda').invoke(FunctionName=event.get('arn', target),
            InvocationType=event.get('type', 'RequestResponse'), Payload=event['payload'])
        body = r['Payload'] if isinstance(r['Payload'], bytes) else r['Payload'].read()
        answer = [body.decode(), r['FunctionError']]
    except Exception as e:
        answer = [type(e).__name__, str(e)]
    greengrasssdk.client('iot-data').publish(topic='answer', payload=json.dumps(answer))
)";

TEST_F(function_manager_test, lets_functions_invoke_each_other) {
    const std::string target = R"(
import sys
def handler(event, context):
    if event == 'fail':
        raise KeyError('lost')
    return {'got': event, 'version': context.function_version}
)";
    start();
    route({"invoker", "target"});
    EXPECT_THAT(apply({function("invoker", invoker), function("target", target, false)}),
                IsEmpty());
    send("invoker", R"({"payload": "[1]"})");
    EXPECT_EQ(message_at(0), R"(["{\"got\": [1], \"version\": \"1\"}", ""])");
    send("invoker", R"({"payload": "\"fail\""})");
    EXPECT_THAT(message_at(1), AllOf(HasSubstr("\\\"errorMessage\\\": \\\"'lost'\\\""),
                                     HasSubstr("\\\"errorType\\\": \\\"KeyError\\\""),
                                     HasSubstr("stackTrace"), HasSubstr("\"Handled\"")));
    send("invoker", R"({"payload": "not json"})");
    EXPECT_THAT(message_at(2),
                AllOf(HasSubstr("could not be parsed as JSON"), HasSubstr("\"Handled\"")));
    send("invoker", R"({"payload": "{}", "type": "Event"})");
    EXPECT_EQ(message_at(3), R"(["", ""])");
    send("invoker", R"({"payload": "{}", "arn":
        "arn:aws:lambda:us-east-1:123456789012:function:nobody:1"})");
    EXPECT_THAT(message_at(4), HasSubstr("HTTP Error 404"));
}

TEST_F(function_manager_test, kills_a_function_at_its_timeout_and_tells_its_invoker) {
    const std::string endless = R"(
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def handler(event, context):
    while True:
        signal.pause()
)";
    start();
    route({"invoker"});
    auto target = function("target", endless, false);
    target.timeout_seconds = 1;
    EXPECT_THAT(apply({function("invoker", invoker), target}), IsEmpty());
    send("invoker", R"({"payload": "{}"})");
    EXPECT_THAT(message_at(0),
                AllOf(HasSubstr("timed out after 1.00 seconds"), HasSubstr("\"Unhandled\"")));
    wait_until([&] { return status_of("target").workers == 0; }, "the killed worker's end");
}

TEST_F(function_manager_test, stops_a_circle_of_invocations_at_its_deepest) {
    const std::string circle = R"(
import greengrasssdk, json
def handler(event, context):
    try:
        r = greengrasssdk.client('lambda').invoke(FunctionName=context.invoked_function_arn,
                                                  Payload=b'{}')
        return 1 + json.loads(r['Payload'].read())
    except greengrasssdk.Lambda.InvocationException as e:
        assert '508' in str(e), e
        return 1
)";
    start();
    route({"invoker"});
    EXPECT_THAT(apply({function("invoker", invoker), function("target", circle, false)}),
                IsEmpty());
    send("invoker", R"({"payload": "{}"})");
    EXPECT_EQ(message_at(0), R"(["16", ""])");
}

TEST_F(function_manager_test, kills_a_function_that_ignores_sigterm_and_its_children) {
    const std::string stubborn = R"(
import greengrasssdk, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])
def handler(event, context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    greengrasssdk.client('iot-data').publish(topic='pid', payload=str(child.pid))
)";
    start();
    route({"f"});
    EXPECT_THAT(apply({function("f", stubborn)}), IsEmpty());
    send("f", "{}");
    const auto child = std::stoi(message_at(0));
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    ASSERT_GE(handle, 0);
    EXPECT_THAT(apply({}), IsEmpty());
    pollfd ended{handle, POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, std::chrono::milliseconds(patience).count()), 1);
    ::close(handle);
}

TEST_F(function_manager_test, reads_a_flood_of_output_within_the_logs_space) {
    const std::string flood = R"(
import greengrasssdk, os
def handler(event, context):
    for i in range(20000):
        print('line', i, 'of a flood of output that nobody will ever read')
    os.write(1, b'x' * 300000)
    greengrasssdk.client('iot-data').publish(topic='done', payload='done')
)";
    start();
    route({"f"});
    EXPECT_THAT(apply({function("f", flood)}), IsEmpty());
    send("f", "{}");
    EXPECT_EQ(message_at(0), "done");
    std::uintmax_t total = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(root / "var/log/user")) {
        total += file.is_regular_file() ? file.file_size() : 0;
    }
    EXPECT_LE(total, 128U * 1024);
    EXPECT_GT(total, 32U * 1024);
}

TEST_F(function_manager_test, writes_prints_and_log_records_with_their_level_and_place) {
    const std::string talk = R"(
import greengrasssdk, logging, sys
def handler(event, context):
    print('printed', 1)
    print('to stderr', file=sys.stderr)
    logging.getLogger('mine').warning('careful %d', 2)
    logging.getLogger('mine').debug('unseen')
    greengrasssdk.client('iot-data').publish(topic='done', payload='done')
)";
    start();
    route({"f"});
    EXPECT_THAT(apply({function("f", talk)}), IsEmpty());
    send("f", "{}");
    message_at(0);
    apply({});
    EXPECT_THAT(log_of("f"),
                AllOf(HasSubstr("][INFO]-code.py:4,printed 1\n"),
                      HasSubstr("][ERROR]-code.py:5,to stderr\n"),
                      HasSubstr("][WARN]-code.py:6,careful 2\n"), Not(HasSubstr("unseen"))));
}

TEST_F(function_manager_test, gives_a_binary_function_its_bytes) {
    const std::string binary = R"(
import greengrasssdk
def handler(event, context):
    greengrasssdk.client('iot-data').publish(topic='x', payload=bytes(reversed(event)))
)";
    start();
    route({"f"});
    auto f = function("f", binary);
    f.encoding_type = contract::encoding::binary;
    EXPECT_THAT(apply({f}), IsEmpty());
    send("f", std::string("\0\xff{", 3));
    EXPECT_EQ(message_at(0), std::string("{\xff\0", 3));
}

TEST_F(function_manager_test, refuses_to_run_a_function_as_root_without_consent) {
    start(false);
    auto f = function("f", echo);
    f.identity = {0, 0};
    const auto failures = apply({f});
    ASSERT_THAT(failures, SizeIs(1));
    EXPECT_THAT(failures[0].reason, HasSubstr("are configured to run as root but Greengrass is not "
                                              "configured to run Lambda functions with root "
                                              "permissions"));
}

TEST_F(function_manager_test, names_the_port_that_is_in_use) {
    start();
    settings.ipc_port = manager->ipc_port();
    function_manager second(io.get_executor(), settings, messages, logger{});
    const auto opened = second.open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message(),
                AllOf(HasSubstr("ggDaemonPort"), HasSubstr(std::to_string(settings.ipc_port))));
}

TEST_F(function_manager_test, drops_work_beyond_the_bound_of_its_queues) {
    settings.max_work_items = 2;
    start();
    route({"f"});
    auto f = function("f", "import signal\ndef handler(e, c):\n    signal.pause()\n");
    EXPECT_THAT(apply({f}), IsEmpty());
    for (int i = 0; i < 5; ++i) {
        send("f", "{}");
    }
    EXPECT_EQ(messages.drops()[static_cast<std::size_t>(drop_reason::work_queue_full)], 2U);
    EXPECT_EQ(status_of("f").queued, 2U);
    const endpoint target{endpoint_kind::function, arn_of("f")};
    EXPECT_EQ(manager->would_drop(target, "to/f"), drop_reason::work_queue_full);
    // What waits is lost with the function, and counted.
    EXPECT_THAT(apply({}), IsEmpty());
    EXPECT_EQ(messages.drops()[static_cast<std::size_t>(drop_reason::function_stopped)], 2U);
    const auto last = messages.last_drops();
    EXPECT_EQ(last.front().target, target);
    EXPECT_EQ(last.front().topic, "to/f");
    EXPECT_EQ(manager->would_drop(target, "to/f"), drop_reason::function_stopped);
}

const std::string talkative = R"(
import logging
def handler(event, context):
    logging.warning('it was given %s', event)
    if event.get('fail'):
        raise ValueError('as it was told')
    return {'subject': context.client_context.custom.get('subject'), 'n': event['n'] + 1}
)";

TEST_F(function_manager_test, an_operator_invokes_a_function_and_sees_what_it_logged) {
    start();
    EXPECT_THAT(apply({function("talk", talkative)}), IsEmpty());
    const auto got = run(manager->invoke("talk", R"({"n": 1})",
                                         base64_encode(R"({"custom":{"subject":"s"}})"), false));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->arn, arn_of("talk"));
    EXPECT_EQ(got->outcome, "success");
    EXPECT_EQ(parse_json(got->body).value(), parse_json(R"({"subject": "s", "n": 2})").value());
    EXPECT_THAT(got->log, AllOf(HasSubstr("START RequestId: " + got->id),
                                HasSubstr("it was given {'n': 1}")));
    const auto status = status_of("talk");
    EXPECT_EQ(status.invocations, 1U);
    ASSERT_TRUE(status.p50);
    EXPECT_LE(*status.p50, got->took + got->took / 8 + std::chrono::microseconds(1));
    EXPECT_GT(status.memory_kb, 1000U);
}

TEST_F(function_manager_test, an_operator_hears_of_a_functions_error) {
    start();
    EXPECT_THAT(apply({function("talk", talkative, false)}), IsEmpty());
    const auto got = run(manager->invoke(arn_of("talk"), R"({"fail": true})", "", false));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->outcome, "handled");
    EXPECT_THAT(got->body, HasSubstr("as it was told"));
    EXPECT_EQ(status_of("talk").errors, 1U);
}

TEST_F(function_manager_test, an_operators_event_is_accepted_and_done) {
    start();
    route({"echo"});
    EXPECT_THAT(apply({function("echo", echo)}), IsEmpty());
    const auto got = run(manager->invoke("echo:1", R"({"n": 1})",
                                         base64_encode(R"({"custom":{"subject":"s"}})"), true));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->outcome, "accepted");
    EXPECT_EQ(message_at(0), "2");
}

TEST_F(function_manager_test, an_operator_is_told_which_functions_there_are_not) {
    start();
    EXPECT_THAT(apply({function("echo", echo)}), IsEmpty());
    for (const std::string wrong : {"no", "echo:2", "arn:aws:lambda:us-east-1:1:function:no:1"}) {
        const auto got = run(manager->invoke(wrong, "", "", false));
        ASSERT_FALSE(got);
        EXPECT_THAT(got.error().message(), HasSubstr("'" + wrong + "' is no function"));
    }
}

TEST_F(function_manager_test, an_operator_hears_of_a_worker_that_dies) {
    start();
    EXPECT_THAT(apply({function("dies",
                                "import os, sys\ndef handler(e, c):\n"
                                "    print('its last words', flush=True)\n"
                                "    os._exit(3)\n",
                                false)}),
                IsEmpty());
    const auto got = run(manager->invoke("dies", "{}", "", false));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->outcome, "unhandled");
    EXPECT_THAT(got->body, HasSubstr("exit status 3"));
    EXPECT_THAT(got->log, HasSubstr("its last words"));
}

TEST_F(function_manager_test, lets_a_worker_wait_ahead_of_on_demand_python_functions_only) {
    settings.python_ready = true;
    start();
    route({"pinned", "demand"});
    auto pinned = function("pinned", until_told);
    auto demand = function("demand", until_told, false);
    for (auto* f : {&pinned, &demand}) {
        f->variables = {{"VERSION", "1"}};
    }
    EXPECT_THAT(apply({pinned, demand}), IsEmpty());
    EXPECT_EQ(status_of("demand").workers, 0) << "it was not invoked yet";
    const auto stop_file = (root / "stop").string();
    const auto event = R"({"until": ")" + stop_file + "\"}";
    send("pinned", event);
    message_at(0);
    send("demand", event);
    message_at(1);
    wait_until([&] { return status_of("demand").workers == 2; }, "a worker ahead");
    EXPECT_EQ(status_of("pinned").workers, 1) << "though it took its work before";
    std::ofstream(stop_file) << "";
}

}  // namespace
}  // namespace evergrass::edge
