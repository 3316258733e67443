#include "edge/invocations/invocation_runner.hpp"

#include "edge/invocations/run_order.hpp"
#include "libs/base/errors.hpp"
#include "libs/http/server.hpp"
#include "libs/rt/stream.hpp"
#include "libs/rt/test_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

// The service's side of invocations.
struct fake_service {
    std::deque<std::string> waiting;  // ids
    std::vector<std::string> told;    // "id outcome version body"
    int refused = 0;                  // that many outcomes are answered 503
    int fetches = 0;

    static asio::awaitable<http::response> handle(fake_service* self, http::request asked) {
        http::response answer;
        if (asked.method == "GET") {
            ++self->fetches;
            if (self->waiting.empty()) {
                answer.status = 204;
                co_return answer;
            }
            answer.headers.add("x-evergrass-invocation", self->waiting.front());
            answer.headers.add("x-evergrass-function", "arn:f");
            answer.headers.add("x-evergrass-type", "RequestResponse");
            answer.body = "payload";
            self->waiting.pop_front();
            co_return answer;
        }
        if (self->refused > 0) {
            --self->refused;
            answer.status = 503;
            co_return answer;
        }
        const auto header = [&](std::string_view name) {
            return std::string(asked.headers.get(name).value_or("-"));
        };
        const std::string path(asked.path());
        self->told.push_back(path.substr(path.rfind('/') + 1) + " " +
                             header("x-evergrass-outcome") + " " + header("x-evergrass-version") +
                             " " + asked.body);
        answer.body = "{}";
        co_return answer;
    }
};

class invocation_runner_test : public ::testing::Test {
protected:
    void SetUp() override {
        rt::listen_options options;
        listening_ = rt::listener::open_plain(
                         io_.get_executor(), options,
                         [this](rt::plain_connection c) { serving_.serve(std::move(c)); }, logger())
                         .value();
        runner_.emplace(
            io_.get_executor(), client(), client(),
            [this](invocation_order order) { return perform(this, std::move(order)); }, logger(),
            runner_settings{0, 1ms, 3});
    }

    service_client client() {
        service_settings to;
        to.host = "127.0.0.1";
        to.port = listening_->port();
        to.thing = "Core";
        to.tls = [] { return std::shared_ptr<rt::tls_context>(); };  // plain HTTP
        return service_client(io_.get_executor(), std::move(to));
    }

    static asio::awaitable<invocation_outcome> perform(invocation_runner_test* self,
                                                       invocation_order order) {
        ++self->running_;
        while (self->holds_) {
            co_await rt::sleep_for(1ms);
        }
        co_return invocation_outcome{"success", order.payload + " done", "7", ""};
    }

    void until_told(std::size_t count) {
        rt::testing::run_until(io_, [&] { return service_.told.size() >= count; });
    }

    asio::io_context io_;
    fake_service service_;
    http::server serving_{
        {},
        [this](http::request r) { return fake_service::handle(&service_, std::move(r)); },
        logger()};
    std::unique_ptr<rt::listener> listening_;
    std::optional<invocation_runner> runner_;
    bool holds_ = false;
    std::size_t running_ = 0;
};

TEST_F(invocation_runner_test, what_waits_is_fetched_run_and_told) {
    service_.waiting = {"a", "b"};
    runner_->wake();
    until_told(2);
    EXPECT_THAT(service_.told, ElementsAre("a success 7 payload done", "b success 7 payload done"));
}

TEST_F(invocation_runner_test, they_run_beside_each_other_and_the_service_is_asked_meanwhile) {
    holds_ = true;
    service_.waiting = {"a", "b", "c"};
    runner_->wake();
    rt::testing::run_until(io_, [&] { return running_ == 3; });
    const auto before = service_.fetches;
    rt::testing::run_until(io_, [&] { return service_.fetches > before + 2; });
    EXPECT_TRUE(service_.told.empty());
    holds_ = false;
    until_told(3);
}

TEST_F(invocation_runner_test, nothing_is_asked_once_all_is_done_until_it_is_woken) {
    service_.waiting = {"a"};
    runner_->wake();
    until_told(1);
    rt::testing::started<bool> pause(io_, rt::sleep_for(30ms));
    pause.wait();
    const auto asked = service_.fetches;
    rt::testing::started<bool> another(io_, rt::sleep_for(30ms));
    another.wait();
    EXPECT_EQ(service_.fetches, asked);
    service_.waiting = {"b"};
    runner_->wake();
    until_told(2);
}

TEST_F(invocation_runner_test, an_outcome_is_told_again_and_given_up_at_last) {
    service_.refused = 2;
    service_.waiting = {"a"};
    runner_->wake();
    until_told(1);
    service_.refused = 3;
    service_.waiting = {"given-up", "b"};
    runner_->wake();
    until_told(2);
    EXPECT_THAT(service_.told, ElementsAre("a success 7 payload done", "b success 7 payload done"));
}

TEST(invocable, is_what_has_code) {
    contract::function with_code;
    with_code.arn = "arn:aws:lambda:r:1:function:f:1";
    with_code.runtime = "python3.7";
    with_code.encoding_type = contract::encoding::binary;
    contract::function of_the_core;
    of_the_core.arn = "arn:aws:lambda:::function:GGIPDetector:1";
    const auto all = invocable({with_code, of_the_core});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].arn, with_code.arn);
    EXPECT_TRUE(all[0].binary);
}

class run_order_test : public ::testing::Test {
protected:
    // What is refused before a function manager is asked.
    invocation_outcome run(const std::string& function, const std::string& payload = "{}") {
        asio::io_context io;
        invocation_order order;
        order.function = function;
        order.payload = payload;
        return rt::testing::run(io, run_order(nullptr,
                                              {{"arn:aws:lambda:r:1:function:f:1", false},
                                               {"arn:aws:lambda:r:1:function:f:2", false},
                                               {"arn:aws:lambda:r:1:function:g:1", false}},
                                              order));
    }
};

TEST_F(run_order_test, only_deployed_functions_run) {
    for (const auto* other : {"arn:aws:lambda:r:1:function:h:1", "arn:aws:lambda:r:1:function:g:2",
                              "arn:aws:lambda:r:2:function:g:1", "g", ""}) {
        EXPECT_EQ(run(other).kind, "not-found") << other;
    }
    const auto which = run("arn:aws:lambda:r:1:function:f");
    EXPECT_EQ(which.kind, "not-found");
    EXPECT_NE(which.body.find("(1, 2)"), std::string::npos) << which.body;
}

TEST_F(run_order_test, a_payload_that_is_no_json_is_refused) {
    EXPECT_EQ(run("arn:aws:lambda:r:1:function:g:1", "{").kind, "invalid");
    EXPECT_EQ(run("arn:aws:lambda:r:1:function:g", "\xff").kind, "invalid");
}

}  // namespace
}  // namespace evergrass::edge
