#include "cloud/lambda/shared_invocations.hpp"

#include "libs/rt/test_run.hpp"

#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::cloud::lambda {
namespace {

using namespace std::chrono_literals;
using kind = core_outcome::kind;

// Two services of one store: a, which is asked, and b, where the core polls. What they tell each
// other is heard when the test says so.
class shared_invocations_test : public ::testing::Test {
protected:
    shared_invocations_test() {
        std::string made = ::testing::TempDir() + "sharedXXXXXX";
        folder_ = ::mkdtemp(made.data());
        state_ = store::open((folder_ / "service.db").string()).value();
        a_.emplace(*this, false);
        b_.emplace(*this, true);
    }
    ~shared_invocations_test() override {
        pool_.join();
        std::filesystem::remove_all(folder_);
    }

    struct service {
        service(shared_invocations_test& all, bool polls)
            : here([polls](const std::string&) { return polls; }, limits()),
              there(
                  *all.state_, all.time_,
                  [this](shared_invocations::news what, const std::string& name) {
                      said.emplace_back(what, name);
                  },
                  logger()) {
            here.share(there, all.pool_.get_executor());
        }
        static invocation_limits limits() {
            invocation_limits made;
            made.fetch_elsewhere = 1ms;
            made.silence = 1h;
            return made;
        }
        std::vector<std::pair<shared_invocations::news, std::string>> said;
        core_invocations here;
        shared_invocations there;
    };
    static void hear(service& from, service& at) {
        for (const auto& [what, name] : std::exchange(from.said, {})) {
            what == shared_invocations::news::waits ? at.here.heard_of_core(name)
                                                    : at.here.heard_of(name);
        }
    }
    static core_order order(const std::string& id) {
        core_order made;
        made.id = id;
        made.thing = "core";
        made.function = "arn:aws:lambda:r:1:function:f:1";
        made.client_context = "e30=";
        made.payload = std::string("bytes \0\xff of ", 11) + id;
        made.wants_tail = true;
        return made;
    }
    core_outcome outcome_of(const std::string& id) {
        return rt::testing::started<core_outcome>(io_, core_invocations::outcome_of(&a_->here, id))
            .wait();
    }
    std::int64_t rows() {
        pool_.join();  // what is over goes behind the answer
        std::int64_t count = -1;
        EXPECT_TRUE(state_->db().query("test.rows", "SELECT count(*) FROM core_invocations", {},
                                       [&](const db::row& row) { count = row.integer(0); }));
        return count;
    }

    std::filesystem::path folder_;
    std::unique_ptr<store> state_;
    clock time_;
    boost::asio::thread_pool pool_{1};
    boost::asio::io_context io_;
    std::optional<service> a_;
    std::optional<service> b_;
};

TEST_F(shared_invocations_test,
       a_core_that_polls_elsewhere_is_called_there_and_its_word_comes_back) {
    ASSERT_TRUE(a_->here.submit(order("one")));
    EXPECT_FALSE(b_->here.call("core"));
    hear(*a_, *b_);
    EXPECT_TRUE(b_->here.call("core"));
    const auto got = b_->here.take("core");
    ASSERT_TRUE(got);
    const auto sent = order("one");
    EXPECT_EQ(got->id, "one");
    EXPECT_EQ(got->function, sent.function);
    EXPECT_EQ(got->payload, sent.payload);
    EXPECT_EQ(got->client_context, sent.client_context);
    EXPECT_TRUE(got->wants_tail);
    EXPECT_FALSE(got->event);
    EXPECT_FALSE(b_->here.take("core")) << "once";
    hear(*b_, *a_);
    EXPECT_FALSE(b_->here.finish("another", "one", {}));
    ASSERT_TRUE(b_->here.finish("core", "one", {kind::handled, "no", "7", "log"}));
    EXPECT_FALSE(b_->here.finish("core", "one", {}));
    hear(*b_, *a_);
    const auto came = outcome_of("one");
    EXPECT_EQ(came.what, kind::handled);
    EXPECT_EQ(came.body, "no");
    EXPECT_EQ(came.executed_version, "7");
    EXPECT_EQ(came.log_tail, "log");
    EXPECT_EQ(rows(), 0);
}

TEST_F(shared_invocations_test, one_that_nobody_fetches_is_taken_back_and_never_runs) {
    ASSERT_TRUE(a_->here.submit(order("one")));
    EXPECT_EQ(outcome_of("one").what, kind::away);
    hear(*a_, *b_);
    EXPECT_FALSE(b_->here.take("core"));
    EXPECT_EQ(rows(), 0);
}

// The core had it a moment before it was taken back: then it is not said that nothing ran.
TEST_F(shared_invocations_test, one_that_was_fetched_unheard_of_is_waited_for) {
    ASSERT_TRUE(a_->here.submit(order("one")));
    hear(*a_, *b_);
    ASSERT_TRUE(b_->here.take("core"));
    rt::testing::started<core_outcome> waits(io_, core_invocations::outcome_of(&a_->here, "one"));
    rt::testing::poll_until(io_, [&, begun = std::chrono::steady_clock::now()] {
        return waits.ended() || std::chrono::steady_clock::now() - begun > 50ms;
    });
    EXPECT_FALSE(waits.ended());
    ASSERT_TRUE(b_->here.finish("core", "one", {kind::success, "{}", "", ""}));
    hear(*b_, *a_);
    EXPECT_EQ(waits.wait().what, kind::success);
}

TEST_F(shared_invocations_test, a_core_that_comes_back_to_who_was_asked_fetches_it_there) {
    ASSERT_TRUE(a_->here.submit(order("one")));
    EXPECT_TRUE(a_->here.call("core"));
    ASSERT_TRUE(a_->here.take("core"));
    hear(*a_, *b_);
    EXPECT_FALSE(b_->here.take("core"));
    ASSERT_TRUE(a_->here.finish("core", "one", {kind::success, "{}", "", ""}));
    EXPECT_EQ(outcome_of("one").what, kind::success);
}

TEST_F(shared_invocations_test,
       the_answer_may_come_by_another_service_than_the_one_it_was_fetched_at) {
    ASSERT_TRUE(a_->here.submit(order("one")));
    hear(*a_, *b_);
    ASSERT_TRUE(b_->here.take("core"));
    // a has not heard yet that b gave it away.
    ASSERT_TRUE(a_->here.finish("core", "one", {kind::success, "{}", "", ""}));
    EXPECT_EQ(outcome_of("one").what, kind::success);
}

TEST_F(shared_invocations_test, what_was_fetched_where_it_was_asked_for_is_answered_anywhere) {
    ASSERT_TRUE(b_->here.submit(order("one")));  // where the core polls
    ASSERT_TRUE(b_->here.take("core"));
    ASSERT_TRUE(a_->here.finish("core", "one", {kind::success, "{}", "", ""}));
    hear(*a_, *b_);
    rt::testing::started<core_outcome> waits(io_, core_invocations::outcome_of(&b_->here, "one"));
    EXPECT_EQ(waits.wait().what, kind::success);
    EXPECT_EQ(rows(), 0);
}

}  // namespace
}  // namespace evergrass::cloud::lambda
