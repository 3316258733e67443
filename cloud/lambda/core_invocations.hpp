#pragma once

#include "libs/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    std::chrono::milliseconds fetch_elsewhere{5'000};  // where another service may have its poll
    // A core that runs some asks for more at least every 20 s.
    std::chrono::seconds silence{90};
    std::chrono::seconds longest{900};  // Lambda's longest timeout
};

// Where the services of one store have the invocations of cores that poll at another one than was
// asked (shared_invocations). All may wait for the store.
class invocations_elsewhere {
public:
    virtual ~invocations_elsewhere() = default;

    virtual void offer(const core_order& order) = 0;
    // The core has it from who was asked, and may tell its outcome to any service.
    virtual void fetched_here(const core_order& order) = 0;
    // The oldest that any service offers for this core; it is fetched then.
    virtual std::optional<core_order> take(const std::string& thing) = 0;
    // Who asked is told that the core, which has fetched it, is still heard of.
    virtual void goes_on(const std::string& id) = 0;
    // False: none with this id was fetched by this core and waits for its outcome.
    virtual bool finish(const std::string& thing, const std::string& id,
                        const core_outcome& outcome) = 0;
    struct state_of {
        bool taken = false;
        std::optional<core_outcome> outcome = {};
    };
    virtual state_of look(const std::string& id) = 0;
    // False: it was fetched before.
    virtual bool withdraw(const std::string& id) = 0;
    virtual void remove(const std::string& id) = 0;
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

    // Before anything is submitted: what this service's own polls don't fetch is offered there.
    // `blocking` is where it may wait. Both outlive this.
    void share(invocations_elsewhere& with, boost::asio::any_io_executor blocking);
    // Another service offers one for this core. Wakes its polls here.
    void heard_of_core(const std::string& thing);
    // What another service did with one that was offered. Waits for the store.
    void heard_of(const std::string& id);

    // False: too many wait or run on this core, or too large ones. This and the next ones may wait
    // for the store where it is shared.
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
        bool polled = false;   // the core polled when it was submitted
        bool offered = false;  // the other services know of it, by the store
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
    std::optional<core_order> take_here(const std::string& thing);
    std::optional<core_order> take_elsewhere(const std::string& thing);
    void tell_that_they_go_on(const std::string& thing);
    bool offers(const std::string& id) const;
    void note_taken(const std::string& id);

    const std::function<bool(const std::string&)> wake_;
    const invocation_limits limits_;
    mutable std::mutex mutex_;
    entries entries_;
    std::map<std::string, core_state, std::less<>> cores_;
    std::size_t waiting_bytes_ = 0;

    invocations_elsewhere* elsewhere_ = nullptr;
    boost::asio::any_io_executor blocking_;
    // Cores for which another service has, or had, an invocation.
    struct wanted_core {
        mono_time heard{};
        mono_time called{};
        std::uint64_t times = 0;  // it was heard of: one more may have come meanwhile
    };
    std::map<std::string, wanted_core, std::less<>> wanted_;
    // That a core fetched here for another service: when that was told that they go on.
    struct fetched_for_other {
        std::string id;
        mono_time since{};
        mono_time told{};
    };
    std::map<std::string, std::vector<fetched_for_other>, std::less<>> for_others_;
};

}  // namespace evergrass::cloud::lambda
