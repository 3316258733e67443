#include "edge/admin/development.hpp"

#include "libs/base/errors.hpp"
#include "libs/http/connection.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;

TEST(a_development_order, is_read_whole) {
    const auto order = read_development(
        R"({"directory":"/a","insteadOf":"f","name":"n","runtime":"r","handler":"h","pinned":true,)"
        R"("timeoutSeconds":7})");
    ASSERT_TRUE(order) << order.error().message();
    EXPECT_EQ(order->directory, "/a");
    EXPECT_EQ(order->instead_of, "f");
    EXPECT_EQ(order->name, "n");
    EXPECT_EQ(order->runtime, "r");
    EXPECT_EQ(order->handler, "h");
    EXPECT_TRUE(order->pinned);
    EXPECT_EQ(order->timeout_seconds, 7);
}

TEST(a_development_order, that_is_wrong_names_the_member) {
    const auto why = [](std::string_view body) {
        const auto order = read_development(body);
        return order ? std::string("was taken") : order.error().message();
    };
    EXPECT_THAT(why("{}"), HasSubstr("directory is missing"));
    EXPECT_THAT(why(R"({"directory":1})"), HasSubstr("'directory'"));
    EXPECT_THAT(why(R"({"timeoutSeconds":0})"), HasSubstr("'timeoutSeconds'"));
    EXPECT_THAT(why(R"({"pinned":"yes"})"), HasSubstr("'pinned'"));
    EXPECT_THAT(why(R"({"folder":"/a"})"), HasSubstr("'folder'"));
    EXPECT_THAT(why("[]"), HasSubstr("directory"));
    EXPECT_NE(why("{"), "was taken");
}

struct seen {
    int restarts = 0;
    bool ended = false;
    std::function<void(development_report)> tell;
};

class fake_work : public development_work {
public:
    explicit fake_work(seen& s) : seen_(s) {}
    ~fake_work() override { seen_.ended = true; }
    json::object describe() const override { return {{"function", "arn:f"}}; }
    std::string arn() const override { return "arn:f"; }
    void restart() override { ++seen_.restarts; }

private:
    seen& seen_;
};

class development_session_test : public ::testing::Test {
protected:
    ~development_session_test() override {
        if (client >= 0) {
            ::close(client);
        }
        run();
    }

    development_answer begin() {
        const developer develop = [this](development_order order,
                                         auto tell) -> result<std::unique_ptr<development_work>> {
            if (order.directory == "/taken") {
                return error{errc::conflict, "somebody works on it"};
            }
            what.tell = tell;
            return std::unique_ptr<development_work>(std::make_unique<fake_work>(what));
        };
        development_order order;
        order.directory = directory;
        return begin_development(
            io.get_executor(), std::move(order), develop,
            [](invocation_request asked) -> asio::awaitable<result<invocation_reply>> {
                co_return invocation_reply{asked.function, "i", "success", asked.payload, "", 1};
            });
    }
    // As the HTTP server does with an answer of 101.
    void connect(development_answer& answer, std::string received = {}) {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        client = ends[0];
        rt::plain_connection plain{rt::tcp_socket(io.get_executor()), "test"};
        plain.socket.assign(asio::ip::tcp::v4(), ends[1]);
        std::exchange(answer.response.upgrade, {})(http::connection(std::move(plain)),
                                                   std::move(received));
        run();
    }
    void run() {
        io.restart();
        io.poll();
    }
    void say(const std::string& text) {
        ASSERT_EQ(::write(client, text.data(), text.size()), static_cast<ssize_t>(text.size()));
        run();
    }
    std::string heard() {
        std::string text(64 * 1024, '\0');
        const auto got = ::recv(client, text.data(), text.size(), MSG_DONTWAIT);
        text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        return text;
    }

    asio::io_context io;
    seen what;
    std::string directory = "/a";
    int client = -1;
};

TEST_F(development_session_test, tells_what_comes_and_does_what_is_said) {
    auto answer = begin();
    EXPECT_EQ(answer.response.status, 101);
    what.tell({development_report::kind::line, "INFO", "early"});
    connect(answer);
    EXPECT_EQ(heard(),
              "{\"function\":\"arn:f\",\"event\":\"function\"}\n"
              "{\"event\":\"log\",\"level\":\"INFO\",\"line\":\"early\"}\n");
    what.tell({development_report::kind::up, "", ""});
    what.tell({development_report::kind::ended, "", "exit status 1"});
    run();
    EXPECT_EQ(heard(), "{\"event\":\"up\"}\n{\"event\":\"ended\",\"reason\":\"exit status 1\"}\n");
    say("{\"do\": \"resta");
    say("rt\"}\n{\"do\": \"restart\"}\n");
    EXPECT_EQ(what.restarts, 2);
    say(R"({"do":"invoke","payloadBase64":"e30="})"
        "\n");
    EXPECT_THAT(heard(),
                HasSubstr(R"("payloadBase64":"e30=","log":"","tookMicros":1,"event":"result")"));
    say("nonsense\n");
    EXPECT_THAT(heard(), HasSubstr("\"event\":\"error\""));
    say(R"({"do":"invoke","payloadBase64":7})"
        "\n");
    EXPECT_THAT(heard(), HasSubstr("payloadBase64"));
}

TEST_F(development_session_test, ends_with_its_connection) {
    auto answer = begin();
    connect(answer, "{\"do\":\"restart\"}\n");
    EXPECT_EQ(what.restarts, 1);
    EXPECT_FALSE(what.ended);
    ::close(std::exchange(client, -1));
    run();
    EXPECT_TRUE(what.ended);
    EXPECT_TRUE(answer.session.expired());
}

TEST_F(development_session_test, ends_with_the_core) {
    auto answer = begin();
    connect(answer);
    answer.session.lock()->close();
    EXPECT_TRUE(what.ended);
    run();
    heard();
    EXPECT_EQ(::recv(client, &directory[0], 1, 0), 0) << "the client sees the end";
}

TEST_F(development_session_test, of_a_client_that_left_before_the_answer_ends) {
    { const auto answer = begin(); }
    EXPECT_TRUE(what.ended);
}

TEST_F(development_session_test, leaves_lines_out_for_a_client_that_does_not_read) {
    auto answer = begin();
    connect(answer);
    const std::string line(100'000, 'x');
    for (int i = 0; i < 100; ++i) {
        what.tell({development_report::kind::line, "INFO", line});
        run();
    }
    std::string all;
    for (auto part = heard(); !part.empty(); part = heard()) {
        all += part;
        run();
    }
    what.tell({development_report::kind::up, "", ""});
    run();
    all += heard();
    EXPECT_LT(all.size(), 6'000'000U);
    EXPECT_THAT(all.substr(all.size() - 60), HasSubstr("{\"event\":\"leftOut\",\"lines\":"));
}

TEST_F(development_session_test, that_is_refused_says_why) {
    directory = "/taken";
    const auto answer = begin();
    EXPECT_EQ(answer.response.status, 409);
    EXPECT_EQ(answer.response.body, R"({"message":"somebody works on it"})");
}

}  // namespace
}  // namespace evergrass::edge
