#include "edge/functions/function_manager.hpp"

#include "edge/functions/developments.hpp"
#include "edge/functions/ipc_endpoint.hpp"
#include "edge/isolation/cgroup_home.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"
#include "libs/http/server.hpp"
#include "libs/rt/run_on.hpp"
#include "libs/rt/stream.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace evergrass::edge {

namespace asio = boost::asio;
using namespace functions;

namespace {

constexpr std::size_t max_header_bytes = 64 * 1024;      // a client context travels in a header
constexpr std::size_t max_body_bytes = 6 * 1024 * 1024;  // Lambda's limit of a payload
constexpr std::chrono::hours keep_connection{24};        // a worker's, between its requests
constexpr int port_attempts = 16;  // to find a free port on both loopback addresses

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

// Those that have no runtime are parts of the core (GGIPDetector, GGCloudSpooler …).
bool is_system_function(const contract::function& f) {
    return f.runtime.empty() && f.artifact.empty();
}

}  // namespace

std::string_view to_string(worker_state state) {
    constexpr std::array<std::string_view, 7> names = {
        "NotStarted",           "Starting",  "Initialized", "Waiting", "Working",
        "FailedInitialization", "Terminated"};
    return names.at(static_cast<std::size_t>(state));
}

class function_manager::implementation
    : public std::enable_shared_from_this<function_manager::implementation> {
public:
    implementation(asio::any_io_executor executor, function_settings settings, router& messages,
                   logger log)
        : executor_(executor),
          settings_(std::move(settings)),
          router_(messages),
          log_(log),
          changed_(std::make_shared<event>(executor)),
          pool_(executor, settings_, pool_callbacks(), log),
          developments_(std::make_shared<developments>(executor, settings_, pool_, changed_, log)),
          endpoint_(std::make_shared<ipc_endpoint>(
              executor, pool_, messages,
              ipc_services{settings_.credentials, settings_.secrets, settings_.shadows}, log)),
          server_(
              server_options(endpoint_),
              [endpoint = endpoint_](http::request r) {
                  return ipc_endpoint::answer(endpoint, std::move(r));
              },
              log) {}

    ~implementation() {  // suspended requests may outlive the pool
        endpoint_->stop();
        developments_->stop();
    }

    result<void> open();
    std::uint16_t ipc_port() const { return listeners_.empty() ? 0 : listeners_.front()->port(); }

    static asio::awaitable<std::vector<function_failure>> apply(
        std::shared_ptr<implementation> self, std::vector<contract::function> functions,
        std::vector<contract::logger_setting> loggers, json::array resources);
    static asio::awaitable<void> stop(std::shared_ptr<implementation> self);

    std::optional<drop_reason> deliver(const endpoint& target, const message& m);
    std::optional<drop_reason> would_drop(const endpoint& target) const;
    std::vector<function_status> status() const;
    static asio::awaitable<result<invocation_result>> invoke(std::shared_ptr<implementation> self,
                                                             std::string function,
                                                             std::string payload,
                                                             std::string client_context,
                                                             bool event);
    result<std::unique_ptr<development>> develop(development_request asked,
                                                 std::function<void(development_news)> tell) {
        return developments_->begin(std::move(asked), std::move(tell));
    }

private:
    struct awaited {  // an operator's invocation
        explicit awaited(asio::any_io_executor executor)
            : finished(std::make_shared<functions::event>(std::move(executor))) {}
        std::shared_ptr<functions::event> finished;
        std::optional<outcome> result;
    };
    using listeners = std::vector<std::unique_ptr<rt::listener>>;

    static http::server_options server_options(const std::shared_ptr<ipc_endpoint>& endpoint);
    worker_pool::callbacks pool_callbacks();
    result<listeners> listen();
    result<std::unique_ptr<rt::listener>> listen_on(const std::string& address, std::uint16_t port);
    using plans = std::vector<std::pair<contract::function, result<launch_plan>>>;
    std::vector<contract::function> changed(const std::vector<contract::function>& wanted,
                                            bool restart_all) const;
    static asio::awaitable<plans> plan(std::shared_ptr<implementation> self,
                                       std::vector<contract::function> functions);
    void remove_all_but(const std::vector<contract::function>& wanted);
    void replace(plans functions);
    void release_those_whose_place_is_free();
    void look_at_host();
    void tell_isolation(const std::vector<contract::function>& wanted);

    asio::any_io_executor executor_;
    function_settings settings_;
    router& router_;
    logger log_;
    std::shared_ptr<event> changed_;          // something apply() or stop() may wait for
    std::set<std::string> starting_;          // pinned functions that apply() waits for
    std::set<std::string> held_;              // those of them whose predecessor still works
    std::set<std::string> broken_;            // pinned ones that failed to start and didn't recover
    std::vector<function_failure> failures_;  // of the deployment being applied
    worker_pool pool_;
    std::shared_ptr<developments> developments_;
    std::shared_ptr<ipc_endpoint> endpoint_;
    http::server server_;
    listeners listeners_;
    std::map<std::string, std::shared_ptr<awaited>> awaited_;  // by invocation
};

http::server_options function_manager::implementation::server_options(
    const std::shared_ptr<ipc_endpoint>& endpoint) {
    http::server_options options;
    options.max_header_bytes = max_header_bytes;
    options.max_body_bytes = max_body_bytes;
    options.idle_timeout = keep_connection;
    options.at_once = [endpoint](http::request& r) { return endpoint->answer_at_once(r); };
    return options;
}

worker_pool::callbacks function_manager::implementation::pool_callbacks() {
    worker_pool::callbacks calls;
    calls.hand_over = [this](worker_id worker, work item) {
        endpoint_->hand_over(worker, std::move(item));
    };
    calls.finish = [this](finished f) {
        if (const auto found = awaited_.find(f.invocation); found != awaited_.end()) {
            found->second->result = std::move(f.result);
            found->second->finished->wake();
        } else {
            endpoint_->finish(std::move(f));
        }
    };
    calls.drop = [this](const lost& l) {
        const endpoint target{endpoint_kind::function, l.arn};
        router_.count_drop(l.stopped ? drop_reason::function_stopped : drop_reason::function_failed,
                           routed_topic(l.item.client_context), &target);
    };
    calls.came_up = [this](const std::string& arn) {
        starting_.erase(arn);
        broken_.erase(arn);
        changed_->wake();
        developments_->tell(arn, {development_news::kind::up, log_level::info, {}});
    };
    calls.start_failed = [this](const std::string& arn, std::string reason) {
        if (starting_.erase(arn) != 0) {
            failures_.push_back({arn, std::move(reason)});
            broken_.insert(arn);
            changed_->wake();
        }
    };
    calls.ended = [this](worker_id worker) {
        endpoint_->worker_ended(worker);
        changed_->wake();
    };
    calls.line = [this](const std::string& arn, log_level level, std::string_view line) {
        developments_->tell(arn, {development_news::kind::line, level, std::string(line)});
    };
    calls.died = [this](const std::string& arn, const std::string& why) {
        developments_->tell(arn, {development_news::kind::ended, log_level::error, why});
    };
    return calls;
}

result<void> function_manager::implementation::open() {
    look_at_host();
    for (int attempt = 1;; ++attempt) {
        auto opened = listen();
        if (opened) {
            listeners_ = std::move(*opened);
            break;
        }
        // A port that the system picked for 127.0.0.1 may be taken on ::1.
        if (settings_.ipc_port != 0 || attempt == port_attempts) {
            return with_context(opened.error(),
                                "the functions' port (ggDaemonPort in config.json)");
        }
    }
    pool_.set_ipc_port(ipc_port());
    log_.info("Functions are served.",
              {{"address", settings_.ipc_address}, {"port", static_cast<int>(ipc_port())}});
    return {};
}

// Both loopback addresses, for `localhost` is either of them, and a stranger that listened on the
// other one would be sent the functions' tokens.
result<function_manager::implementation::listeners> function_manager::implementation::listen() {
    listeners all;
    auto first = listen_on(settings_.ipc_address, settings_.ipc_port);
    if (!first) {
        return first.error();
    }
    all.push_back(std::move(*first));
    if (settings_.ipc_address != "127.0.0.1") {
        return all;
    }
    auto second = listen_on("::1", all.front()->port());
    if (second) {
        all.push_back(std::move(*second));
    } else if (second.error().code == boost::system::errc::address_in_use) {
        return second.error();
    } else {
        log_.info("This host has no IPv6 loopback; functions are served on 127.0.0.1 only.",
                  {{"reason", second.error()}});
    }
    return all;
}

result<std::unique_ptr<rt::listener>> function_manager::implementation::listen_on(
    const std::string& address, std::uint16_t port) {
    rt::listen_options options;
    options.address = address;
    options.port = port;
    return rt::listener::open_plain(
        executor_, options,
        [this](rt::plain_connection connection) {
            boost::system::error_code ignored;
            connection.socket.set_option(asio::ip::tcp::no_delay(true), ignored);
            server_.serve(std::move(connection));
        },
        log_);
}

asio::awaitable<std::vector<function_failure>> function_manager::implementation::apply(
    std::shared_ptr<implementation> self, std::vector<contract::function> functions,
    std::vector<contract::logger_setting> loggers, json::array resources) {
    std::erase_if(functions, is_system_function);
    auto local = read_local_resources(resources);
    if (!local) {
        co_return std::vector<function_failure>{
            {"resources", "group config is invalid: " + local.error().message()}};
    }
    const bool level_changed = self->pool_.prepare(loggers, std::move(*local));
    auto planned = co_await plan(self, self->changed(functions, level_changed));
    self->failures_.clear();
    self->starting_.clear();
    self->held_.clear();
    self->tell_isolation(functions);
    self->developments_->note_deployed(functions);
    self->remove_all_but(functions);
    self->replace(std::move(planned));
    // What a removed function still works on is not waited for, unless its code goes with a reset.
    const bool all_go = functions.empty();
    for (;;) {
        self->release_those_whose_place_is_free();
        if (self->starting_.empty() && !self->pool_.has_former_workers_ending() &&
            !(all_go && self->pool_.has_former_workers())) {
            break;
        }
        co_await event::wait(self->changed_);
    }
    co_return std::move(self->failures_);
}

// Unchanged functions stay, but for pinned ones that never came up: their host may have been put
// right since.
std::vector<contract::function> function_manager::implementation::changed(
    const std::vector<contract::function>& wanted, bool restart_all) const {
    std::vector<contract::function> all;
    for (const auto& f : wanted) {
        const auto* running = pool_.find(f.arn);
        if (developments_->holds(f.arn)) {
            continue;
        }
        if (restart_all || running == nullptr || *running != f || broken_.contains(f.arn) ||
            !pool_.is_current(f.arn)) {
            all.push_back(f);
        }
    }
    return all;
}

asio::awaitable<function_manager::implementation::plans> function_manager::implementation::plan(
    std::shared_ptr<implementation> self, std::vector<contract::function> functions) {
    auto users = self->pool_.users_of(functions);
    std::function<plans()> work = [self, functions = std::move(functions), users = std::move(users),
                                   host = self->pool_.host()] {
        plans made;
        for (std::size_t i = 0; i < functions.size(); ++i) {
            const auto& f = functions[i];
            made.emplace_back(f, plan_launch(f, self->pool_.directory_of(f), host, users[i]));
        }
        return made;
    };
    const auto where = self->settings_.blocking ? self->settings_.blocking : self->executor_;
    co_return co_await rt::run_on(where, std::move(work));
}

void function_manager::implementation::remove_all_but(
    const std::vector<contract::function>& wanted) {
    for (const auto& arn : pool_.arns()) {
        const auto is_it = [&arn](const auto& f) { return f.arn == arn; };
        if (std::none_of(wanted.begin(), wanted.end(), is_it) && !developments_->holds(arn)) {
            pool_.remove(arn);
            broken_.erase(arn);
        }
    }
}

// A long-lived function has its devices and ports for itself, so a new version waits for the end of
// the one before; what comes for it meanwhile waits in its queue. An on-demand one may work beside
// it.
void function_manager::implementation::replace(plans functions) {
    for (auto& [f, plan] : functions) {
        if (developments_->holds(f.arn)) {  // since they were planned
            continue;
        }
        pool_.retire(f.arn);
        broken_.erase(f.arn);
        worker_pool::add_options options;
        options.held = f.pinned;
        if (f.pinned) {
            starting_.insert(f.arn);
            held_.insert(f.arn);
        }
        if (auto added = pool_.add(f, std::move(plan), options); !added) {
            starting_.erase(f.arn);
            held_.erase(f.arn);
            // In the words of a worker's failure: operators look for them. Ours say all in their
            // sentence.
            const auto& why = added.error();
            const bool whole = !why.context.empty() && why.code.category() == base_category();
            const auto reason = "worker with " + uuid_v4() + " failed to initialize with reason " +
                                (whole ? why.context : why.message());
            log_.error("A function cannot run.", {{"function", f.arn}, {"reason", reason}});
            failures_.push_back({f.arn, reason});
        }
    }
}

void function_manager::implementation::look_at_host() {
    if (::geteuid() == 0) {
        if (const auto home = isolation::take_cgroup_home(); !home) {
            log_.warn("Functions cannot be limited in memory.", {{"reason", home.error()}});
        }
    }
    pool_.look_at_host();
    const auto& host = pool_.isolation();
    if (!host.available) {
        log_.warn(
            "This host cannot isolate functions: those configured for GreengrassContainer will "
            "not run.",
            {{"reason", host.reason}});
    } else if (host.lacks.empty()) {
        log_.info("Functions are isolated.");
    } else {
        log_.warn("Functions are isolated, but not limited in all: this host has no control of it.",
                  {{"lacks", joined(host.lacks)}});
    }
}

void function_manager::implementation::release_those_whose_place_is_free() {
    for (auto it = held_.begin(); it != held_.end();) {
        if (pool_.has_former_workers_of(*it)) {
            ++it;
        } else {
            const auto arn = *it;
            it = held_.erase(it);
            pool_.release(arn);
        }
    }
}

void function_manager::implementation::tell_isolation(
    const std::vector<contract::function>& wanted) {
    const auto contained = std::count_if(wanted.begin(), wanted.end(), [](const auto& f) {
        return f.isolation_mode == contract::isolation::greengrass_container;
    });
    const auto& host = pool_.isolation();
    if (contained != 0 && !host.available) {
        log_.error("Functions configured for GreengrassContainer cannot run on this host.",
                   {{"functions", contained}, {"reason", host.reason}});
    }
    if (contained != 0 && host.available && !host.lacks.empty()) {
        log_.warn("Functions are isolated, but not limited in all: this host has no control of it.",
                  {{"functions", contained}, {"lacks", joined(host.lacks)}});
    }
}

asio::awaitable<void> function_manager::implementation::stop(std::shared_ptr<implementation> self) {
    self->developments_->stop();
    self->pool_.stop();
    while (self->pool_.has_workers()) {
        co_await event::wait(self->changed_);
    }
    self->endpoint_->stop();
    for (const auto& l : self->listeners_) {
        l->stop();
    }
    co_await self->server_.stop(std::chrono::milliseconds(0));
}

std::optional<drop_reason> function_manager::implementation::deliver(const endpoint& target,
                                                                     const message& m) {
    const auto refused =
        pool_.submit(target.name, {uuid_v4(), m.payload, routed_client_context(m.topic), 0});
    if (!refused) {
        return std::nullopt;
    }
    return *refused == refusal::queue_full ? drop_reason::work_queue_full
                                           : drop_reason::function_stopped;
}

std::optional<drop_reason> function_manager::implementation::would_drop(
    const endpoint& target) const {
    if (pool_.find(target.name) == nullptr) {
        return drop_reason::function_stopped;
    }
    std::size_t queued = 0;
    bool served_at_once = false;
    for (const auto& function : pool_.status()) {
        queued += function.queued;
        served_at_once |= function.arn == target.name && function.state == worker_state::waiting;
    }
    const bool full = queued >= settings_.max_work_items && !served_at_once;
    return full ? std::optional(drop_reason::work_queue_full) : std::nullopt;
}

std::vector<function_status> function_manager::implementation::status() const {
    auto all = pool_.status();
    for (auto& s : all) {
        s.memory_kb = pool_.memory_kb(s.arn);
    }
    return all;
}

asio::awaitable<result<invocation_result>> function_manager::implementation::invoke(
    std::shared_ptr<implementation> self, std::string function, std::string payload,
    std::string client_context, bool event) {
    const auto began = std::chrono::steady_clock::now();
    invocation_result answer;
    answer.arn = self->pool_.resolve_name(function);
    if (answer.arn.empty()) {
        co_return error{errc::not_found,
                        "'" + function +
                            "' is no function of the deployed group, or more than one version of "
                            "it is: `evergrass functions` lists them with their ARNs"};
    }
    answer.id = uuid_v4();
    const auto pending = std::make_shared<awaited>(self->executor_);
    if (!event) {
        self->awaited_.emplace(answer.id, pending);
    }
    const std::shared_ptr<void> forget(nullptr, [self, id = answer.id](void*) {
        self->awaited_.erase(id);
        self->pool_.take_log_tail(id);
    });
    const auto refused = self->pool_.submit(
        answer.arn, {answer.id, std::make_shared<const std::string>(std::move(payload)),
                     std::move(client_context), event ? 0 : operator_id});
    if (refused) {
        co_return error{errc::unavailable,
                        *refused == refusal::queue_full
                            ? "the queue of work is full (maxWorkItemCount in config.json); try "
                              "again when functions have worked it off"
                            : answer.arn + " was stopped"};
    }
    if (event) {
        answer.outcome = "accepted";
        co_return answer;
    }
    while (!pending->result) {
        co_await functions::event::wait(pending->finished);
    }
    constexpr std::array<const char*, 3> names = {"success", "handled", "unhandled"};
    answer.outcome = names.at(static_cast<std::size_t>(pending->result->kind));
    answer.body = std::move(pending->result->body);
    answer.log = self->pool_.take_log_tail(answer.id);
    answer.took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - began);
    co_return answer;
}

function_manager::function_manager(asio::any_io_executor executor, function_settings settings,
                                   router& messages, logger log)
    : implementation_(std::make_shared<implementation>(std::move(executor), std::move(settings),
                                                       messages, std::move(log))) {}

function_manager::~function_manager() = default;

result<void> function_manager::open() {
    return implementation_->open();
}

std::uint16_t function_manager::ipc_port() const {
    return implementation_->ipc_port();
}

asio::awaitable<std::vector<function_failure>> function_manager::apply(
    std::vector<contract::function> functions, std::vector<contract::logger_setting> loggers,
    json::array resources) {
    return implementation::apply(implementation_, std::move(functions), std::move(loggers),
                                 std::move(resources));
}

asio::awaitable<void> function_manager::stop() {
    return implementation::stop(implementation_);
}

std::optional<drop_reason> function_manager::deliver(const endpoint&, const endpoint& target,
                                                     const message& m) {
    return implementation_->deliver(target, m);
}

std::optional<drop_reason> function_manager::would_drop(const endpoint& target,
                                                        std::string_view) const {
    return implementation_->would_drop(target);
}

std::vector<function_status> function_manager::status() const {
    return implementation_->status();
}

asio::awaitable<result<invocation_result>> function_manager::invoke(std::string function,
                                                                    std::string payload,
                                                                    std::string client_context,
                                                                    bool event) {
    return implementation::invoke(implementation_, std::move(function), std::move(payload),
                                  std::move(client_context), event);
}

result<std::unique_ptr<development>> function_manager::develop(
    development_request asked, std::function<void(development_news)> tell) {
    return implementation_->develop(std::move(asked), std::move(tell));
}

}  // namespace evergrass::edge
