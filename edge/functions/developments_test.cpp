// Functions that run from a folder, with real workers.
#include "edge/functions/function_manager_fixture.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::edge {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class developments_test : public function_manager_test {
protected:
    developments_test() { std::filesystem::create_directories(folder); }

    void write(const std::string& code) { std::ofstream(folder / "main.py") << code; }
    development_request request_of(const std::string& instead_of = {}) {
        development_request asked;
        asked.directory = folder;
        asked.instead_of = instead_of;
        asked.name = "thing";
        asked.runtime = "python3.8";
        asked.handler = "main.handler";
        asked.timeout_seconds = 30;
        return asked;
    }
    void begin(development_request asked) {
        auto begun = manager->develop(std::move(asked),
                                      [this](development_news news) { said.push_back(news); });
        ASSERT_TRUE(begun) << begun.error().message();
        work = std::move(*begun);
    }
    // The text of the next news of this kind.
    std::string next(development_news::kind what) {
        std::string text;
        wait_until(
            [&] {
                while (heard < said.size()) {
                    const auto& news = said[heard++];
                    if (news.what == what) {
                        text = news.text;
                        return true;
                    }
                }
                return false;
            },
            "news");
        return text;
    }
    void wait_for_line(const std::string& part) {
        while (next(development_news::kind::line).find(part) == std::string::npos) {
        }
    }
    std::string invoke(const std::string& name) {
        const auto came = run(manager->invoke(name, "{}", "", false));
        return came ? came->body : came.error().message();
    }
    // The deployed function is back in its place, where nobody has invoked it yet.
    bool has_returned(const std::string& name) const {
        const auto s = status_of(name);
        return s.state == worker_state::waiting && s.invocations == 0;
    }

    std::filesystem::path folder = root / "folder";
    std::vector<development_news> said;
    std::size_t heard = 0;
    std::unique_ptr<development> work;
};

std::string answers(const std::string& text) {
    return "def handler(event, context):\n    print('asked')\n    return '" + text + "'\n";
}

TEST_F(developments_test, a_folder_runs_as_a_function_of_its_own_until_its_end) {
    start();
    write(answers("one"));
    begin(request_of());
    EXPECT_EQ(work->arn(), "arn:aws:lambda:us-east-1:123456789012:function:thing:dev");
    EXPECT_FALSE(work->takes_a_place());
    next(development_news::kind::up);
    EXPECT_EQ(invoke("thing"), "\"one\"");
    wait_for_line("asked");
    write(answers("two, which is longer"));
    work->restart();
    next(development_news::kind::up);
    EXPECT_EQ(invoke("thing:dev"), "\"two, which is longer\"");
    work.reset();
    wait_until([&] { return manager->status().empty(); }, "its end");
    EXPECT_THAT(invoke("thing"), HasSubstr("no function of the deployed group"));
    write("");
    EXPECT_TRUE(std::filesystem::exists(folder / "main.py")) << "the folder is not touched";
}

TEST_F(developments_test, one_has_no_worker_that_waits_ahead) {
    const std::string until_told = R"(
import os, time
def handler(event, context):
    print('at work')
    while not os.path.exists('STOP'):
        time.sleep(0.01)
)";
    auto code = until_told;
    const auto stop_file = (root / "stop").string();
    code.replace(code.find("STOP"), 4, stop_file);
    settings.python_ready = true;
    start();
    EXPECT_THAT(apply({function("deployed", code, false)}), IsEmpty());
    write(code);
    begin(request_of());
    next(development_news::kind::up);
    const auto dev = work->arn();
    EXPECT_TRUE(run(manager->invoke(dev, "{}", "", true)));
    wait_for_line("at work");
    // The deployed one's comes later than one of the folder's would.
    EXPECT_TRUE(run(manager->invoke("deployed", "{}", "", true)));
    wait_until([&] { return status_of("deployed").workers == 2; }, "a worker ahead");
    for (const auto& s : manager->status()) {
        EXPECT_EQ(s.workers, s.arn == dev ? 1 : 2) << s.arn;
    }
    std::ofstream(stop_file) << "";
}

TEST_F(developments_test, what_is_broken_is_told_and_waits_for_the_next_version) {
    start();
    write("def handler(event, context)\n");
    auto asked = request_of();
    asked.pinned = true;
    begin(asked);
    EXPECT_THAT(next(development_news::kind::ended), HasSubstr("exit status 1"));
    EXPECT_THAT(invoke("thing"), HasSubstr("failed to initialize")) << "it is tried for it";
    next(development_news::kind::ended);
    EXPECT_EQ(manager->status()[0].workers, 0);
    EXPECT_EQ(manager->status()[0].restarts, 0U);
    write(answers("fine"));
    work->restart();
    next(development_news::kind::up);
    EXPECT_EQ(invoke("thing"), "\"fine\"");
}

TEST_F(developments_test, one_takes_the_place_of_a_deployed_function_which_comes_back) {
    const std::string publishes = R"(
import greengrasssdk
def handler(event, context):
    greengrasssdk.client('iot-data').publish(topic='x', payload='%s')
)";
    const auto code = [&](const std::string& text) {
        auto filled = publishes;
        return filled.replace(filled.find("%s"), 2, text);
    };
    start();
    route({"f"});
    EXPECT_THAT(apply({function("f", code("deployed"))}), IsEmpty());
    send("f", "{}");
    EXPECT_EQ(message_at(0), "deployed");
    write(code("folder"));
    auto asked = request_of("f");
    asked.runtime.clear();
    begin(asked);
    EXPECT_EQ(work->arn(), arn_of("f"));
    EXPECT_EQ(work->runtime(), "python3.7");
    EXPECT_TRUE(work->takes_a_place());
    next(development_news::kind::up);
    send("f", "{}");
    EXPECT_EQ(message_at(1), "folder");
    work.reset();
    wait_until([&] { return has_returned("f"); }, "its return");
    send("f", "{}");
    EXPECT_EQ(message_at(2), "deployed");
    EXPECT_EQ(messages.drops()[static_cast<std::size_t>(drop_reason::function_stopped)], 0U);
}

TEST_F(developments_test, a_deployed_function_finishes_before_its_place_is_taken) {
    const std::string waits = R"(
import os, time
def handler(event, context):
    while not os.path.exists('go'):
        time.sleep(0.01)
    return 'deployed'
)";
    start();
    EXPECT_THAT(apply({function("f", waits)}), IsEmpty());
    const auto code = root / "deployment/lambda" / arn_of("f");
    std::optional<result<invocation_result>> came;
    asio::co_spawn(io, manager->invoke("f", "{}", "", false),
                   [&came](std::exception_ptr, result<invocation_result> r) { came = r; });
    wait_until([&] { return status_of("f").state == worker_state::working; }, "its work");
    write(answers("folder"));
    begin(request_of("f"));
    work->restart();  // as a change does; nothing of the deployed one is cut by it
    std::ofstream(code / "go") << "";
    next(development_news::kind::up);
    ASSERT_TRUE(came);
    EXPECT_EQ(came->value().body, "\"deployed\"");
    EXPECT_EQ(invoke("f"), "\"folder\"");
}

TEST_F(developments_test, a_deployment_leaves_it_alone_and_says_what_comes_back) {
    start();
    auto f = function("f", answers("deployed"));
    EXPECT_THAT(apply({f}), IsEmpty());
    write(answers("folder"));
    begin(request_of("f"));
    next(development_news::kind::up);
    f.handler = "code.other";
    std::ofstream(root / "deployment/lambda" / f.arn / "code.py")
        << "def other(event, context):\n    return 'deployed since'\n";
    EXPECT_THAT(apply({f}), IsEmpty());
    EXPECT_EQ(invoke("f"), "\"folder\"");
    work.reset();
    wait_until([&] { return has_returned("f"); }, "its return");
    EXPECT_EQ(invoke("f"), "\"deployed since\"");

    begin(request_of("f"));
    next(development_news::kind::up);
    EXPECT_THAT(apply({}), IsEmpty());
    EXPECT_EQ(invoke("f"), "\"folder\"");
    work.reset();
    wait_until([&] { return manager->status().empty(); }, "its end");
}

TEST_F(developments_test, what_is_wrong_is_said) {
    start();
    write(answers("one"));
    const auto refused = [this](development_request asked) {
        auto begun = manager->develop(std::move(asked), [](development_news) {});
        return begun ? std::string("was taken") : begun.error().message();
    };
    auto asked = request_of();
    asked.directory = "folder";
    EXPECT_THAT(refused(asked), HasSubstr("'folder' is no folder"));
    asked = request_of();
    asked.name = "a b";
    EXPECT_THAT(refused(asked), HasSubstr("--name"));
    asked = request_of();
    asked.runtime = "cobol";
    EXPECT_THAT(refused(asked), HasSubstr("'cobol' is no runtime"));
    asked = request_of();
    asked.handler.clear();
    EXPECT_THAT(refused(asked), HasSubstr("--handler"));
    EXPECT_THAT(refused(request_of("nobody")), HasSubstr("'nobody' is no function"));
    begin(request_of());
    EXPECT_THAT(refused(request_of()), HasSubstr("somebody works on"));
    asked = request_of();
    asked.name = "handlerless";
    asked.handler = "main.nothing";
    work.reset();
    begin(asked);
    EXPECT_THAT(next(development_news::kind::ended), HasSubstr("has no function 'nothing'"));
}

}  // namespace
}  // namespace evergrass::edge
