#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

// Runs a test's coroutines on the test's own thread.
namespace evergrass::rt::testing {

// Runs handlers until `done()`. Throws when nothing is left that could make it come true.
template <class Condition>
void run_until(boost::asio::io_context& io, Condition done) {
    io.restart();
    while (!done()) {
        if (io.run_one() == 0) {
            throw std::logic_error("nothing is left to run, and what was waited for is not done");
        }
    }
}

// As run_until, where other threads make it come true, of whose work nothing comes to `io`. Asks
// after each handler, so that nothing is true for a moment only and missed.
template <class Condition>
void poll_until(boost::asio::io_context& io, Condition done) {
    while (!done()) {
        io.restart();
        if (io.poll_one() == 0) {
            std::this_thread::yield();
        }
    }
}

template <class T>
boost::asio::awaitable<void> store(boost::asio::awaitable<T> work, std::optional<T>* into) {
    auto outcome = co_await std::move(work);
    into->emplace(std::move(outcome));
}

// A coroutine that was started, for tests that do something else meanwhile.
template <class T>
class started {
public:
    started(boost::asio::io_context& io, boost::asio::awaitable<T> work)
        : io_(io), state_(std::make_shared<state>()) {
        boost::asio::co_spawn(io, store<T>(std::move(work), &state_->outcome),
                              [state = state_](std::exception_ptr thrown) {
                                  state->thrown = thrown;
                                  state->ended = true;
                              });
    }

    bool ended() const { return state_->ended; }

    T wait() {
        run_until(io_, [this] { return state_->ended; });
        if (state_->thrown) {
            std::rethrow_exception(state_->thrown);
        }
        return std::move(state_->outcome.value());
    }

private:
    struct state {
        std::optional<T> outcome;
        std::exception_ptr thrown;
        bool ended = false;
    };
    boost::asio::io_context& io_;
    std::shared_ptr<state> state_;
};

template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> work) {
    return started<T>(io, std::move(work)).wait();
}

}  // namespace evergrass::rt::testing
