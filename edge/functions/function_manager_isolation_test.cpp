// Functions in GreengrassContainer, in real jails.
#include "edge/functions/function_manager_fixture.hpp"
#include "edge/isolation/host_isolation.hpp"
#include "libs/base/json.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr uid_t nobody = 65534;

// A process that ends, whatever takes its pid later.
class process_handle {
public:
    explicit process_handle(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
    process_handle(process_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    process_handle(const process_handle&) = delete;
    process_handle& operator=(const process_handle&) = delete;
    ~process_handle() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    bool is_open() const { return fd_ >= 0; }
    bool has_ended() const {
        pollfd ended{fd_, POLLIN, 0};
        return ::poll(&ended, 1, std::chrono::milliseconds(patience).count()) == 1;
    }

private:
    int fd_;
};

std::string pid_namespace_of(const std::string& pid) {
    std::error_code none;
    return std::filesystem::read_symlink("/proc/" + pid + "/ns/pid", none).string();
}

// The processes that share the pid namespace of this one, itself included.
std::vector<pid_t> companions_of(pid_t pid) {
    const auto wanted = pid_namespace_of(std::to_string(pid));
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
            !wanted.empty() && pid_namespace_of(name) == wanted) {
            found.push_back(std::stoi(name));
        }
    }
    return found;
}

std::string last_word(const std::string& text, std::string_view line_of) {
    const auto begin = text.find(line_of);
    const auto end = text.find('\n', begin);
    const auto line = text.substr(begin, end - begin);
    return line.substr(line.find_last_of(" \t") + 1);
}

class contained_function_test : public function_manager_test {
protected:
    // Interpreters of the tester's own folders are nothing for others.
    contained_function_test() : path_(::getenv("PATH")) {
        ::setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
        settings.jail_program = EVERGRASS_JAIL;
    }
    ~contained_function_test() override { ::setenv("PATH", path_.c_str(), 1); }

    // Where this host cannot isolate: why.
    std::string reason_to_skip() const {
        const auto host = isolation::probe_isolation(settings.jail_program, root);
        if (host.available) {
            return {};
        }
        return "functions cannot be isolated here: " + host.reason;
    }
    bool limits(const std::string& control) const {
        const auto host = isolation::probe_isolation(settings.jail_program, root);
        return std::find(host.lacks.begin(), host.lacks.end(), control) == host.lacks.end();
    }

    contract::function contained(const std::string& name, const std::string& code,
                                 bool pinned = true) {
        auto f = function(name, code, pinned);
        f.isolation_mode = contract::isolation::greengrass_container;
        f.memory_size_kb = 128 * 1024;
        if (::geteuid() == 0) {
            f.identity = {nobody, nobody};
        }
        return f;
    }

    // Of the only worker of the function, as the health API tells it.
    pid_t pid_of(const std::string& name) {
        const auto answer = request("GET", "/2016-11-01/health/workers");
        const auto workers = parse_json(answer.body).value();
        for (const auto& w : workers.as_array()) {
            if (w.at("FuncArn").as_string() == arn_of(name)) {
                return std::stoi(std::string(w.at("ProcessId").as_string()));
            }
        }
        return 0;
    }
    // Once the jail has told it; before, it is the supervisor's, which is in our own namespace.
    pid_t function_pid_of(const std::string& name) {
        pid_t pid = 0;
        const auto deadline = std::chrono::steady_clock::now() + patience;
        const auto ours = pid_namespace_of("self");
        while (std::chrono::steady_clock::now() < deadline) {
            pid = pid_of(name);
            const auto theirs = pid_namespace_of(std::to_string(pid));
            if (!theirs.empty() && theirs != ours) {
                return pid;
            }
        }
        ADD_FAILURE() << "the function's own pid is not told, but " << pid;
        return pid;
    }

private:
    std::string path_;
};

const std::string tell_itself = R"(
import greengrasssdk, json, os
def handler(event, context):
    told = {'pid': os.getpid(), 'uid': os.getuid(), 'at': os.getcwd(), 'n': event['n'] + 1,
            'lambda': sorted(n for n in os.listdir('/lambda') if n.endswith('.py')),
            'processes': len([n for n in os.listdir('/proc') if n.isdigit()])}
    greengrasssdk.client('iot-data').publish(topic='told', payload=json.dumps(told))
)";

TEST_F(contained_function_test, runs_in_its_jail_and_its_own_pid_is_told) {
    if (const auto why = reason_to_skip(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    start();
    route({"f"});
    ASSERT_THAT(apply({contained("f", tell_itself)}), IsEmpty());
    send("f", R"({"n": 41})");
    const auto told = parse_json(message_at(0)).value();
    EXPECT_EQ(told.at("n"), 42);
    EXPECT_EQ(told.at("at"), "/lambda");
    EXPECT_EQ(told.at("lambda"), json::array{"code.py"});
    EXPECT_EQ(told.at("processes"), 2) << "the jail's first one and itself";
    EXPECT_EQ(told.at("uid"), ::geteuid() == 0 ? nobody : ::geteuid());
    const auto pid = function_pid_of("f");
    const auto seen = read_file("/proc/" + std::to_string(pid) + "/status").value();
    EXPECT_EQ(last_word(seen, "NSpid:"), std::to_string(told.at("pid").as_int64()));
    EXPECT_THAT(read_file("/proc/" + std::to_string(pid) + "/cmdline").value(),
                HasSubstr("lambda_runtime.py"));
    EXPECT_GT(status_of("f").memory_kb, 1000U) << "the function's, by that pid";
}

TEST_F(contained_function_test, that_exceeds_its_memory_is_told_apart_and_started_again) {
    if (const auto why = reason_to_skip(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    if (!limits("memory")) {
        GTEST_SKIP() << "this host has no control of memory";
    }
    start();
    auto f = contained("f", "def handler(e, c):\n    return len(bytearray(e['size']))\n");
    f.memory_size_kb = 65536;
    ASSERT_THAT(apply({f}), IsEmpty());
    const auto got = run(manager->invoke("f", R"({"size": 1000000000})", "", false)).value();
    EXPECT_EQ(got.outcome, "unhandled");
    EXPECT_THAT(got.body, AllOf(HasSubstr("out of memory: it has 65536 KB (MemorySize)"),
                                HasSubstr("signal 9")));
    const auto small = run(manager->invoke("f", R"({"size": 10})", "", false)).value();
    EXPECT_EQ(small.body, "10");
    EXPECT_EQ(status_of("f").restarts, 1U);
}

TEST_F(contained_function_test, that_only_crashes_is_not_said_to_be_out_of_memory) {
    if (const auto why = reason_to_skip(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    start();
    const auto code = "import os\ndef handler(e, c):\n    os.kill(os.getpid(), 9)\n";
    ASSERT_THAT(apply({contained("f", code, false)}), IsEmpty());
    const auto got = run(manager->invoke("f", "{}", "", false)).value();
    EXPECT_EQ(got.outcome, "unhandled");
    EXPECT_THAT(got.body, AllOf(HasSubstr("signal 9"), Not(HasSubstr("out of memory"))));
}

TEST_F(contained_function_test, that_has_too_little_memory_to_start_fails_its_deployment_by_that) {
    if (const auto why = reason_to_skip(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    if (!limits("memory")) {
        GTEST_SKIP() << "this host has no control of memory";
    }
    start();
    auto f = contained("f", "held = bytearray(1000000000)\ndef handler(e, c):\n    pass\n");
    f.memory_size_kb = 65536;
    const auto failures = apply({f});
    ASSERT_THAT(failures, SizeIs(1));
    EXPECT_THAT(failures[0].reason,
                AllOf(HasSubstr("failed to initialize with reason out of memory: it has 65536 KB"),
                      HasSubstr("MemorySize")));
}

TEST_F(contained_function_test, that_ignores_sigterm_is_killed_with_all_that_is_in_its_jail) {
    if (const auto why = reason_to_skip(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    // One child fled its process group, another one its parent too.
    const std::string stubborn = R"(
import greengrasssdk, os, signal
def wait_for_ever():
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()
def handler(event, context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        wait_for_ever()
    if os.fork() == 0:
        if os.fork() == 0:
            wait_for_ever()
        os._exit(0)
    os.wait()
    greengrasssdk.client('iot-data').publish(topic='hangs', payload='hangs')
    while True:
        signal.pause()
)";
    start();
    route({"f"});
    auto f = contained("f", stubborn);
    f.timeout_seconds = 1;
    ASSERT_THAT(apply({f}), IsEmpty());
    std::vector<process_handle> all;
    send("f", "{}");
    EXPECT_EQ(message_at(0), "hangs");
    for (const auto pid : companions_of(function_pid_of("f"))) {
        all.emplace_back(pid);
    }
    const auto seen = ::geteuid() == 0 ? 4U : 3U;  // of the jail's first process only root is told
    EXPECT_THAT(all, SizeIs(seen)) << "the jail's first, the function, and two that fled";
    EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](const auto& p) { return p.is_open(); }));
    wait_until([&] { return status_of("f").restarts == 1; }, "its timeout and its next start");
    for (const auto& p : all) {
        EXPECT_TRUE(p.has_ended());
    }
}

TEST_F(contained_function_test, that_is_idle_and_ignores_sigterm_ends_with_its_deployment) {
    if (const auto why = reason_to_skip(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    const std::string deaf = R"(
import greengrasssdk, signal
def handler(event, context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    greengrasssdk.client('iot-data').publish(topic='deaf', payload='deaf')
)";
    start();
    route({"f"});
    ASSERT_THAT(apply({contained("f", deaf)}), IsEmpty());
    send("f", "{}");
    EXPECT_EQ(message_at(0), "deaf");
    wait_until([&] { return status_of("f").state == worker_state::waiting; }, "its result");
    const process_handle function(function_pid_of("f"));
    ASSERT_TRUE(function.is_open());
    EXPECT_THAT(apply({}), IsEmpty());
    EXPECT_TRUE(function.has_ended());
    EXPECT_TRUE(std::filesystem::is_empty(root / "var/work")) << "and its folder is gone";
}

TEST_F(contained_function_test, without_the_jail_program_fails_its_deployment_and_says_what_to_do) {
    settings.jail_program = root / "bin/evergrass-jail";
    start();
    auto beside = function("beside", tell_itself);
    const auto failures = apply({contained("f", tell_itself), beside});
    ASSERT_THAT(failures, SizeIs(1));
    EXPECT_EQ(failures[0].arn, arn_of("f"));
    EXPECT_THAT(failures[0].reason, AllOf(HasSubstr("this host cannot isolate it"),
                                          HasSubstr("cannot run " + settings.jail_program.string() +
                                                    ": No such file or directory"),
                                          HasSubstr("give it the IsolationMode NoContainer")));
    EXPECT_EQ(status_of("f").arn, "") << "it is not there to be given work";
    EXPECT_EQ(status_of("beside").state, worker_state::waiting) << "others run";
}

TEST_F(contained_function_test, whose_jail_program_went_away_says_so_where_its_start_fails) {
    if (const auto why = reason_to_skip(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    settings.jail_program = root / "evergrass-jail";
    std::filesystem::copy_file(EVERGRASS_JAIL, settings.jail_program);
    start();
    std::filesystem::remove(settings.jail_program);
    const auto failures = apply({contained("f", tell_itself)});
    ASSERT_THAT(failures, SizeIs(1));
    EXPECT_THAT(failures[0].reason, AllOf(HasSubstr(settings.jail_program.string()),
                                          HasSubstr("No such file or directory")));
}

// It has no worker any more that could take what waits.
TEST_F(contained_function_test,
       that_can_no_longer_be_isolated_loses_its_queue_and_tells_who_waits) {
    settings.jail_program = root / "bin/evergrass-jail";
    start();
    route({"f"});
    const auto stop_file = (root / "stop").string();
    auto f = function("f", R"(
import greengrasssdk, os, time
def handler(event, context):
    greengrasssdk.client('iot-data').publish(topic='x', payload='at work')
    while not os.path.exists(event['until']):
        time.sleep(0.01)
)");
    ASSERT_THAT(apply({f}), IsEmpty());
    send("f", R"({"until": ")" + stop_file + "\"}");
    EXPECT_EQ(message_at(0), "at work");
    send("f", "{}");
    std::optional<result<invocation_result>> came;
    asio::co_spawn(io, manager->invoke("f", "{}", "", false),
                   [&came](std::exception_ptr, result<invocation_result> r) { came = r; });
    wait_until([&] { return status_of("f").queued == 2; }, "two that wait");
    f.isolation_mode = contract::isolation::greengrass_container;
    EXPECT_THAT(apply({f}), SizeIs(1));
    wait_until([&] { return came.has_value(); }, "an answer to who waits");
    EXPECT_EQ(came->value().outcome, "unhandled");
    EXPECT_THAT(came->value().body, HasSubstr("The function was stopped."));
    const auto stopped = static_cast<std::size_t>(drop_reason::function_stopped);
    EXPECT_EQ(messages.drops()[stopped], 1U);
    send("f", "{}");
    EXPECT_EQ(messages.drops()[stopped], 2U) << "what comes later waits for nobody";
    std::ofstream(stop_file) << "";
}

// In one of these an on-demand function begins that comes when nobody of its own waits.
class waiting_interpreter_test : public contained_function_test {
protected:
    waiting_interpreter_test() { settings.interpreter_waits = true; }

    std::string why_not() const {
        return ::geteuid() == 0 ? reason_to_skip() : "only a core that is root has them";
    }
    // Each jail that has an order has a folder, of which the core hears nothing.
    void wait_for_jails(std::size_t count) {
        using iterator = std::filesystem::directory_iterator;
        const auto deadline = std::chrono::steady_clock::now() + patience;
        const auto folders = [&] {
            return static_cast<std::size_t>(std::distance(iterator(root / "var/work"), iterator()));
        };
        io.restart();
        while (folders() != count && std::chrono::steady_clock::now() < deadline) {
            io.run_one_for(std::chrono::milliseconds(5));
        }
        ASSERT_EQ(folders(), count);
    }
    static pid_t parent_of(pid_t pid) {
        return std::stoi(
            last_word(read_file("/proc/" + std::to_string(pid) + "/status").value(), "PPid:"));
    }
    // By the mounts of its /tmp and by its command line; -1 if it doesn't come.
    static pid_t interpreter_in(const std::filesystem::path& jail) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < deadline) {
            for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
                const auto mounts = read_file(entry.path() / "mountinfo");
                const auto command = read_file(entry.path() / "cmdline");
                if (mounts && command && mounts->find(jail.string()) != std::string::npos &&
                    command->find("--wait") != std::string::npos) {
                    return std::stoi(entry.path().filename().string());
                }
            }
        }
        return -1;
    }
    json::value told_by(const std::string& name) {
        const auto got = run(manager->invoke(name, "{}", "", false)).value();
        EXPECT_EQ(got.outcome, "success") << got.body;
        return parse_json(got.body).value();
    }
};

const std::string tell_what_it_sees = R"(
import os, own
def handler(event, context):
    with open('/proc/self/mountinfo') as mounts, open('/proc/self/cmdline') as command:
        return {'waited': '--wait' in command.read(), 'at': os.getcwd(), 'own': own.NAME,
                'arn': os.environ['MY_FUNCTION_ARN'], 'function': context.invoked_function_arn,
                'uid': os.getuid(), 'root': sorted(os.listdir('/')), 'host': '.host' in mounts.read(),
                'writable': os.access('/lambda', os.W_OK), 'processes': len(
                    [n for n in os.listdir('/proc') if n.isdigit()])}
)";

TEST_F(waiting_interpreter_test,
       becomes_the_function_that_comes_and_another_one_waits_for_the_next) {
    if (const auto why = why_not(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    start();
    std::vector<contract::function> functions;
    for (const auto* name : {"f", "g"}) {
        functions.push_back(contained(name, tell_what_it_sees, false));
    }
    functions.push_back(contained("none", tell_what_it_sees));
    functions.back().pinned = true;
    for (const auto& f : functions) {
        const auto name = f.arn.substr(0, f.arn.rfind(':'));
        std::ofstream(root / "deployment/lambda" / f.arn / "own.py")
            << "NAME = '" << name.substr(name.rfind(':') + 1) << "'\n";
    }
    ASSERT_THAT(apply({functions[2]}), IsEmpty());
    EXPECT_EQ(told_by("none").at("waited"), false);
    ASSERT_THAT(apply(functions), IsEmpty());
    std::size_t jails = 2;
    for (const auto* name : {"f", "g"}) {
        wait_for_jails(jails++);
        const auto told = told_by(name);
        EXPECT_EQ(told.at("waited"), true);
        EXPECT_EQ(told.at("own").as_string(), name);
        EXPECT_EQ(told.at("at"), "/lambda");
        EXPECT_EQ(told.at("arn").as_string(), arn_of(name));
        EXPECT_EQ(told.at("function").as_string(), arn_of(name));
        EXPECT_EQ(told.at("uid"), nobody);
        EXPECT_EQ(told.at("writable"), false);
        EXPECT_EQ(told.at("host"), false) << "nothing leads out";
        EXPECT_EQ(told.at("processes"), 2);
        EXPECT_EQ(told.at("root"), told_by("none").at("root")) << "as one that was started for it";
    }
    wait_for_jails(jails);
    ASSERT_THAT(apply({}), IsEmpty());
    wait_for_jails(0);
}

TEST_F(waiting_interpreter_test, has_the_memory_of_the_function_that_comes) {
    if (const auto why = why_not(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    if (!limits("memory")) {
        GTEST_SKIP() << "this host has no control of memory";
    }
    start();
    auto f = contained("f", "def handler(e, c):\n    return len(bytearray(1000000000))\n", false);
    f.memory_size_kb = 65536;
    ASSERT_THAT(apply({f}), IsEmpty());
    wait_for_jails(1);
    const auto got = run(manager->invoke("f", "{}", "", false)).value();
    EXPECT_THAT(got.body, HasSubstr("out of memory: it has 65536 KB (MemorySize)"));
}

// As when the kernel takes it for want of memory.
TEST_F(waiting_interpreter_test, that_ended_is_missed_by_nobody) {
    if (const auto why = why_not(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    start();
    auto f = contained("f", tell_what_it_sees, false);
    std::ofstream(root / "deployment/lambda" / f.arn / "own.py") << "NAME = 'f'\n";
    ASSERT_THAT(apply({f}), IsEmpty());
    wait_for_jails(1);
    const auto folder = std::filesystem::directory_iterator(root / "var/work")->path().filename();
    const auto interpreter = interpreter_in(root.filename() / "var/work" / folder);
    ASSERT_GT(interpreter, 0) << "none waits";
    const process_handle supervisor(parent_of(parent_of(interpreter)));
    ASSERT_EQ(::kill(interpreter, SIGKILL), 0);
    EXPECT_TRUE(supervisor.has_ended()) << "and its jail with it";
    EXPECT_EQ(told_by("f").at("own").as_string(), "f");
}

TEST_F(contained_function_test, ends_at_any_moment_with_a_manager_that_was_not_stopped) {
    if (const auto why = reason_to_skip(); !why.empty()) {
        GTEST_SKIP() << why;
    }
    route({"f"});
    const auto work = root / "var/work";
    const std::vector<std::function<bool()>> moments = {
        [] { return true; },
        [&] { return !std::filesystem::is_empty(work); },  // its jail has the order
        [&] { return !to_cloud.messages.empty(); },
    };
    for (const auto& moment : moments) {
        to_cloud.messages.clear();
        start();
        ASSERT_THAT(apply({contained("f", tell_itself, false)}), IsEmpty());
        send("f", R"({"n": 1})");
        wait_until(moment, "a moment of its life");
        ASSERT_EQ(status_of("f").workers, 1);
        messages.set_sink(endpoint_kind::function, nullptr);
        manager.reset();
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
        EXPECT_TRUE(std::filesystem::is_empty(work));
        io.restart();
        io.poll();
    }
}

}  // namespace
}  // namespace evergrass::edge
