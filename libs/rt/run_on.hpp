#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <utility>

namespace evergrass::rt {

namespace asio = boost::asio;

namespace detail {

template <class T>
asio::awaitable<T> run_here(std::function<T()> work) {
    co_return work();
}

}  // namespace detail

// Runs `work` on `where`, a pool for what blocks; the caller goes on on its own executor, with the
// result or the exception. A caller that is cancelled meanwhile waits all the same: `work` may
// refer to what it owns.
//
// The empty slot is what keeps a cancellation out: Asio would emit it on `where`, beside the thread
// on which the work is just ending.
template <class T>
asio::awaitable<T> run_on(asio::any_io_executor where, std::function<T()> work) {
    auto outcome = co_await asio::co_spawn(
        where, detail::run_here<T>(std::move(work)),
        asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
    co_return outcome;
}

}  // namespace evergrass::rt
