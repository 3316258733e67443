#include "edge/functions/scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge::functions {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string f1 = "arn:aws:lambda:us-east-1:123456789012:function:one:1";
const std::string f2 = "arn:aws:lambda:us-east-1:123456789012:function:two:1";

// A scheduler with the time in hand. Actions are told as words: "start 1", "work 1 a", "end 1",
// "kill 1", "up", "failed 1", "done a Unhandled".
class scheduler_test : public testing::Test {
protected:
    scheduler_test() { make({}); }

    void make(scheduler_limits limits) { s = std::make_unique<scheduler>(limits); }
    void add_pinned(const std::string& arn) { s->add({arn, true, 3s}, now); }
    void add_on_demand(const std::string& arn) { s->add({arn, false, 3s}, now); }
    std::optional<refusal> submit(const std::string& arn, std::string id, worker_id invoker = 0) {
        return s->submit(arn, {std::move(id), std::make_shared<std::string>("{}"), {}, invoker},
                         now);
    }
    void pass(std::chrono::milliseconds time) {
        now += time;
        if (s->deadline() && *s->deadline() <= now) {
            s->tick(now);
        }
    }
    void ask(worker_id w) { s->ask(w, now); }
    void exit(worker_id w) { s->exited(w, "exit status 1", now); }
    bool finish(worker_id w, std::string_view id) {
        return s->finish(w, id, {outcome_kind::success, "r"}, now);
    }

    std::vector<std::string> said() {
        std::vector<std::string> words;
        for (const auto& a : s->take_actions()) {
            words.push_back(std::visit([](const auto& one) { return word(one); }, a));
        }
        return words;
    }
    static std::string word(const start_worker& a) { return "start " + std::to_string(a.worker); }
    static std::string word(const end_worker& a) {
        return (a.at_once ? "kill " : "end ") + std::to_string(a.worker);
    }
    static std::string word(const hand_over& a) {
        return "work " + std::to_string(a.worker) + " " + a.item.id;
    }
    static std::string word(const finished& a) {
        return "done " + a.invocation + (a.result.kind == outcome_kind::success ? "" : " error");
    }
    static std::string word(const lost& a) {
        return "lost " + a.item.id + (a.stopped ? " stopped" : " failed");
    }
    static std::string word(const came_up&) { return "up"; }
    static std::string word(const start_failed& a) { return "failed " + std::to_string(a.worker); }

    std::unique_ptr<scheduler> s;
    mono_time now{1h};
};

using long_lived_function = scheduler_test;
using on_demand_function = scheduler_test;
using any_function = scheduler_test;

TEST_F(long_lived_function, starts_at_once_and_is_up_with_its_first_request_for_work) {
    add_pinned(f1);
    EXPECT_THAT(said(), ElementsAre("start 1"));
    ask(1);
    EXPECT_THAT(said(), ElementsAre("up"));
    EXPECT_EQ(s->status()[0].state, worker_state::waiting);
}

TEST_F(long_lived_function, works_off_its_queue_one_by_one_in_one_worker) {
    add_pinned(f1);
    submit(f1, "a");
    submit(f1, "b");
    ask(1);
    EXPECT_THAT(said(), ElementsAre("start 1", "up", "work 1 a"));
    EXPECT_TRUE(finish(1, "a"));
    EXPECT_THAT(said(), IsEmpty());
    ask(1);
    EXPECT_THAT(said(), ElementsAre("work 1 b"));
}

TEST_F(long_lived_function, that_never_asks_for_work_is_up_when_it_lives_at_the_start_limit) {
    add_pinned(f1);
    pass(29s);
    EXPECT_THAT(said(), ElementsAre("start 1"));
    pass(1s);
    EXPECT_THAT(said(), ElementsAre("up"));
    EXPECT_EQ(s->status()[0].state, worker_state::initialized);
}

TEST_F(long_lived_function, that_ends_is_started_again_at_once_then_ever_later) {
    add_pinned(f1);
    ask(1);
    said();
    exit(1);
    EXPECT_THAT(said(), IsEmpty());
    pass(0s);
    EXPECT_THAT(said(), ElementsAre("start 2"));
    exit(2);
    pass(999ms);
    EXPECT_THAT(said(), ElementsAre("failed 2"));
    EXPECT_EQ(s->status()[0].state, worker_state::failed_initialization);
    pass(1ms);
    EXPECT_THAT(said(), ElementsAre("start 3"));
    exit(3);
    pass(1999ms);
    EXPECT_THAT(said(), ElementsAre("failed 3"));
    pass(1ms);
    EXPECT_THAT(said(), ElementsAre("start 4"));
    EXPECT_EQ(s->status()[0].restarts, 3U);
}

TEST_F(long_lived_function, is_never_tried_less_than_once_a_minute) {
    add_pinned(f1);
    for (worker_id w = 1; w <= 20; ++w) {
        said();
        exit(w);
        pass(60s);
        EXPECT_THAT(said(), testing::Contains("start " + std::to_string(w + 1)));
    }
}

TEST_F(long_lived_function, that_lived_for_a_minute_is_started_again_at_once) {
    add_pinned(f1);
    exit(1);
    pass(0s);
    exit(2);
    pass(1s);
    said();
    ask(3);
    pass(60s);
    said();
    exit(3);
    pass(0s);
    EXPECT_THAT(said(), ElementsAre("start 4"));
}

TEST_F(long_lived_function, keeps_its_queue_over_a_restart) {
    add_pinned(f1);
    submit(f1, "a");
    exit(1);
    pass(0s);
    ask(2);
    EXPECT_THAT(said(), ElementsAre("start 1", "failed 1", "start 2", "up", "work 2 a"));
}

TEST_F(long_lived_function, that_says_it_cannot_go_on_has_failed_to_start) {
    add_pinned(f1);
    s->gave_up(1);
    exit(1);
    EXPECT_THAT(said(), ElementsAre("start 1", "end 1", "failed 1"));
}

TEST_F(on_demand_function, starts_a_worker_for_each_invocation_at_once_and_reuses_idle_ones) {
    add_on_demand(f1);
    EXPECT_THAT(said(), IsEmpty());
    submit(f1, "a");
    submit(f1, "b");
    submit(f1, "c");
    EXPECT_THAT(said(), ElementsAre("start 1", "start 2", "start 3"));
    ask(1);
    ask(2);
    ask(3);
    EXPECT_THAT(said(), ElementsAre("work 1 a", "work 2 b", "work 3 c"));
    finish(2, "b");
    ask(2);
    submit(f1, "d");
    EXPECT_THAT(said(), ElementsAre("work 2 d"));
}

TEST_F(on_demand_function, ends_a_worker_that_was_idle_for_long) {
    add_on_demand(f1);
    submit(f1, "a");
    ask(1);
    finish(1, "a");
    ask(1);
    said();
    pass(59s);
    EXPECT_THAT(said(), IsEmpty());
    pass(1s);
    EXPECT_THAT(said(), ElementsAre("end 1"));
    submit(f1, "b");
    EXPECT_THAT(said(), ElementsAre("start 2")) << "an ending worker gets no more work";
}

TEST_F(on_demand_function, waits_at_the_limit_of_workers_until_one_is_free) {
    make({.max_on_demand_workers = 2});
    add_on_demand(f1);
    for (const char* id : {"a", "b", "c"}) {
        submit(f1, id);
    }
    ask(1);
    ask(2);
    EXPECT_THAT(said(), ElementsAre("start 1", "start 2", "work 1 a", "work 2 b"));
    finish(1, "a");
    ask(1);
    EXPECT_THAT(said(), ElementsAre("work 1 c"));
}

TEST_F(on_demand_function, gets_the_place_of_another_functions_idle_worker_at_the_limit) {
    make({.max_on_demand_workers = 1});
    add_on_demand(f1);
    add_on_demand(f2);
    submit(f1, "a");
    ask(1);
    submit(f2, "b");
    EXPECT_THAT(said(), ElementsAre("start 1", "work 1 a"));
    finish(1, "a");
    ask(1);
    EXPECT_THAT(said(), ElementsAre("end 1"));
    submit(f2, "c");
    EXPECT_THAT(said(), IsEmpty());
    exit(1);
    EXPECT_THAT(said(), ElementsAre("start 2"));
}

TEST_F(on_demand_function, loses_one_invocation_with_each_worker_that_fails_to_start) {
    add_on_demand(f1);
    submit(f1, "a", 99);
    submit(f1, "b", 99);
    said();
    exit(2);
    EXPECT_THAT(said(), ElementsAre("failed 2", "done a error"));
    ask(1);
    EXPECT_THAT(said(), ElementsAre("work 1 b"));
}

TEST_F(on_demand_function, that_does_not_ask_for_work_within_the_start_limit_is_killed) {
    add_on_demand(f1);
    submit(f1, "a", 99);
    pass(30s);
    exit(1);
    EXPECT_THAT(said(), ElementsAre("start 1", "kill 1", "failed 1", "done a error"));
}

TEST_F(any_function, that_exceeds_its_timeout_is_killed_and_its_invoker_told) {
    add_pinned(f1);
    ask(1);
    submit(f1, "a", 99);
    said();
    pass(2999ms);
    EXPECT_THAT(said(), IsEmpty());
    now += 1ms;
    s->tick(now);
    const auto actions = s->take_actions();
    ASSERT_THAT(actions, SizeIs(2));
    const auto& told = std::get<finished>(actions[0]);
    EXPECT_EQ(told.result.kind, outcome_kind::unhandled);
    EXPECT_THAT(told.result.body, HasSubstr("timed out after 3.00 seconds"));
    EXPECT_TRUE(std::get<end_worker>(actions[1]).at_once);
    EXPECT_FALSE(finish(1, "a")) << "too late";
    exit(1);
    pass(0s);
    EXPECT_THAT(said(), ElementsAre("start 2"));
    EXPECT_EQ(s->status()[0].errors, 1U);
}

TEST_F(any_function, gives_its_result_to_who_waits_for_it_only) {
    add_pinned(f1);
    ask(1);
    submit(f1, "a", 99);
    finish(1, "a");
    ask(1);
    submit(f1, "b");
    finish(1, "b");
    EXPECT_THAT(said(), ElementsAre("start 1", "up", "work 1 a", "done a", "work 1 b"));
}

TEST_F(any_function, cannot_finish_what_it_does_not_work_on) {
    add_pinned(f1);
    add_pinned(f2);
    ask(1);
    ask(2);
    submit(f1, "a", 99);
    said();
    EXPECT_FALSE(finish(2, "a"));
    EXPECT_FALSE(finish(1, ""));
    EXPECT_FALSE(finish(7, "a"));
    EXPECT_TRUE(finish(1, "a"));
    EXPECT_FALSE(finish(1, "a"));
}

TEST_F(any_function, that_ends_at_work_fails_its_invocation) {
    add_pinned(f1);
    ask(1);
    submit(f1, "a", 99);
    said();
    exit(1);
    EXPECT_THAT(said(), ElementsAre("done a error"));
}

TEST_F(any_function, that_asks_again_without_a_result_fails_its_invocation) {
    add_pinned(f1);
    ask(1);
    submit(f1, "a", 99);
    said();
    ask(1);
    EXPECT_THAT(said(), ElementsAre("done a error"));
    submit(f1, "b");
    EXPECT_THAT(said(), ElementsAre("work 1 b"));
}

TEST_F(any_function, whose_request_for_work_was_withdrawn_gets_none) {
    add_pinned(f1);
    ask(1);
    said();
    s->withdraw(1);
    submit(f1, "a");
    EXPECT_THAT(said(), IsEmpty());
    ask(1);
    EXPECT_THAT(said(), ElementsAre("work 1 a"));
}

TEST_F(any_function, that_is_removed_fails_its_queue_and_is_not_started_again) {
    add_pinned(f1);
    submit(f1, "a", 99);
    submit(f1, "b");  // a message: nobody waits for its result
    s->remove(f1);
    EXPECT_THAT(said(), ElementsAre("start 1", "end 1", "done a error", "lost b stopped"));
    EXPECT_EQ(submit(f1, "b"), refusal::unknown_function);
    exit(1);
    pass(120s);
    EXPECT_THAT(said(), IsEmpty());
    EXPECT_THAT(s->status(), IsEmpty());
}

TEST_F(any_function, that_is_removed_finishes_what_it_works_on) {
    for (const bool pinned : {true, false}) {
        make({});
        s->add({f1, pinned, 3s}, now);
        submit(f1, "a", 99);
        ask(1);
        said();
        s->remove(f1);
        EXPECT_THAT(said(), IsEmpty());
        EXPECT_TRUE(s->has_former_workers("arn:aws:lambda:us-east-1:123456789012:function:one"));
        EXPECT_FALSE(s->has_former_workers("arn:aws:lambda:us-east-1:123456789012:function:on"));
        EXPECT_FALSE(s->has_former_workers_ending());
        EXPECT_TRUE(finish(1, "a"));
        EXPECT_THAT(said(), ElementsAre("done a", "end 1"));
        EXPECT_TRUE(s->has_former_workers_ending());
        ask(1);  // was on its way
        EXPECT_THAT(said(), IsEmpty());
        exit(1);
        EXPECT_FALSE(s->has_former_workers("arn:aws:lambda:us-east-1:123456789012:function:one"));
    }
}

TEST_F(any_function, that_is_removed_works_no_longer_than_its_timeout) {
    add_on_demand(f1);
    submit(f1, "a", 99);
    ask(1);
    said();
    pass(1s);
    s->remove(f1);
    pass(1s);
    EXPECT_THAT(said(), IsEmpty());
    pass(1s);
    EXPECT_THAT(said(), ElementsAre("done a error", "kill 1"));
}

TEST_F(any_function, that_is_removed_and_asks_again_without_a_result_ends) {
    add_pinned(f1);
    submit(f1, "a", 99);
    ask(1);
    said();
    s->remove(f1);
    ask(1);
    EXPECT_THAT(said(), ElementsAre("done a error", "end 1"));
}

TEST_F(any_function, that_is_removed_ends_its_idle_and_starting_workers_at_once) {
    add_on_demand(f1);
    submit(f1, "a");
    submit(f1, "b");
    submit(f1, "c");
    ask(1);
    ask(2);
    finish(2, "b");
    ask(2);  // has c
    finish(2, "c");
    ask(2);  // is idle; 3 is starting
    said();
    s->remove(f1);
    EXPECT_THAT(said(), testing::UnorderedElementsAre("end 2", "end 3"));
}

TEST_F(any_function, that_is_replaced_hands_its_queue_to_its_successor) {
    add_pinned(f1);
    submit(f1, "a", 99);
    submit(f1, "b", 99);
    submit(f1, "c");
    ask(1);
    said();
    s->retire(f1);
    s->add({f1, true, 3s}, now, true);
    submit(f1, "d");  // while its place is not free
    EXPECT_THAT(said(), IsEmpty());
    EXPECT_EQ(s->status()[0].queued, 3U);
    finish(1, "a");
    EXPECT_THAT(said(), ElementsAre("done a", "end 1"));
    exit(1);
    s->release(f1, now);
    ask(2);
    EXPECT_THAT(said(), ElementsAre("start 2", "up", "work 2 b"));
    finish(2, "b");
    ask(2);
    finish(2, "c");
    ask(2);
    EXPECT_THAT(said(), ElementsAre("done b", "work 2 c", "work 2 d"));
}

TEST_F(on_demand_function, that_is_replaced_starts_beside_the_one_that_still_works) {
    add_on_demand(f1);
    submit(f1, "a", 99);
    ask(1);
    said();
    s->retire(f1);
    add_on_demand(f1);
    submit(f1, "b", 99);
    ask(2);
    EXPECT_THAT(said(), ElementsAre("start 2", "work 2 b"));
    finish(1, "a");
    EXPECT_THAT(said(), ElementsAre("done a", "end 1"));
}

TEST_F(on_demand_function, that_is_held_starts_with_its_release) {
    s->add({f1, false, 3s}, now, true);
    submit(f1, "a");
    EXPECT_THAT(said(), IsEmpty());
    s->release(f1, now);
    EXPECT_THAT(said(), ElementsAre("start 1"));
}

TEST_F(any_function, whose_successor_cannot_run_fails_its_queue) {
    add_pinned(f1);
    submit(f1, "a", 99);
    said();
    s->retire(f1);
    s->remove(f1);
    EXPECT_THAT(said(), ElementsAre("end 1", "done a error"));
    EXPECT_EQ(s->status().size(), 0U);
}

TEST_F(any_function, that_is_replaced_at_once_is_cut_at_work) {
    add_on_demand(f1);
    submit(f1, "a", 99);
    ask(1);
    said();
    s->retire(f1, true);
    EXPECT_THAT(said(), ElementsAre("end 1"));
    exit(1);
    EXPECT_THAT(said(), ElementsAre("done a error"));
}

TEST_F(on_demand_function, that_is_tended_starts_without_work) {
    s->add({f1, false, 3s, true}, now);
    ask(1);
    EXPECT_THAT(said(), ElementsAre("start 1", "up"));
    submit(f1, "a");
    EXPECT_THAT(said(), ElementsAre("work 1 a"));
}

TEST_F(long_lived_function, that_is_tended_and_ends_starts_again_when_there_is_work) {
    s->add({f1, true, 3s, true}, now);
    submit(f1, "a", 99);
    submit(f1, "b");
    exit(1);
    pass(120s);
    EXPECT_THAT(said(), ElementsAre("start 1", "failed 1", "done a error", "lost b failed"));
    submit(f1, "c");
    EXPECT_THAT(said(), ElementsAre("start 2"));
    ask(2);
    submit(f1, "d");
    exit(2);
    ask(3);
    EXPECT_THAT(said(), ElementsAre("up", "work 2 c", "start 3", "work 3 d"));
}

TEST_F(any_function, that_is_tended_does_not_make_its_name_ambiguous) {
    const std::string bare = "arn:aws:lambda:us-east-1:123456789012:function:one";
    s->add({bare + ":dev", false, 3s, true}, now);
    EXPECT_EQ(s->resolve(bare), bare + ":dev");
    add_on_demand(f1);
    EXPECT_EQ(s->resolve(bare), f1);
    EXPECT_EQ(s->resolve(bare + ":dev"), bare + ":dev");
}

TEST_F(any_function, ends_at_once_with_the_core) {
    add_pinned(f1);
    add_on_demand(f2);
    submit(f1, "a", 99);
    submit(f2, "b", 99);
    ask(1);
    ask(2);
    s->remove(f2);
    said();
    s->stop();
    EXPECT_THAT(said(), testing::UnorderedElementsAre("end 1", "end 2"));
    exit(1);
    EXPECT_THAT(said(), ElementsAre("done a error"));
    EXPECT_THAT(s->status(), IsEmpty());
}

TEST_F(any_function, is_refused_work_beyond_the_bound_of_all_queues) {
    make({.max_work_items = 2});
    add_pinned(f1);
    add_pinned(f2);
    EXPECT_EQ(submit(f1, "a"), std::nullopt);
    EXPECT_EQ(submit(f2, "b"), std::nullopt);
    EXPECT_EQ(submit(f1, "c"), refusal::queue_full);
    ask(2);
    EXPECT_EQ(submit(f1, "d"), std::nullopt);
}

TEST_F(any_function, that_invokes_itself_in_a_circle_is_stopped_at_the_deepest_invocation) {
    add_on_demand(f1);
    submit(f1, "0");
    for (worker_id w = 1; w <= max_depth; ++w) {  // each worker invokes the function and waits
        ask(w);
        EXPECT_EQ(submit(f1, std::to_string(w), w), std::nullopt) << w;
    }
    ask(max_depth + 1);
    EXPECT_EQ(submit(f1, "deeper", max_depth + 1), refusal::too_deep);
    EXPECT_EQ(submit(f1, "unwaited"), std::nullopt) << "an Event begins a new chain";
}

TEST_F(any_function, whose_invoker_ended_is_not_started_for_it_any_more) {
    make({.max_on_demand_workers = 1});
    add_on_demand(f1);
    submit(f1, "a");
    ask(1);
    submit(f1, "b", 1);
    EXPECT_EQ(s->status()[0].queued, 1U);
    said();
    pass(3s);
    exit(1);
    EXPECT_EQ(s->status()[0].queued, 0U);
    EXPECT_THAT(said(), ElementsAre("kill 1"));
}

TEST_F(any_function, is_found_by_its_version_or_unqualified_when_that_is_unique) {
    const std::string bare = "arn:aws:lambda:us-east-1:123456789012:function:one";
    add_on_demand(f1);
    add_on_demand(f2);
    EXPECT_EQ(s->resolve(f1), f1);
    EXPECT_EQ(s->resolve(bare), f1);
    EXPECT_EQ(s->resolve(bare + ":2"), "");
    EXPECT_EQ(s->resolve("arn:aws:lambda:us-east-1:123456789012:function:on"), "");
    add_on_demand(bare + ":2");
    EXPECT_EQ(s->resolve(bare), "");
}

// Of function_spec::keeps_ready. Time passes on the clock in hand only.
class ready_function : public scheduler_test {
protected:
    void add_ready(const std::string& arn) { s->add({arn, false, 1h, false, true}, now); }
    // Worker 1 works on "a", and what was said of it is forgotten.
    void put_to_work() {
        add_ready(f1);
        submit(f1, "a");
        ask(1);
        EXPECT_THAT(said(), ElementsAre("start 1", "work 1 a"));
    }
};

TEST_F(ready_function, starts_a_worker_some_time_after_its_last_waiting_one_got_work) {
    put_to_work();
    pass(199ms);
    EXPECT_THAT(said(), IsEmpty());
    pass(1ms);
    EXPECT_THAT(said(), ElementsAre("start 2"));
    ask(2);
    pass(1h - 200ms);
    EXPECT_THAT(said(), ElementsAre("kill 1")) << "one is enough";
}

TEST_F(ready_function, uses_workers_that_have_worked_before_the_one_that_waits_ahead) {
    put_to_work();
    pass(200ms);
    ask(2);
    finish(1, "a");
    ask(1);
    said();
    submit(f1, "b");
    EXPECT_THAT(said(), ElementsAre("work 1 b"));
    pass(200ms);
    EXPECT_THAT(said(), IsEmpty()) << "2 still waits";
    submit(f1, "c");
    EXPECT_THAT(said(), ElementsAre("work 2 c"));
    pass(200ms);
    EXPECT_THAT(said(), ElementsAre("start 3"));
}

TEST_F(ready_function, uses_the_one_that_waits_ahead_last_though_it_came_last) {
    put_to_work();
    pass(200ms);
    finish(1, "a");
    ask(1);
    ask(2);
    said();
    submit(f1, "b");
    EXPECT_THAT(said(), ElementsAre("work 1 b"));
}

TEST_F(ready_function, keeps_the_last_idle_worker_for_ever_and_ends_the_others) {
    put_to_work();
    pass(200ms);
    ask(2);
    pass(1s);
    finish(1, "a");
    ask(1);
    said();
    pass(58'999ms);
    EXPECT_THAT(said(), IsEmpty());
    pass(1ms);
    EXPECT_THAT(said(), ElementsAre("end 2")) << "idle for 60 s";
    for (int i = 0; i < 10; ++i) {
        pass(60s);
        EXPECT_THAT(said(), IsEmpty());
    }
    submit(f1, "b");
    EXPECT_THAT(said(), ElementsAre("work 1 b"));
}

TEST_F(ready_function, keeps_one_of_workers_that_are_due_at_once) {
    put_to_work();
    pass(200ms);
    ask(2);
    finish(1, "a");
    ask(1);
    said();
    pass(60s);
    EXPECT_THAT(said(), SizeIs(1));
}

TEST_F(ready_function, that_was_never_invoked_has_no_worker) {
    add_ready(f1);
    pass(1h);
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(ready_function, that_is_starting_a_worker_starts_no_further_one) {
    put_to_work();
    submit(f1, "b");
    EXPECT_THAT(said(), ElementsAre("start 2"));
    pass(200ms);
    EXPECT_THAT(said(), IsEmpty());
    finish(1, "a");
    ask(1);
    EXPECT_THAT(said(), ElementsAre("work 1 b"));
    pass(200ms);
    EXPECT_THAT(said(), IsEmpty()) << "2 has nothing to do when it is up";
    ask(2);
    submit(f1, "c");
    EXPECT_THAT(said(), ElementsAre("work 2 c"));
    pass(200ms);
    EXPECT_THAT(said(), ElementsAre("start 3"));
}

TEST_F(ready_function, starts_none_beside_the_limit_of_concurrent_workers) {
    make({.max_on_demand_workers = 1});
    put_to_work();
    pass(200ms);
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(ready_function, gives_its_waiting_workers_place_to_an_invocation_of_another_function) {
    make({.max_on_demand_workers = 1});
    put_to_work();
    finish(1, "a");
    ask(1);
    add_on_demand(f2);
    submit(f2, "b");
    EXPECT_THAT(said(), ElementsAre("end 1"));
    exit(1);
    EXPECT_THAT(said(), ElementsAre("start 2"));
    ask(2);
    said();
    pass(200ms);
    EXPECT_THAT(said(), IsEmpty()) << "the place is taken";
}

TEST_F(ready_function, that_fails_to_start_ahead_is_tried_again_by_the_next_invocation_only) {
    put_to_work();
    pass(200ms);
    exit(2);
    EXPECT_THAT(said(), ElementsAre("start 2", "failed 2"));
    pass(30min);
    EXPECT_THAT(said(), IsEmpty());
    finish(1, "a");
    ask(1);
    submit(f1, "b");
    EXPECT_THAT(said(), ElementsAre("work 1 b"));
    pass(200ms);
    EXPECT_THAT(said(), ElementsAre("start 3"));
}

TEST_F(ready_function, that_crashed_at_work_has_a_waiting_worker_again) {
    put_to_work();
    pass(100ms);
    exit(1);
    pass(199ms);
    EXPECT_THAT(said(), IsEmpty());
    pass(1ms);
    EXPECT_THAT(said(), ElementsAre("start 2"));
    ask(2);
    submit(f1, "b");
    EXPECT_THAT(said(), ElementsAre("work 2 b"));
}

TEST_F(ready_function, that_was_replaced_or_removed_starts_none_for_its_old_version) {
    put_to_work();
    s->retire(f1);
    s->add({f1, false, 1h, false, true}, now, true);
    pass(200ms);
    EXPECT_THAT(said(), IsEmpty());
    s->release(f1, now);
    pass(200ms);
    EXPECT_THAT(said(), IsEmpty()) << "the new version was not invoked yet";
    s->remove(f1);
    finish(1, "a");
    exit(1);
    pass(1h);
    EXPECT_THAT(said(), ElementsAre("end 1"));
}

TEST_F(on_demand_function, without_keeps_ready_has_the_workers_it_was_invoked_for_and_no_other) {
    add_on_demand(f1);
    submit(f1, "a");
    ask(1);
    said();
    pass(1s);
    EXPECT_THAT(said(), IsEmpty());
}

}  // namespace
}  // namespace evergrass::edge::functions
