#include "cloud/gateway/kept_answers.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud {
namespace {

class kept_answers_test : public ::testing::Test {
protected:
    static http::response answer(std::string body) {
        http::response made;
        made.headers.set("content-type", "application/json");
        made.body = std::move(body);
        return made;
    }

    // As a request does: what was kept, or else what is made now, which is kept.
    std::string ask(const db::state_mark& state, std::string_view target, std::string made) {
        return ask(state, get_, target, std::move(made));
    }
    std::string ask(const db::state_mark& state, const modelled_operation& asked,
                    std::string_view target, std::string made) {
        if (const auto* found = answers_.find(state, asked, target)) {
            EXPECT_EQ(found->headers.get("content-type"), "application/json");
            return found->body;
        }
        answers_.keep(state, asked, target, answer(made));
        return made;
    }

    modelled_operation get_;
    modelled_operation list_;
    db::state_mark first_{1, 1};
    kept_answers answers_{4'000};
};

TEST_F(kept_answers_test, what_was_answered_is_answered_while_the_state_stays) {
    EXPECT_EQ(ask(first_, "/a", "1"), "1");
    EXPECT_EQ(ask(first_, "/a", "2"), "2") << "the first after a change is not worth keeping";
    EXPECT_EQ(ask(first_, "/a", "3"), "2");
    EXPECT_EQ(ask(first_, "/a?b", "4"), "4");
    EXPECT_EQ(ask(first_, "/a?b", "5"), "4");
    EXPECT_EQ(ask(first_, list_, "/a", "6"), "6") << "another operation's";
}

TEST_F(kept_answers_test, it_is_forgotten_with_the_state_whoever_changed_it) {
    for (const auto& next :
         {db::state_mark{1, 2}, db::state_mark{2, 2}, db::state_mark{2, 1}, first_}) {
        EXPECT_EQ(ask(next, "/a", "new"), "new");
        EXPECT_EQ(ask(next, "/a", "kept"), "kept");
        EXPECT_EQ(ask(next, "/a", "other"), "kept");
    }
    answers_.keep({7, 7}, get_, "/a", answer("of a state that nobody has asked in"));
    EXPECT_EQ(ask(first_, "/a", "other"), "kept");
}

TEST_F(kept_answers_test, its_memory_is_bounded) {
    ask(first_, "/first", "");
    const std::string long_one(1'001, 'x');
    ask(first_, "/long", long_one);
    EXPECT_EQ(ask(first_, "/long", "again"), "again") << "it would take the others' place";
    EXPECT_EQ(ask(first_, "/long", "other"), "again");
    const std::string some(500, 'x');
    int kept = 0;
    for (int n = 0; n < 100; ++n) {
        ask(first_, "/" + std::to_string(n), some);
        int there = 0;
        for (int old = 0; old <= n; ++old) {
            there += answers_.find(first_, get_, "/" + std::to_string(old)) != nullptr ? 1 : 0;
        }
        EXPECT_NE(answers_.find(first_, get_, "/" + std::to_string(n)), nullptr) << "the newest";
        EXPECT_LE(there, 4'000 / 500);
        kept = std::max(kept, there);
    }
    EXPECT_GE(kept, 4) << "several at once";
    for (int n = 0; n < 100; ++n) {
        answers_.keep(first_, get_, "/the same", answer(some));
    }
    EXPECT_EQ(ask(first_, "/99", "other"), some) << "what is there is not counted twice";
}

}  // namespace
}  // namespace evergrass::cloud
