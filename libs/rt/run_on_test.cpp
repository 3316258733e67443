#include "libs/rt/run_on.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace evergrass::rt {
namespace {

asio::awaitable<void> count(asio::any_io_executor pool, int& done) {
    std::function<int()> work = [] { return 1; };
    done += co_await run_on(pool, std::move(work));
}

TEST(run_on, works_elsewhere_and_goes_on_here) {
    asio::thread_pool pool(2);
    asio::io_context io;
    std::thread::id worked;
    std::thread::id resumed;
    std::function<int()> work = [&] {
        worked = std::this_thread::get_id();
        return 7;
    };
    auto caller = [](asio::any_io_executor where, std::function<int()> what,
                     std::thread::id& at) -> asio::awaitable<int> {
        const int value = co_await run_on(where, std::move(what));
        at = std::this_thread::get_id();
        co_return value;
    };
    int value = 0;
    asio::co_spawn(io, caller(pool.get_executor(), std::move(work), resumed),
                   [&](const std::exception_ptr&, int got) { value = got; });
    io.run();
    EXPECT_EQ(value, 7);
    EXPECT_NE(worked, std::this_thread::get_id());
    EXPECT_EQ(resumed, std::this_thread::get_id());
}

TEST(run_on, hands_on_an_exception) {
    asio::thread_pool pool(1);
    asio::io_context io;
    std::function<int()> work = []() -> int { throw std::runtime_error("why"); };
    std::exception_ptr caught;
    asio::co_spawn(io, run_on(asio::any_io_executor(pool.get_executor()), std::move(work)),
                   [&](const std::exception_ptr& e, int) { caught = e; });
    io.run();
    EXPECT_TRUE(caught);
}

TEST(run_on, a_caller_cancelled_while_the_work_ends_gets_its_result) {
    constexpr int rounds = 2000;
    asio::thread_pool pool(2);
    asio::io_context io;
    int done = 0;
    for (int i = 0; i < rounds; ++i) {
        asio::cancellation_signal cancel;
        asio::co_spawn(
            io, count(pool.get_executor(), done),
            asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {}));
        asio::post(io, [&] { cancel.emit(asio::cancellation_type::terminal); });
        io.restart();
        io.run();
    }
    EXPECT_EQ(done, rounds);
}

}  // namespace
}  // namespace evergrass::rt
