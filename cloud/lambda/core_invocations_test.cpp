#include "cloud/lambda/core_invocations.hpp"

#include "libs/rt/test_run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace evergrass::cloud::lambda {
namespace {

using namespace std::chrono_literals;
using kind = core_outcome::kind;

core_order order(const std::string& id, const std::string& thing = "core") {
    core_order made;
    made.id = id;
    made.thing = thing;
    made.function = "arn:aws:lambda:r:1:function:f:1";
    made.payload = "payload of " + id;
    return made;
}

class core_invocations_test : public ::testing::Test {
protected:
    static invocation_limits limits() {
        invocation_limits made;
        made.most_of_core = 3;
        made.most_bytes = 100;
        made.fetch = 1h;
        made.fetch_when_away = 1ms;
        made.silence = 0s;
        return made;
    }
    core_outcome outcome_of(const std::string& id) {
        return rt::testing::run(io_, core_invocations::outcome_of(&invocations_, id));
    }

    boost::asio::io_context io_;
    bool polls_ = true;
    std::vector<std::string> woken_;
    core_invocations invocations_{[this](const std::string& thing) {
                                      woken_.push_back(thing);
                                      return polls_;
                                  },
                                  limits()};
};

TEST_F(core_invocations_test, the_core_fetches_in_order_and_its_word_is_the_answer) {
    ASSERT_TRUE(invocations_.submit(order("a")));
    ASSERT_TRUE(invocations_.submit(order("b")));
    EXPECT_EQ(woken_, (std::vector<std::string>{"core", "core"}));
    EXPECT_FALSE(invocations_.take("another"));
    EXPECT_EQ(invocations_.take("core")->id, "a");
    EXPECT_EQ(invocations_.take("core")->payload, "payload of b");
    EXPECT_FALSE(invocations_.take("core"));
    ASSERT_TRUE(invocations_.finish("core", "b", {kind::success, "{}", "1", ""}));
    const auto came = outcome_of("b");
    EXPECT_EQ(came.what, kind::success);
    EXPECT_EQ(came.executed_version, "1");
    EXPECT_FALSE(invocations_.knows("b"));
    EXPECT_TRUE(invocations_.knows("a"));
}

TEST_F(core_invocations_test, who_waits_is_woken_from_another_place) {
    ASSERT_TRUE(invocations_.submit(order("a")));
    rt::testing::started<core_outcome> waits(io_, core_invocations::outcome_of(&invocations_, "a"));
    io_.restart();
    io_.poll();
    EXPECT_FALSE(waits.ended());
    ASSERT_TRUE(invocations_.take("core"));
    std::thread other([&] {
        EXPECT_TRUE(invocations_.finish("core", "a", {kind::handled, "no", "1", "log"}));
    });
    EXPECT_EQ(waits.wait().what, kind::handled);
    other.join();
}

TEST_F(core_invocations_test, only_its_own_core_may_answer_and_once) {
    ASSERT_TRUE(invocations_.submit(order("a")));
    EXPECT_FALSE(invocations_.finish("core", "a", {})) << "it was not fetched";
    ASSERT_TRUE(invocations_.take("core"));
    EXPECT_FALSE(invocations_.finish("another", "a", {}));
    EXPECT_TRUE(invocations_.finish("core", "a", {}));
    EXPECT_FALSE(invocations_.finish("core", "a", {}));
    EXPECT_FALSE(invocations_.finish("core", "unknown", {}));
}

TEST_F(core_invocations_test, a_core_that_does_not_fetch_is_away_and_never_gets_it) {
    polls_ = false;
    ASSERT_TRUE(invocations_.submit(order("a")));
    EXPECT_EQ(outcome_of("a").what, kind::away);
    EXPECT_FALSE(invocations_.take("core"));
}

TEST_F(core_invocations_test, a_core_that_fetched_and_is_silent_is_lost) {
    ASSERT_TRUE(invocations_.submit(order("a")));
    ASSERT_TRUE(invocations_.take("core"));
    EXPECT_EQ(outcome_of("a").what, kind::lost);
    EXPECT_FALSE(invocations_.finish("core", "a", {}));
}

TEST_F(core_invocations_test, a_caller_who_leaves_takes_it_back) {
    ASSERT_TRUE(invocations_.submit(order("a")));
    boost::asio::cancellation_signal leave;
    bool ended = false;
    boost::asio::co_spawn(io_, core_invocations::outcome_of(&invocations_, "a"),
                          boost::asio::bind_cancellation_slot(
                              leave.slot(), [&](const std::exception_ptr& thrown, core_outcome) {
                                  EXPECT_TRUE(thrown);
                                  ended = true;
                              }));
    io_.restart();
    io_.poll();
    leave.emit(boost::asio::cancellation_type::terminal);
    rt::testing::run_until(io_, [&] { return ended; });
    EXPECT_FALSE(invocations_.take("core"));
}

TEST_F(core_invocations_test, a_core_is_called_once_for_each) {
    EXPECT_FALSE(invocations_.call("core"));
    ASSERT_TRUE(invocations_.submit(order("a")));
    EXPECT_TRUE(invocations_.call("core"));
    EXPECT_FALSE(invocations_.call("core"));
    ASSERT_TRUE(invocations_.submit(order("b")));
    EXPECT_TRUE(invocations_.call("core"));
}

TEST_F(core_invocations_test, too_many_and_too_much_are_refused) {
    for (const auto* id : {"a", "b", "c"}) {
        ASSERT_TRUE(invocations_.submit(order(id)));
    }
    EXPECT_FALSE(invocations_.submit(order("d"))) << "the fourth of this core";
    ASSERT_TRUE(invocations_.submit(order("e", "another")));
    auto large = order("f", "third");
    large.payload.assign(100, 'x');
    EXPECT_FALSE(invocations_.submit(large));
    // What was fetched takes no room, but counts.
    ASSERT_TRUE(invocations_.take("core"));
    EXPECT_FALSE(invocations_.submit(order("d")));
    ASSERT_TRUE(invocations_.finish("core", "a", {kind::success, "", "", ""}));
    outcome_of("a");
    EXPECT_TRUE(invocations_.submit(order("d")));
}

}  // namespace
}  // namespace evergrass::cloud::lambda
