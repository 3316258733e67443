#pragma once

#include "edge/functions/function_manager.hpp"
#include "edge/functions/latencies.hpp"
#include "libs/base/time.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

// Which invocation runs when and in which worker. Pure: events and the time go in, actions come
// out; processes, pipes and HTTP are the function manager's. One executor, no locks.
namespace evergrass::edge::functions {

using worker_id = std::uint64_t;  // never used twice; 0 is none
// Who invokes from outside, with `evergrass invoke`: waits for the result as a worker does.
constexpr worker_id operator_id = std::numeric_limits<worker_id>::max();

struct work {
    std::string id;  // the invocation's
    std::shared_ptr<const std::string> payload;
    std::string client_context;  // base64 JSON as the invoker sent it, or empty
    // The worker that waits for the result, 0 when nobody does. What a worker waits for is taken
    // from the queues when it ends.
    worker_id invoker = 0;
    int depth = 0;  // how many invocations wait for this one, each for the next; set by submit()
};

enum class outcome_kind { success, handled, unhandled };

struct outcome {
    outcome_kind kind = outcome_kind::success;
    std::string body;
};

// {"errorMessage": text, "errorType": type}, the form of a function's error (lambda-ipc.md §5.4).
outcome unhandled_error(std::string_view text, std::string_view type);

struct function_spec {
    std::string arn;
    bool pinned = false;
    std::chrono::milliseconds timeout{3000};  // from handing over the work to its result
    // Somebody sits before it (`evergrass dev`): a worker is started at once though it is
    // on-demand, and one that ends is not started again before there is work or a new version.
    bool tended = false;
    // Of an on-demand one that was invoked, a worker is kept that waits, started ahead of the
    // invocation that finds all others at work.
    bool keeps_ready = false;
};

struct scheduler_limits {
    std::size_t max_work_items = 1024;  // queued over all functions, those being worked on apart
    std::size_t max_on_demand_workers = 25;
    std::chrono::milliseconds start_limit{30'000};
    std::chrono::milliseconds idle_reap{60'000};
    // From the invocation that took the last waiting worker to the start of another one: the first
    // has the processor to itself.
    std::chrono::milliseconds ready_delay{200};
};

// What the caller has to do next, in this order.
struct start_worker {
    worker_id worker;
    std::string arn;
};
struct end_worker {
    worker_id worker;
    bool at_once;  // SIGKILL; else SIGTERM first
};
struct hand_over {  // answer the worker's GET work
    worker_id worker;
    work item;
};
struct finished {  // an invocation that someone waits for has its result
    std::string invocation;
    outcome result;
};
struct lost {  // a message that no worker will get
    std::string arn;
    work item;
    bool stopped;  // the function was removed; else its worker did not start
};
struct came_up {  // a pinned or tended function is initialized
    std::string arn;
};
struct start_failed {  // a worker ended before it was initialized
    std::string arn;
    worker_id worker;
};
using action =
    std::variant<start_worker, end_worker, hand_over, finished, lost, came_up, start_failed>;

// Functions that invoke each other and wait, in a circle, would take all workers until the first
// one times out, and begin again. The cloud's Lambda stops such a chain at 16 too.
constexpr int max_depth = 16;

enum class refusal { unknown_function, queue_full, too_deep };

struct worker_view {
    worker_id worker;
    std::string arn;
    worker_state state;
};

class scheduler {
public:
    explicit scheduler(scheduler_limits limits) : limits_(limits) {}

    // A pinned function's worker is started at once. A held function takes work into its queue and
    // starts no worker before release(). REQUIRES: not there yet, or retired.
    void add(function_spec spec, mono_time now, bool held = false);
    void release(const std::string& arn, mono_time now);
    // Queued work fails, and its workers are told to end: at once, or, those that work, when they
    // have given their result, at the latest at their timeout. Their exits are still to be told.
    void remove(const std::string& arn);
    // As remove(), but its queue waits for the add() of the same ARN that follows. `at_once`: what
    // works is told to end too.
    void retire(const std::string& arn, bool at_once = false);
    // All functions are removed, and all workers told to end at once, those that work too.
    void stop();
    // Are there workers of removed functions: of any; of any version of the function with this
    // unqualified ARN; that were told to end, of any function?
    bool has_former_workers() const;
    bool has_former_workers(std::string_view unqualified_arn) const;
    bool has_former_workers_ending() const;
    // The one deployed function that the text names: a version's ARN, or an unqualified ARN when
    // one version only is deployed, a tended one beside it apart. Empty: none or more than one.
    std::string resolve(std::string_view arn) const;

    std::optional<refusal> submit(const std::string& arn, work item, mono_time now);
    // The worker waits for work (GET work), or no longer does.
    void ask(worker_id worker, mono_time now);
    void withdraw(worker_id worker);
    // It made a sign of life that shows its module is loaded (any IPC call).
    void initialized(worker_id worker);
    // It said that it cannot go on (PUT initialized with Success false).
    void gave_up(worker_id worker);
    // False: this worker is not working on that invocation (any more).
    bool finish(worker_id worker, std::string_view invocation, outcome result, mono_time now);
    // `reason` completes "The worker ended: …" for who waits for its invocation.
    void exited(worker_id worker, std::string_view reason, mono_time now);

    // Carries out what is due. Call it at deadline(), later is safe.
    void tick(mono_time now);
    // The earliest moment at which tick() could have something to do. May be too early.
    std::optional<mono_time> deadline() const;

    std::vector<action> take_actions();

    std::vector<function_status> status() const;  // in the order of ARNs
    std::vector<worker_view> workers() const;     // in the order of their start

private:
    struct function;
    struct worker {
        worker_id id = 0;
        std::shared_ptr<function> owner;
        worker_state state = worker_state::starting;
        bool asking = false;
        bool ending = false;     // told to end
        bool gave_up = false;    // see gave_up()
        bool used = false;       // it was given work
        std::string working_on;  // invocation id, or empty
        bool result_wanted = false;
        int depth = 0;  // of what it works on
        mono_time launched{};
        mono_time since{};  // becoming idle, or the hand-over of its work
    };
    struct queued {
        std::uint64_t order;  // over all functions: who waits longest is served first
        work item;
    };
    struct function {
        function_spec spec;
        bool removed = false;
        bool held = false;  // see add()
        std::deque<queued> queue;
        // Asking, the latest last: it is reused first. Those that have never worked come before: an
        // invocation finds what an earlier one left, as long as there is such a worker.
        std::vector<worker_id> idle;
        std::optional<mono_time> ready_at;  // see function_spec::keeps_ready
        std::size_t worker_count = 0;
        std::size_t starting = 0;  // not asked for work yet
        std::uint32_t failures_in_row = 0;
        std::optional<mono_time> restart_at;
        bool announced = false;  // came_up was given
        worker_state last_state = worker_state::not_started;
        std::uint64_t invocations = 0;
        std::uint64_t errors = 0;
        std::uint64_t restarts = 0;
        latencies took;
    };

    worker* find(worker_id id);
    void take_down(const std::shared_ptr<function>& f, bool at_once);
    void wake_tended(const std::shared_ptr<function>& f, mono_time now);
    void launch(const std::shared_ptr<function>& f, mono_time now);
    void hand(worker& w, work item, mono_time now);
    void end(worker& w, bool at_once);
    void mark_initialized(worker& w);
    void leave_idle(worker& w);
    void complete(const worker& w, outcome result, mono_time now);
    void fail(function& f, work item, outcome result);
    void fail_start(function& f, const worker& w, std::string_view reason);
    void plan_restart(function& f, const worker& ended, mono_time now);
    work pop(function& f);
    void drop_work_of(worker_id invoker);
    void serve_queues(mono_time now);
    std::shared_ptr<function> longest_waiting() const;
    void free_idle_workers(std::size_t wanted);
    void plan_ready(function& f, mono_time now);
    void make_ready(const std::shared_ptr<function>& f, mono_time now);
    bool is_last_ready(const worker& w) const;
    std::optional<mono_time> deadline_of(const worker& w) const;
    void carry_out_due(worker& w, mono_time now);
    void note(mono_time t);

    scheduler_limits limits_;
    std::map<std::string, std::shared_ptr<function>, std::less<>> functions_;
    std::unordered_map<worker_id, worker> workers_;
    worker_id last_worker_ = 0;
    std::uint64_t last_order_ = 0;
    std::size_t queued_ = 0;
    std::size_t on_demand_ = 0;
    std::optional<mono_time> deadline_;
    std::vector<action> actions_;
};

}  // namespace evergrass::edge::functions
