#pragma once

#include "libs/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud::lambda {

// One Invoke that a core is to answer.
struct core_order {
    std::string id;              // the request's id
    std::string thing;           // the core's
    std::string function;        // ARN; without a version: the one that the core has
    std::string client_context;  // base64 of a JSON object, or empty
    std::string payload;
    bool event = false;       // the core's word that it has it in its queue is the answer
    bool wants_tail = false;  // of the log
};

// What became of it.
struct core_outcome {
    enum class kind {
        success,
        handled,
        unhandled,
        accepted,   // an event
        not_found,  // the core doesn't run the function
        invalid,    // the payload is nothing that the function takes
        busy,       // the core's queue of work is full
        away,       // the core did not fetch it: nothing ran
        lost,       // the core fetched it and was not heard of since: it may have run
    } what = kind::away;
    std::string body;              // of not_found, invalid and busy: why
    std::string executed_version;  // empty: unknown
    std::string log_tail;          // at most 4 KiB, if it was wanted
};

struct invocation_limits {
    std::size_t most_of_core = 256;             // that wait or run
    std::size_t most_bytes = 64 * 1024 * 1024;  // of payloads that wait
    // How long a core may take to fetch one: while it polls, and while it doesn't.
    std::chrono::milliseconds fetch{10'000};
    std::chrono::milliseconds fetch_when_away{3'000};
    // A core that runs some asks for more at least every 20 s.
    std::chrono::seconds silence{90};
    std::chrono::seconds longest{900};  // Lambda's longest timeout
};

// The way of Invoke to the cores and back (docs/core-service-protocol.md): in memory, so an end of
// the service ends them. Any thread.
class core_invocations {
public:
    // `wake` ends the long polls of a core, and says whether there were any.
    core_invocations(std::function<bool(const std::string& thing)> wake,
                     invocation_limits limits = {});
    core_invocations(const core_invocations&) = delete;
    core_invocations& operator=(const core_invocations&) = delete;

    // False: too many wait or run on this core, or too large ones.
    bool submit(core_order order);

    // From the core: the oldest that waits for it, which runs from now on.
    std::optional<core_order> take(const std::string& thing);
    // Is there one for it that it was not called for within the last second?
    bool call(const std::string& thing);
    // False: this core has no such invocation, or nobody waits for it any more.
    bool finish(const std::string& thing, const std::string& id, core_outcome outcome);

    // Is there an invocation with this id?
    bool knows(const std::string& id) const;
    // What becomes of it; it is forgotten then, and when the caller is cancelled, which throws.
    static boost::asio::awaitable<core_outcome> outcome_of(core_invocations* self, std::string id);

private:
    struct signal;
    struct entry {
        core_order order;
        std::size_t bytes = 0;
        mono_time submitted{};
        mono_time fetched{};
        mono_time called{};
        bool taken = false;
        bool polled = false;  // the core polled when it was submitted
        std::optional<core_outcome> outcome;
        std::shared_ptr<signal> waiter;
    };
    struct core_state {
        std::size_t count = 0;              // of its entries
        std::deque<std::string> waiting{};  // ids; some may be gone
        mono_time heard{};
    };
    using entries = std::map<std::string, entry, std::less<>>;

    std::shared_ptr<signal> wait_at(const std::string& id,
                                    const boost::asio::any_io_executor& executor);
    // What became of it by now, or until when to wait for it.
    std::optional<core_outcome> look(const std::string& id, mono_time& until);
    void forget(const std::string& id);
    void drop(entries::iterator which);
    void drop_stale(mono_time now);
    void make_known(entry& of, core_outcome outcome);

    const std::function<bool(const std::string&)> wake_;
    const invocation_limits limits_;
    mutable std::mutex mutex_;
    entries entries_;
    std::map<std::string, core_state, std::less<>> cores_;
    std::size_t waiting_bytes_ = 0;
};

}  // namespace evergrass::cloud::lambda
