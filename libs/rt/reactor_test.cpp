#include "libs/rt/reactor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace evergrass::rt {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Both ends of a connection.
struct pair {
    pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0); }
    ~pair() {
        for (const int end : ends) {
            if (end >= 0) {
                close(end);
            }
        }
    }
    void say(std::string_view bytes) const {
        EXPECT_EQ(write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    }
    int ends[2] = {-1, -1};
};

struct recorder : reactor::watcher {
    explicit recorder(std::function<void()> then = nullptr) : call(std::move(then)) {}
    void ready(bool readable, bool writable) override {
        seen.push_back(std::string(readable ? "r" : "") + (writable ? "w" : ""));
        if (call) {
            call();
        }
    }
    std::vector<std::string> seen;
    std::function<void()> call;
};

TEST(reactor, says_again_that_a_descriptor_is_readable_until_it_is_read) {
    reactor loop;
    pair one;
    recorder watcher;
    ASSERT_NE(loop.watch(one.ends[0], watcher), 0U);
    one.say("x");
    loop.turn(0ms);
    loop.turn(0ms);
    EXPECT_THAT(watcher.seen, ElementsAre("r", "r"));
}

TEST(reactor, says_what_is_wanted_and_no_more) {
    reactor loop;
    pair one;
    recorder watcher;
    const auto id = loop.watch(one.ends[0], watcher);
    one.say("x");
    loop.want(id, false, true);
    loop.turn(0ms);
    EXPECT_THAT(watcher.seen, ElementsAre("w"));
    loop.want(id, true, true);
    loop.turn(0ms);
    EXPECT_THAT(watcher.seen, ElementsAre("w", "rw"));
    loop.want(id, false, false);
    loop.turn(0ms);
    EXPECT_THAT(watcher.seen, ElementsAre("w", "rw"));
}

TEST(reactor, tells_of_a_peer_that_has_gone_even_when_nothing_is_wanted) {
    reactor loop;
    pair one;
    recorder watcher;
    const auto id = loop.watch(one.ends[0], watcher);
    loop.want(id, false, false);
    close(std::exchange(one.ends[1], -1));
    loop.turn(0ms);
    EXPECT_THAT(watcher.seen, ElementsAre("rw"));
}

TEST(reactor, gives_no_event_of_this_turn_to_what_was_unwatched_in_it) {
    reactor loop;
    pair one;
    pair two;
    reactor::watch_id ids[2] = {};
    int calls = 0;
    const auto drop_both = [&] {
        ++calls;
        loop.unwatch(ids[0]);
        loop.unwatch(ids[1]);
    };
    recorder first(drop_both);
    recorder second(drop_both);
    ids[0] = loop.watch(one.ends[0], first);
    ids[1] = loop.watch(two.ends[0], second);
    one.say("x");
    two.say("x");
    loop.turn(0ms);
    loop.turn(0ms);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(loop.watched(), 0U);
}

TEST(reactor, gives_an_old_descriptors_event_to_no_successor_in_its_slot) {
    reactor loop;
    pair one;
    pair two;
    pair silent;
    recorder successor;
    reactor::watch_id ids[2] = {};
    int calls = 0;
    // Whichever is called first replaces the other by a watcher of a silent descriptor.
    const auto replace = [&](int other) {
        ++calls;
        loop.unwatch(ids[other]);
        EXPECT_NE(loop.watch(silent.ends[0], successor), 0U);
    };
    recorder first([&] { replace(1); });
    recorder second([&] { replace(0); });
    ids[0] = loop.watch(one.ends[0], first);
    ids[1] = loop.watch(two.ends[0], second);
    one.say("x");
    two.say("x");
    loop.turn(0ms);
    EXPECT_EQ(calls, 1);
    EXPECT_THAT(successor.seen, IsEmpty());
}

TEST(reactor, lets_a_watcher_be_destroyed_in_its_own_call) {
    reactor loop;
    pair one;
    reactor::watch_id id = 0;
    std::unique_ptr<recorder> watcher;
    watcher = std::make_unique<recorder>([&] {
        loop.unwatch(id);
        watcher.reset();
    });
    id = loop.watch(one.ends[0], *watcher);
    one.say("x");
    loop.turn(0ms);
    loop.turn(0ms);
    EXPECT_EQ(watcher, nullptr);
}

TEST(reactor, refuses_what_cannot_be_watched) {
    reactor loop;
    recorder watcher;
    EXPECT_EQ(loop.watch(-1, watcher), 0U);
    loop.unwatch(0);
    loop.want(0, true, true);
}

TEST(reactor, runs_what_is_posted_in_order_and_what_that_posts_in_the_next_turn) {
    reactor loop;
    std::string order;
    loop.post([&] {
        order += 'a';
        loop.post([&] { order += 'c'; });
    });
    loop.post([&] { order += 'b'; });
    loop.turn(1h);
    EXPECT_EQ(order, "ab");
    loop.turn(1h);  // does not wait: there is something to do
    EXPECT_EQ(order, "abc");
}

TEST(reactor, wakes_for_each_thread_that_posts_and_loses_nothing) {
    reactor loop;
    constexpr int threads = 4;
    constexpr int posts = 2'000;
    std::vector<int> next(threads, 0);
    int ran = 0;
    bool in_order = true;
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t) {
        running.emplace_back([&, t] {
            for (int n = 0; n < posts; ++n) {
                loop.post([&, t, n] {
                    in_order = in_order && next[static_cast<std::size_t>(t)]++ == n;
                    if (++ran == threads * posts) {
                        loop.stop();
                    }
                });
            }
        });
    }
    loop.run();
    for (auto& each : running) {
        each.join();
    }
    EXPECT_TRUE(in_order);
    EXPECT_EQ(ran, threads * posts);
}

TEST(reactor, destroys_what_is_posted_after_it_was_stopped) {
    reactor loop;
    loop.stop();
    const auto held = std::make_shared<int>(1);
    loop.post([held] {});
    EXPECT_EQ(held.use_count(), 1);
    loop.run();
}

TEST(reactor, calls_its_host_around_each_turn) {
    struct host : reactor::host {
        void turn_begins() override { order += '('; }
        void turn_ends() override { order += ')'; }
        std::string order;
    } owner;
    reactor loop(&owner);
    loop.post([&] { owner.order += 'x'; });
    loop.turn(0ms);
    EXPECT_EQ(owner.order, "(x)");
}

TEST(reactor, wake_makes_one_turn) {
    reactor loop;
    loop.wake();
    loop.turn(1h);
    loop.turn(0ms);
}

TEST(timer, fires_in_order_of_time_and_once) {
    reactor loop;
    std::string order;
    timer late(loop, [&] { order += 'b'; });
    timer early(loop, [&] { order += 'a'; });
    timer never(loop, [&] { order += 'x'; });
    late.at(loop.now() + 2ms);
    early.at(loop.now() + 1ms);
    never.at(mono_time::max());
    while (order.size() < 2) {
        loop.turn(1h);
    }
    loop.turn(0ms);
    EXPECT_EQ(order, "ab");
}

TEST(timer, that_was_moved_fires_at_the_new_time_only) {
    reactor loop;
    int calls = 0;
    timer moved(loop, [&] { ++calls; });
    moved.at(loop.now() + 1ms);
    const auto later = loop.now() + 20ms;
    moved.at(later);
    while (calls == 0) {
        loop.turn(1h);
    }
    EXPECT_GE(loop.now(), later);
    moved.at(loop.now() + 1h);
    moved.at(loop.now());  // earlier again
    loop.turn(1h);
    EXPECT_EQ(calls, 2);
    moved.at(loop.now());
    moved.at(mono_time::max());  // called off
    loop.turn(0ms);
    EXPECT_EQ(calls, 2);
}

TEST(timer, that_asks_to_be_called_at_once_does_not_keep_the_loop) {
    reactor loop;
    int calls = 0;
    timer again(loop, [&] {
        ++calls;
        again.at(loop.now());
    });
    again.at(loop.now());
    loop.turn(0ms);
    EXPECT_EQ(calls, 1);
    loop.turn(1h);
    EXPECT_EQ(calls, 2);
}

TEST(timer, may_destroy_itself_and_others_in_its_call) {
    reactor loop;
    std::unique_ptr<timer> one;
    std::unique_ptr<timer> two;
    int calls = 0;
    const auto drop = [&] {
        ++calls;
        one.reset();
        two.reset();
    };
    one = std::make_unique<timer>(loop, drop);
    two = std::make_unique<timer>(loop, drop);
    one->at(loop.now());
    two->at(loop.now());
    loop.turn(0ms);
    EXPECT_EQ(calls, 1);
    timer successor(loop, [&] { ++calls; });
    loop.turn(0ms);
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace evergrass::rt
