#include "edge/credentials/credential_provider.hpp"

#include "libs/base/errors.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

class set_clock final : public clock {
public:
    wall_time now() const override { return now_; }
    mono_time mono_now() const override { return mono_; }
    void pass(std::chrono::seconds time) {
        now_ += time;
        mono_ += time;
    }
    wall_time now_ = *parse_basic_iso8601("20261123T193000Z");
    mono_time mono_{};
};

// Each fetch waits until the test answers it.
class held_source final : public credential_source {
public:
    explicit held_source(asio::any_io_executor executor) : executor_(std::move(executor)) {}
    std::string name() const override { return "the test"; }
    asio::awaitable<result<aws_credentials>> fetch() override {
        ++fetches;
        const auto gate =
            std::make_shared<asio::steady_timer>(executor_, asio::steady_timer::time_point::max());
        gates_.push_back(gate);
        co_await gate->async_wait(asio::as_tuple(asio::use_awaitable));
        auto next = std::move(answers_.front());
        answers_.pop_front();
        co_return next;
    }
    void answer(result<aws_credentials> with) {
        answers_.push_back(std::move(with));
        gates_.front()->cancel();
        gates_.pop_front();
    }
    int fetches = 0;

private:
    asio::any_io_executor executor_;
    std::deque<std::shared_ptr<asio::steady_timer>> gates_;
    std::deque<result<aws_credentials>> answers_;
};

class provider_test : public testing::Test {
protected:
    using answer = std::shared_ptr<std::optional<result<aws_credentials>>>;

    provider_test() { make({}); }
    void make(credential_timing timing) {
        provider = std::make_shared<credential_provider>(io.get_executor(), time, logger(), timing);
        provider->use(source, "group 1");
    }
    // Begins to ask; run() lets everything go as far as it comes.
    answer ask() {
        auto into = std::make_shared<std::optional<result<aws_credentials>>>();
        asio::co_spawn(io, credential_provider::get(provider),
                       [into](const std::exception_ptr& broken, result<aws_credentials> got) {
                           EXPECT_FALSE(broken);
                           into->emplace(std::move(got));
                       });
        run();
        return into;
    }
    void run() {
        io.restart();
        io.poll();
    }
    void tell(result<aws_credentials> with) {
        source->answer(std::move(with));
        run();
    }
    aws_credentials credentials(std::string id, std::chrono::seconds life) const {
        return {std::move(id), "secret", "token", time.now_ + life};
    }
    static std::string id_of(const answer& a) {
        if (!*a) {
            return "waits";
        }
        return (*a)->has_value() ? (**a)->access_key_id : (*a)->error().message();
    }

    asio::io_context io;
    set_clock time;
    std::shared_ptr<held_source> source = std::make_shared<held_source>(io.get_executor());
    std::shared_ptr<credential_provider> provider;
};

constexpr std::chrono::hours hour{1};

TEST_F(provider_test, fetches_once_for_all_who_wait_and_keeps_what_came) {
    const auto first = ask();
    const auto second = ask();
    EXPECT_EQ(source->fetches, 1);
    EXPECT_EQ(id_of(first), "waits");
    tell(credentials("one", hour));
    EXPECT_EQ(id_of(first), "one");
    EXPECT_EQ(id_of(second), "one");
    EXPECT_EQ(id_of(ask()), "one");
    EXPECT_EQ(source->fetches, 1);
}

TEST_F(provider_test, renews_before_the_end_and_serves_the_old_ones_meanwhile) {
    ask();
    tell(credentials("one", hour));
    time.pass(std::chrono::minutes(55) - std::chrono::seconds(1));
    EXPECT_EQ(id_of(ask()), "one");
    EXPECT_EQ(source->fetches, 1);
    time.pass(std::chrono::seconds(1));
    EXPECT_EQ(id_of(ask()), "one");
    EXPECT_EQ(source->fetches, 2);
    tell(credentials("two", hour));
    EXPECT_EQ(id_of(ask()), "two");
}

TEST_F(provider_test, serves_what_is_unexpired_while_the_source_is_away) {
    ask();
    tell(credentials("one", hour));
    time.pass(std::chrono::minutes(59));
    EXPECT_EQ(id_of(ask()), "one");
    tell(error{errc::unavailable, "offline"});
    EXPECT_EQ(id_of(ask()), "one");
    time.pass(std::chrono::minutes(1));
    const auto late = ask();
    EXPECT_EQ(id_of(late), "waits") << "expired ones are never served";
    tell(error{errc::unavailable, "offline"});
    EXPECT_THAT(id_of(late), HasSubstr("the test: offline"));
}

TEST_F(provider_test, asks_less_and_less_often_after_failures) {
    std::vector<std::int64_t> pauses;
    ask();
    tell(error{errc::unavailable, "offline"});
    for (int failures = 1; failures <= 7; ++failures) {
        std::int64_t waited = 0;
        while (source->fetches == failures) {
            time.pass(std::chrono::seconds(1));
            ++waited;
            ask();
        }
        pauses.push_back(waited);
        tell(error{errc::unavailable, "offline"});
    }
    EXPECT_THAT(pauses, testing::ElementsAre(1, 2, 4, 8, 16, 30, 30));
    const auto refused = ask();
    EXPECT_THAT(id_of(refused), HasSubstr("offline")) << "at once";
    // A deployment may have mended it.
    provider->use(source, "group 1");
    ask();
    EXPECT_EQ(source->fetches, 9);
}

TEST_F(provider_test, a_caller_waits_no_longer_than_the_limit_and_the_fetch_goes_on) {
    credential_timing timing;
    timing.limit = std::chrono::milliseconds(1);
    make(timing);
    const auto caller = ask();
    io.restart();
    while (id_of(caller) == "waits") {
        io.run_one();
    }
    ASSERT_TRUE((*caller)->has_error());
    EXPECT_EQ((*caller)->error().code, errc::timed_out);
    tell(credentials("late", hour));
    EXPECT_EQ(id_of(ask()), "late");
    EXPECT_EQ(source->fetches, 1);
}

// Never suspends, as when a file cannot be read.
class instant_source final : public credential_source {
public:
    std::string name() const override { return "the test"; }
    asio::awaitable<result<aws_credentials>> fetch() override {
        ++fetches;
        if (!with) {
            co_return error{errc::not_found, "no certificate"};
        }
        co_return *with;
    }
    std::optional<aws_credentials> with;
    int fetches = 0;
};

TEST_F(provider_test, a_source_that_answers_without_waiting_is_one_too) {
    const auto instant = std::make_shared<instant_source>();
    provider->use(instant, "group 2");
    EXPECT_THAT(id_of(ask()), HasSubstr("no certificate"));
    EXPECT_THAT(id_of(ask()), HasSubstr("no certificate"));
    EXPECT_EQ(instant->fetches, 1);
    time.pass(std::chrono::seconds(1));
    instant->with = credentials("one", hour);
    EXPECT_EQ(id_of(ask()), "one");
}

TEST_F(provider_test, a_clock_that_moves_while_it_is_asked_leaves_nobody_waiting) {
    class running_clock final : public clock {
    public:
        mono_time mono_now() const override {
            return mono_time(std::chrono::milliseconds(tick_++));
        }

    private:
        mutable std::int64_t tick_ = 0;
    } running;
    const auto instant = std::make_shared<instant_source>();
    credential_timing timing;
    timing.first_retry = timing.max_retry = std::chrono::milliseconds(1);
    provider = std::make_shared<credential_provider>(io.get_executor(), running, logger(), timing);
    provider->use(instant, "group");
    for (int asked = 0; asked < 100; ++asked) {
        EXPECT_THAT(id_of(ask()), HasSubstr("no certificate"));
    }
    provider.reset();
}

TEST_F(provider_test, another_group_gets_none_of_the_old_ones) {
    ask();
    tell(credentials("one", hour));
    provider->use(source, "group 1");
    EXPECT_EQ(id_of(ask()), "one") << "the same group and setting";
    const auto other = std::make_shared<held_source>(io.get_executor());
    provider->use(other, "group 2");
    const auto caller = ask();
    EXPECT_EQ(id_of(caller), "waits");
    EXPECT_EQ(other->fetches, 1);
    provider->use(nullptr, "");
    run();
    EXPECT_THAT(id_of(caller), HasSubstr("ask again"));
    other->answer(credentials("too late", hour));
    const auto nobody = ask();
    ASSERT_TRUE(*nobody && (*nobody)->has_error());
    EXPECT_EQ((*nobody)->error().code, errc::not_found);
}

TEST_F(provider_test, what_has_expired_already_points_at_the_clock) {
    const auto caller = ask();
    tell(credentials("one", std::chrono::seconds(0)));
    EXPECT_THAT(id_of(caller), HasSubstr("this host's clock"));
}

TEST_F(provider_test, whoever_waits_at_the_end_is_told) {
    const auto caller = ask();
    provider->stop();
    run();
    EXPECT_NE(id_of(caller), "waits");
    EXPECT_THAT(id_of(ask()), HasSubstr("stopping"));
    tell(credentials("nobody's", hour));
}

}  // namespace
}  // namespace evergrass::edge
