#pragma once

#include "edge/functions/function_logs.hpp"
#include "edge/functions/identity.hpp"
#include "edge/functions/jail_launcher.hpp"
#include "edge/functions/runtimes.hpp"
#include "edge/functions/scheduler.hpp"
#include "edge/functions/worker_process.hpp"
#include "edge/isolation/host_isolation.hpp"
#include "edge/resources/local_resources.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace evergrass::edge::functions {

struct worker_identity {
    worker_id worker = 0;
    std::string arn;
    // Whose subscriptions carry what it publishes: its own, or, when its version was replaced while
    // it works, those of the one version that replaced it.
    std::string source_arn;
};

struct worker_report {  // one line of the health API
    std::string arn;
    std::string uuid;
    pid_t pid = 0;
    worker_state state = worker_state::not_started;
};

// The scheduler with real processes and the real clock: carries its actions out and tells it what
// comes of them. One executor.
class worker_pool {
public:
    // Called while the pool is at work: they note and wake, and never call back into the pool.
    struct callbacks {
        std::function<void(worker_id, work)> hand_over;
        std::function<void(finished)> finish;
        std::function<void(const lost&)> drop;
        std::function<void(const std::string& arn)> came_up;
        std::function<void(const std::string& arn, std::string reason)> start_failed;
        std::function<void(worker_id)> ended;
        // Of tended functions: what they log, and that a worker ended which should not.
        std::function<void(const std::string& arn, log_level, std::string_view)> line;
        std::function<void(const std::string& arn, const std::string& why)> died;
    };

    struct add_options {
        bool held = false;                // scheduler::add
        std::filesystem::path directory;  // of its code; empty: where deployments put it
        bool tended = false;              // function_spec
    };

    worker_pool(boost::asio::any_io_executor executor, const function_settings& settings,
                callbacks calls, logger log);
    ~worker_pool();  // kills the workers

    void set_ipc_port(std::uint16_t port) { ipc_port_ = port; }

    // Before the first function is added; blocks for some 20 ms.
    void look_at_host();
    const isolation::host_isolation& isolation() const { return isolation_; }

    // Where a deployment puts the function's code.
    std::filesystem::path directory_of(const contract::function& f) const;
    // Whom each of these would run as; nullopt for the core's own user, and where add() refuses.
    std::vector<std::optional<process_identity>> users_of(
        const std::vector<contract::function>& functions) const;
    // A copy, for plan_launch() on another thread.
    host_programs host() const { return host_; }
    void find_interpreters_anew();
    // Deploys a function by its plan_launch(). On an error, which is why it can never run here, a
    // retired one's queue fails.
    result<void> add(const contract::function& f, result<launch_plan> plan,
                     const add_options& options);
    void release(const std::string& arn);
    // As the scheduler's.
    void remove(const std::string& arn);
    void retire(const std::string& arn, bool at_once = false);
    void stop();
    // Of a removed function of the same name, whatever its version.
    bool has_former_workers_of(const std::string& arn) const;
    bool has_former_workers() const { return scheduler_.has_former_workers(); }
    bool has_former_workers_ending() const { return scheduler_.has_former_workers_ending(); }
    bool has_workers() const { return !workers_.empty(); }
    const contract::function* find(const std::string& arn) const;
    bool is_tended(const std::string& arn) const;
    std::vector<std::string> arns() const;

    // Of the scheduler, each followed by the actions it asked for.
    std::optional<refusal> submit(const std::string& arn, work item);
    void ask(worker_id worker);
    void withdraw(worker_id worker);
    void initialized(worker_id worker);
    void gave_up(worker_id worker, std::string_view reason);
    bool finish(worker_id worker, std::string_view invocation, outcome result);
    std::string resolve(std::string_view arn) const { return scheduler_.resolve(arn); }

    std::optional<worker_identity> identify(const std::string& token) const;
    std::vector<function_status> status() const { return scheduler_.status(); }
    std::vector<worker_report> workers() const;
    // Resident, of its workers together, as the kernel tells now.
    std::uint64_t memory_kb(const std::string& arn) const;
    // The function that an operator names: as resolve(), or by its name alone when it is one.
    // Empty: none or more than one.
    std::string resolve_name(std::string_view text) const;
    // The last lines that were written during an operator's invocation that has finished; once.
    std::string take_log_tail(const std::string& invocation);

    // Before a deployment's functions are added: looks for interpreters anew, applies the loggers
    // and takes the resources. True when workers that run must start anew for it.
    bool prepare(const std::vector<contract::logger_setting>& loggers,
                 std::vector<local_resource> resources);
    // Are the function's resources what they were when it was added?
    bool is_current(const std::string& arn) const;

    const logger* log_of(const std::string& arn) const;
    const logger& runtime_log() { return logs_.of_runtime(); }

private:
    struct deployed {
        contract::function f;
        launch_plan plan;
        std::optional<process_identity> identity;
        std::filesystem::path directory;
        std::vector<local_resource> resources;
        std::optional<isolation::jail_order> jail;     // but for the worker's own part
        std::optional<isolation::jail_order> waiting;  // by which one that waits would serve it
        logger log;
        bool tended = false;
    };
    struct worker {
        std::shared_ptr<deployed> owner;
        std::string uuid;
        std::string token;
        std::string last_fatal;  // what it said last at that level, to explain its end
        std::string last_error;
        std::string operators;  // the invocation whose lines are kept, or empty
        std::unique_ptr<worker_process> process;
        bool told_to_end = false;  // and not for being late
    };

    void settle();
    void arm();
    void carry_out(start_worker& a);
    void carry_out(end_worker& a);
    void carry_out(hand_over& a);
    void carry_out(finished& a);
    void carry_out(const lost& a);
    void carry_out(came_up& a);
    void carry_out(start_failed& a);
    result<isolation::jail_order> prepare_jail(const deployed& d) const;
    std::vector<local_resource> resources_of(const contract::function& f) const;
    std::vector<std::string> environment_in_jail(const contract::function& f,
                                                 std::string_view token) const;
    std::optional<isolation::jail_order> waiting_of(const deployed& d) const;
    void choose_waiting();
    result<void> launch(worker_id id, worker& w);
    result<std::unique_ptr<worker_process>> start_process(worker_id id, const worker& w);
    void take_line(worker_id id, log_level level, std::string_view line);
    void worker_ended(worker_id id, const std::string& reason);

    boost::asio::any_io_executor executor_;
    const function_settings& settings_;
    callbacks calls_;
    logger log_;
    function_logs logs_;
    std::uint16_t ipc_port_ = 0;
    std::string host_path_;
    host_programs host_;
    scheduler scheduler_;
    std::map<std::string, std::shared_ptr<deployed>, std::less<>> functions_;
    std::unordered_map<worker_id, worker> workers_;
    std::unordered_map<std::string, worker_id> tokens_;
    std::unordered_map<std::string, std::string> log_tails_;  // by an operator's invocation
    // Why a start failed, between the end of the process and the scheduler's word on it.
    std::string end_reason_;
    std::vector<local_resource> resources_;
    isolation::host_isolation isolation_{false, "it was not looked for", {}};
    child_watcher watcher_;
    std::optional<jail_launcher> jails_;
    boost::asio::steady_timer timer_;
    std::optional<mono_time> armed_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for handlers on their way
};

}  // namespace evergrass::edge::functions
