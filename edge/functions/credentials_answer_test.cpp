#include "edge/functions/credentials_answer.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge::functions {
namespace {

namespace asio = boost::asio;

// Answers at once, or never when it has nothing to answer.
class ready_source final : public credential_source {
public:
    ready_source(asio::any_io_executor executor, std::optional<result<aws_credentials>> with)
        : gate_(executor, asio::steady_timer::time_point::max()), with_(std::move(with)) {}
    std::string name() const override { return "the test"; }
    asio::awaitable<result<aws_credentials>> fetch() override {
        if (!with_) {
            co_await gate_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return *with_;
    }

private:
    asio::steady_timer gate_;
    std::optional<result<aws_credentials>> with_;
};

class credentials_answer : public testing::Test {
protected:
    http::response ask(std::optional<result<aws_credentials>> with) {
        credential_timing timing;
        timing.limit = std::chrono::milliseconds(with ? 30'000 : 1);
        auto provider =
            std::make_shared<credential_provider>(io.get_executor(), time, logger(), timing);
        provider->use(std::make_shared<ready_source>(io.get_executor(), std::move(with)), "g");
        return answer_of(provider);
    }
    http::response answer_of(std::shared_ptr<credential_provider> provider) {
        std::optional<http::response> got;
        asio::co_spawn(io, answer_credentials(std::move(provider)),
                       [&got](const std::exception_ptr& broken, http::response r) {
                           EXPECT_FALSE(broken);
                           got = std::move(r);
                       });
        io.restart();
        while (!got) {
            io.run_one();
        }
        return std::move(*got);
    }
    static std::string code_of(const http::response& r) {
        const auto body = parse_json(r.body);
        EXPECT_TRUE(body && body->is_object()) << r.body;
        EXPECT_TRUE(string_member(body->get_object(), "message"));
        return std::to_string(r.status) + " " +
               string_member(body->get_object(), "code").value_or("");
    }

    asio::io_context io;
    clock time;
};

TEST_F(credentials_answer, is_what_aws_sdks_read) {
    const auto expires = *parse_basic_iso8601("20990101T000000Z");
    const auto r = ask(aws_credentials{"ASIA1", "s", "t", expires});
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(r.headers.get("content-type"), "application/json");
    EXPECT_EQ(r.body, R"({"AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t",)"
                      R"("Expiration":"2099-01-01T00:00:00Z"})");
}

TEST_F(credentials_answer, tells_why_there_are_none) {
    EXPECT_EQ(code_of(answer_of(nullptr)), "404 NoGroupRole");
    EXPECT_EQ(code_of(ask(error{errc::not_found, "no role"})), "404 NoGroupRole");
    EXPECT_EQ(code_of(ask(error{errc::denied, "refused"})), "500 CredentialsUnavailable");
    EXPECT_EQ(code_of(ask(error{errc::unavailable, "offline"})), "500 CredentialsUnavailable");
    EXPECT_EQ(code_of(ask(std::nullopt)), "504 CredentialsTimedOut");
}

}  // namespace
}  // namespace evergrass::edge::functions
