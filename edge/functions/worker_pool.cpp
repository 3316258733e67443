#include "edge/functions/worker_pool.hpp"

#include "edge/functions/jail_plan.hpp"
#include "edge/functions/worker_environment.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <unistd.h>
#include <utility>

namespace evergrass::edge::functions {

namespace {

constexpr std::size_t token_bytes = 24;
constexpr std::size_t most_waiting = 2;  // interpreters, of some 12 MB each
constexpr std::size_t longest_reason = 500;
constexpr std::size_t longest_tail = 4096;  // as Lambda's LogResult

mono_time now() {
    return std::chrono::steady_clock::now();
}

// 0: it has ended.
std::uint64_t resident_kb(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    file >> all >> resident;
    return file ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024 : 0;
}

std::string path_of_core() {
    const char* path = std::getenv("PATH");
    return path == nullptr ? std::string{} : path;
}

scheduler_limits limits_from(const function_settings& settings) {
    return {settings.max_work_items, settings.max_concurrent_workers, settings.start_limit,
            settings.idle_reap};
}

}  // namespace

worker_pool::worker_pool(boost::asio::any_io_executor executor, const function_settings& settings,
                         callbacks calls, logger log)
    : executor_(executor),
      settings_(settings),
      calls_(std::move(calls)),
      log_(log),
      logs_(settings.ggc_root, std::move(log)),
      host_path_(path_of_core()),
      host_{{}, settings.runtime_dir, remembering_prober(), settings.interpreters},
      scheduler_(limits_from(settings)),
      watcher_(executor),
      timer_(executor) {}

worker_pool::~worker_pool() {
    *alive_ = false;
}

std::filesystem::path worker_pool::directory_of(const contract::function& f) const {
    return settings_.ggc_root / "deployment" / "lambda" / f.arn;
}

void worker_pool::find_interpreters_anew() {
    host_.interpreters = find_interpreters(host_path_);
}

std::vector<std::optional<process_identity>> worker_pool::users_of(
    const std::vector<contract::function>& functions) const {
    std::vector<std::optional<process_identity>> all;
    for (const auto& f : functions) {
        const auto who = resolve_identity(f, settings_.allow_root, ::geteuid() == 0);
        all.push_back(who ? *who : std::nullopt);
    }
    return all;
}

result<void> worker_pool::add(const contract::function& f, result<launch_plan> plan,
                              const add_options& options) {
    auto identity = resolve_identity(f, settings_.allow_root, ::geteuid() == 0);
    if (!plan || !identity) {
        remove(f.arn);
        return plan ? identity.error() : plan.error();
    }
    if (!plan->remark.empty()) {
        log_.info(plan->remark, {{"function", f.arn}});
    }
    auto d = std::make_shared<deployed>();
    d->f = f;
    d->plan = std::move(*plan);
    d->identity = *identity;
    d->directory = options.directory.empty() ? directory_of(f) : options.directory;
    d->resources = resources_of(f);
    if (f.isolation_mode == contract::isolation::greengrass_container) {
        auto jail = prepare_jail(*d);
        if (!jail) {
            remove(f.arn);
            return jail.error();
        }
        d->jail = std::move(*jail);
        d->waiting = waiting_of(*d);
        if (!f.pinned) {
            jails_->keep_ready();
        }
    }
    d->log = logs_.of_function(f.arn);
    d->tended = options.tended;
    functions_.emplace(f.arn, std::move(d));
    choose_waiting();
    function_spec spec{f.arn, f.pinned, std::chrono::seconds(f.timeout_seconds), options.tended};
    const bool ready = kind_of_runtime(f.runtime) == runtime_kind::python ? settings_.python_ready
                                                                          : settings_.others_ready;
    spec.keeps_ready = ready && !f.pinned && !options.tended;
    scheduler_.add(std::move(spec), now(), options.held);
    settle();
    return {};
}

void worker_pool::look_at_host() {
    const auto work_directory = settings_.ggc_root / "var" / "work";
    jails_.emplace(executor_, watcher_, settings_.jail_program, work_directory);
    isolation_ = isolation::probe_isolation(settings_.jail_program, work_directory);
}

result<isolation::jail_order> worker_pool::prepare_jail(const deployed& d) const {
    if (!isolation_.available) {
        return error{errc::unsupported,
                     "this host cannot isolate it (" + isolation_.reason +
                         "); give it the IsolationMode NoContainer, or run the core on a host that "
                         "can (docs/isolation.md)"};
    }
    const auto identity = d.identity.value_or(process_identity{::geteuid(), ::getegid()});
    std::vector<resource_request> requests;
    for (const auto& access : d.f.resources) {
        requests.push_back({access.resource_id, access.permission == "rw"});
    }
    const auto granted =
        grant_resources(requests, d.resources, {identity.uid, identity.gid}, settings_.hidden);
    if (!granted) {
        return granted.error();
    }
    return plan_jail(settings_, {d.f, d.plan, d.directory, identity, *granted});
}

std::vector<std::string> worker_pool::environment_in_jail(const contract::function& f,
                                                          std::string_view token) const {
    return build_environment(settings_, f,
                             {code_in_jail, token, ipc_port_, to_string(logs_.level()), host_path_,
                              runtimes_in_jail, "/"});
}

// A core that isn't root cannot keep the host's root from its functions' user, which is its own.
std::optional<isolation::jail_order> worker_pool::waiting_of(const deployed& d) const {
    if (!settings_.interpreter_waits || d.f.pinned || ::geteuid() != 0) {
        return std::nullopt;
    }
    return plan_waiting_jail(*d.jail, kind_of_runtime(d.f.runtime), environment_in_jail(d.f, {}));
}

// Those that serve most functions.
void worker_pool::choose_waiting() {
    if (!jails_) {
        return;
    }
    std::vector<std::pair<isolation::jail_order, int>> served;
    for (const auto& [arn, d] : functions_) {
        if (!d->waiting) {
            continue;
        }
        const auto& wanted = *d->waiting;
        const auto found = std::find_if(served.begin(), served.end(),
                                        [&](const auto& one) { return one.first == wanted; });
        if (found == served.end()) {
            served.emplace_back(wanted, 1);
        } else {
            ++found->second;
        }
    }
    std::stable_sort(served.begin(), served.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<isolation::jail_order> chosen;
    for (std::size_t i = 0; i < std::min(served.size(), most_waiting); ++i) {
        chosen.push_back(std::move(served[i].first));
    }
    jails_->keep_waiting(std::move(chosen));
}

std::vector<local_resource> worker_pool::resources_of(const contract::function& f) const {
    std::vector<local_resource> used;
    for (const auto& r : resources_) {
        if (std::any_of(f.resources.begin(), f.resources.end(),
                        [&](const auto& access) { return access.resource_id == r.id; })) {
            used.push_back(r);
        }
    }
    return used;
}

bool worker_pool::is_current(const std::string& arn) const {
    const auto& d = *functions_.at(arn);
    return d.resources == resources_of(d.f);
}

void worker_pool::release(const std::string& arn) {
    scheduler_.release(arn, now());
    settle();
}

void worker_pool::remove(const std::string& arn) {
    functions_.erase(arn);
    choose_waiting();
    scheduler_.remove(arn);
    settle();
}

void worker_pool::retire(const std::string& arn, bool at_once) {
    functions_.erase(arn);
    choose_waiting();
    scheduler_.retire(arn, at_once);
    settle();
}

void worker_pool::stop() {
    functions_.clear();
    choose_waiting();
    scheduler_.stop();
    settle();
}

bool worker_pool::has_former_workers_of(const std::string& arn) const {
    const auto parsed = parse_function_arn(arn);
    return parsed && scheduler_.has_former_workers(parsed->unqualified());
}

const contract::function* worker_pool::find(const std::string& arn) const {
    const auto found = functions_.find(arn);
    return found == functions_.end() ? nullptr : &found->second->f;
}

bool worker_pool::is_tended(const std::string& arn) const {
    const auto found = functions_.find(arn);
    return found != functions_.end() && found->second->tended;
}

std::vector<std::string> worker_pool::arns() const {
    std::vector<std::string> all;
    for (const auto& [arn, d] : functions_) {
        all.push_back(arn);
    }
    return all;
}

std::optional<refusal> worker_pool::submit(const std::string& arn, work item) {
    const auto refused = scheduler_.submit(arn, std::move(item), now());
    settle();
    return refused;
}

void worker_pool::ask(worker_id worker) {
    scheduler_.ask(worker, now());
    settle();
}

void worker_pool::withdraw(worker_id worker) {
    scheduler_.withdraw(worker);
    settle();
}

void worker_pool::initialized(worker_id worker) {
    scheduler_.initialized(worker);
    settle();
}

void worker_pool::gave_up(worker_id id, std::string_view reason) {
    if (const auto found = workers_.find(id); found != workers_.end()) {
        found->second.last_fatal = reason.substr(0, longest_reason);
    }
    scheduler_.gave_up(id);
    settle();
}

bool worker_pool::finish(worker_id worker, std::string_view invocation, outcome result) {
    const auto found = workers_.find(worker);
    const bool watched = found != workers_.end() && found->second.operators == invocation;
    if (watched && found->second.process) {
        found->second.process->read_written();  // before it gave its result
    }
    const bool taken = scheduler_.finish(worker, invocation, std::move(result), now());
    if (watched && taken) {
        found->second.operators.clear();
    }
    settle();
    return taken;
}

std::optional<worker_identity> worker_pool::identify(const std::string& token) const {
    const auto found = tokens_.find(token);
    if (found == tokens_.end()) {
        return std::nullopt;
    }
    const auto& arn = workers_.at(found->second).owner->f.arn;
    if (functions_.contains(arn)) {
        return worker_identity{found->second, arn, arn};
    }
    const auto parsed = parse_function_arn(arn);
    auto successor = parsed ? resolve(parsed->unqualified()) : std::string{};
    return worker_identity{found->second, arn, successor.empty() ? arn : std::move(successor)};
}

std::vector<worker_report> worker_pool::workers() const {
    std::vector<worker_report> all;
    for (const auto& view : scheduler_.workers()) {
        if (const auto found = workers_.find(view.worker); found != workers_.end()) {
            const auto& w = found->second;
            all.push_back({view.arn, w.uuid, w.process ? w.process->pid() : 0, view.state});
        }
    }
    return all;
}

std::uint64_t worker_pool::memory_kb(const std::string& arn) const {
    std::uint64_t kb = 0;
    for (const auto& [id, w] : workers_) {
        if (w.owner->f.arn == arn && w.process) {
            kb += resident_kb(w.process->pid());
        }
    }
    return kb;
}

std::string worker_pool::resolve_name(std::string_view text) const {
    if (text.starts_with("arn:")) {
        return resolve(text);
    }
    std::string found;
    std::string tended;
    for (const auto& [arn, d] : functions_) {
        const auto parsed = parse_function_arn(arn);
        const bool exact = parsed && text == parsed->name + ":" + parsed->qualifier;
        if (!parsed || (text != parsed->name && !exact)) {
            continue;
        }
        auto& place = d->tended && !exact ? tended : found;
        if (!place.empty()) {
            return {};
        }
        place = arn;
    }
    return found.empty() ? tended : found;
}

std::string worker_pool::take_log_tail(const std::string& invocation) {
    const auto found = log_tails_.find(invocation);
    if (found == log_tails_.end()) {
        return {};
    }
    auto text = std::move(found->second);
    log_tails_.erase(found);
    return text;
}

bool worker_pool::prepare(const std::vector<contract::logger_setting>& loggers,
                          std::vector<local_resource> resources) {
    resources_ = std::move(resources);
    find_interpreters_anew();
    const bool level_changed = logs_.configure(loggers);
    for (auto& [arn, d] : functions_) {
        d->log = logs_.of_function(arn);
    }
    for (auto& [id, w] : workers_) {  // of removed functions too
        w.owner->log = logs_.of_function(w.owner->f.arn);
    }
    return level_changed;
}

const logger* worker_pool::log_of(const std::string& arn) const {
    const auto found = functions_.find(arn);
    return found == functions_.end() ? nullptr : &found->second->log;
}

void worker_pool::settle() {
    for (auto actions = scheduler_.take_actions(); !actions.empty();
         actions = scheduler_.take_actions()) {
        for (auto& a : actions) {
            std::visit([this](auto& one) { carry_out(one); }, a);
        }
    }
    arm();
}

// The timer is set again only for an earlier moment: with each invocation's deadline it would be
// set on every message, and tick() minds being called too early as little as too late.
void worker_pool::arm() {
    const auto next = scheduler_.deadline();
    if (!next || (armed_ && *armed_ <= *next)) {
        return;
    }
    armed_ = next;
    timer_.expires_at(*next);
    timer_.async_wait([this, alive = alive_](const boost::system::error_code& code) {
        if (code || !*alive) {
            return;
        }
        armed_.reset();
        scheduler_.tick(now());
        settle();
    });
}

void worker_pool::carry_out(start_worker& a) {
    worker w;
    w.owner = functions_.at(a.arn);
    w.uuid = uuid_v4();
    w.token = "Basic " + base64_encode(random_bytes(token_bytes));
    tokens_.emplace(w.token, a.worker);
    auto& kept = workers_.emplace(a.worker, std::move(w)).first->second;
    if (auto launched = launch(a.worker, kept); !launched) {
        // Not from here: its failure may start the next one.
        boost::asio::post(
            executor_, [this, alive = alive_, id = a.worker, reason = launched.error().message()] {
                if (*alive) {
                    worker_ended(id, reason);
                }
            });
    }
}

void worker_pool::carry_out(end_worker& a) {
    const auto found = workers_.find(a.worker);
    if (found == workers_.end() || !found->second.process) {
        return;
    }
    if (a.at_once) {
        found->second.process->kill();
    } else {
        found->second.told_to_end = true;
        found->second.process->terminate();
    }
}

void worker_pool::carry_out(hand_over& a) {
    if (a.item.invoker == operator_id) {
        workers_.at(a.worker).operators = a.item.id;
        log_tails_[a.item.id];
    }
    calls_.hand_over(a.worker, std::move(a.item));
}

void worker_pool::carry_out(const lost& a) {
    calls_.drop(a);
}

void worker_pool::carry_out(finished& a) {
    calls_.finish(std::move(a));
}

void worker_pool::carry_out(came_up& a) {
    calls_.came_up(a.arn);
}

void worker_pool::carry_out(start_failed& a) {
    log_.error("A function failed to start.", {{"function", a.arn}, {"reason", end_reason_}});
    calls_.start_failed(a.arn, end_reason_);
}

result<std::unique_ptr<worker_process>> worker_pool::start_process(worker_id id, const worker& w) {
    const auto& d = *w.owner;
    const worker_process::callbacks calls = {
        [this, id](log_level level, std::string_view line) { take_line(id, level, line); },
        [this, id](std::string reason) { worker_ended(id, reason); }};
    if (d.jail) {
        auto order = *d.jail;
        order.environment = environment_in_jail(d.f, w.token);
        const auto jail = jails_->take(order, d.waiting);
        if (!jail) {
            return jail.error();
        }
        return worker_process::start_jailed(executor_, watcher_, *jail, order, calls);
    }
    spawn_options options;
    options.program = d.plan.program.string();
    options.arguments = d.plan.arguments;
    options.directory = d.directory.string();
    options.identity = d.identity;
    options.environment =
        build_environment(settings_, d.f,
                          {d.directory, w.token, ipc_port_, to_string(logs_.level()), host_path_,
                           settings_.runtime_dir, d.directory});
    return worker_process::start(executor_, watcher_, options, calls);
}

result<void> worker_pool::launch(worker_id id, worker& w) {
    const auto& d = *w.owner;
    auto process = start_process(id, w);
    if (!process) {
        return process.error();
    }
    w.process = std::move(*process);
    logs_.of_runtime().info(
        "Worker started.",
        {{"function", d.f.arn}, {"workerId", w.uuid}, {"pid", w.process->pid()}});
    return {};
}

void worker_pool::take_line(worker_id id, log_level level, std::string_view line) {
    auto& w = workers_.at(id);
    w.owner->log.write(level, line);
    if (w.owner->tended) {
        calls_.line(w.owner->f.arn, level, line);
    }
    if (const auto tail = log_tails_.find(w.operators); tail != log_tails_.end()) {
        auto& text = tail->second;
        text.append("[").append(to_string(level)).append("] ").append(line).append("\n");
        if (text.size() > longest_tail) {
            text.erase(0, text.find('\n', text.size() - longest_tail) + 1);
        }
    }
    if (level == log_level::fatal) {
        w.last_fatal = line.substr(0, longest_reason);
    } else if (level == log_level::error) {
        w.last_error = line.substr(0, longest_reason);
    }
}

void worker_pool::worker_ended(worker_id id, const std::string& reason) {
    auto w = std::move(workers_.at(id));
    workers_.erase(id);
    tokens_.erase(w.token);
    const auto& last_words = w.last_fatal.empty() ? w.last_error : w.last_fatal;
    auto why = last_words.empty() ? reason : last_words + " (" + reason + ")";
    if (w.process && w.process->out_of_memory()) {
        why = "out of memory: it has " + std::to_string(w.owner->f.memory_size_kb) +
              " KB (MemorySize); " + reason;
    }
    logs_.of_runtime().info("Worker ended.",
                            {{"function", w.owner->f.arn}, {"workerId", w.uuid}, {"reason", why}});
    end_reason_ = "worker with " + w.uuid + " failed to initialize with reason " + why;
    const auto current = functions_.find(w.owner->f.arn);
    if (w.owner->tended && !w.told_to_end && current != functions_.end() &&
        current->second == w.owner) {
        calls_.died(w.owner->f.arn, why);
    }
    scheduler_.exited(id, why, now());
    settle();
    calls_.ended(id);
}

}  // namespace evergrass::edge::functions
