#include "edge/functions/ipc_endpoint.hpp"

#include "edge/functions/credentials_answer.hpp"
#include "edge/functions/system_functions.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/base/random.hpp"

#include <array>

namespace evergrass::edge::functions {

namespace asio = boost::asio;
using http::request;
using http::response;

namespace {

constexpr std::size_t max_unread_result_bytes = 64 * 1024 * 1024;
// Added to the function's timeout: how long a result waits for its reader.
constexpr std::chrono::seconds result_grace{60};

mono_time now() {
    return std::chrono::steady_clock::now();
}

response refuse(int status, std::string_view why) {
    response r;
    r.status = status;
    r.headers.add("Content-Type", "text/plain");
    r.body = std::string(why) + "\n";
    return r;
}

response refuse(const error& e) {
    int status = 400;
    if (e.code == errc::not_found) {
        status = 404;
    } else if (e.code == errc::unsupported) {
        status = 405;
    }
    return refuse(status, e.message());
}

response json_answer(int status, const json::value& value) {
    response r;
    r.status = status;
    r.headers.add("Content-Type", "application/json");
    r.body = json::serialize(value);
    return r;
}

std::string_view header_of(const request& r, std::string_view name) {
    return r.headers.get(name).value_or(std::string_view{});
}

// The empty value on success is part of the contract: V1's shadow client compares with it.
response result_answer(outcome result) {
    constexpr std::array<std::string_view, 3> names = {"", "Handled", "Unhandled"};
    response r;
    r.headers.add(std::string(header::function_error),
                  std::string(names[static_cast<std::size_t>(result.kind)]));
    r.body = std::move(result.body);
    return r;
}

response accepted(const std::string& id, invocation_type type) {
    response r;
    r.status = type == invocation_type::event ? 202 : 200;
    r.headers.add(std::string(header::invocation_id), id);
    return r;
}

json::object health_of(const worker_report& w) {
    json::object o;
    o["FuncArn"] = w.arn;
    o["WorkerId"] = w.uuid;
    o["ProcessId"] = std::to_string(w.pid);  // quoted in V1's examples
    o["WorkerState"] = to_string(w.state);
    return o;
}

}  // namespace

ipc_endpoint::ipc_endpoint(asio::any_io_executor executor, worker_pool& pool, router& messages,
                           ipc_services services, logger log)
    : executor_(std::move(executor)),
      pool_(pool),
      messages_(messages),
      services_(std::move(services)),
      log_(std::move(log)),
      results_(max_unread_result_bytes) {}

std::optional<response> ipc_endpoint::answer_at_once(request& r) {
    if (stopped_) {
        return refuse(503, "the core is stopping");
    }
    results_.tick(now());
    const auto call = parse_ipc_call(r.method, r.path());
    if (!call) {
        return refuse(call.error());
    }
    if (call->route == ipc_route::health) {
        return health(r);
    }
    const auto caller = caller_of(r);
    if (!caller) {
        log_.warn("A request without a valid token was refused.",
                  {{"path", r.path()}, {"remote", r.remote_address}});
        return refuse(403, "the Authorization header is missing or wrong");
    }
    if (call->route == ipc_route::credentials ||
        (call->route == ipc_route::get_work && call->function_arn == caller->arn)) {
        return std::nullopt;
    }
    if (call->route == ipc_route::get_result) {
        const auto target = parse_function_arn(call->function_arn);
        if (target && target->account.empty() && target->name == router_name) {
            // SDKs 1.0 and 1.1 publish by RequestResponse and read the router's result (§3.1).
            return result_answer({});
        }
        return std::nullopt;
    }
    return carry_out(*call, *caller, r);
}

asio::awaitable<response> ipc_endpoint::answer(std::shared_ptr<ipc_endpoint> self, request r) {
    if (auto answered = self->answer_at_once(r)) {
        co_return std::move(*answered);
    }
    const auto call = parse_ipc_call(r.method, r.path());
    const auto caller = self->caller_of(r);
    if (call->route == ipc_route::credentials) {
        co_return co_await answer_credentials(self->services_.credentials);
    }
    if (call->route == ipc_route::get_result) {
        std::string id(header_of(r, header::invocation_id));
        co_return co_await get_result(self, *caller, std::move(id));
    }
    co_return co_await get_work(self, caller->worker);
}

response ipc_endpoint::carry_out(const ipc_call& call, const worker_identity& caller, request& r) {
    switch (call.route) {
        case ipc_route::invoke:
            pool_.initialized(caller.worker);
            return invoke(call, caller, r);
        case ipc_route::put_logs:
            return put_logs(caller, r);
        default:
            break;
    }
    if (call.function_arn != caller.arn) {
        log_.warn("A function acted for another one and was refused.",
                  {{"function", caller.arn}, {"for", call.function_arn}});
        return refuse(403, "the token belongs to " + caller.arn);
    }
    return call.route == ipc_route::post_result ? post_result(caller, r) : initialized(caller, r);
}

asio::awaitable<response> ipc_endpoint::get_work(std::shared_ptr<ipc_endpoint> self,
                                                 worker_id worker) {
    const auto own = std::make_shared<waiting>(self->executor_);
    auto& place = self->asking_[worker];
    if (place) {
        place->replaced = true;
        place->changed->wake();
    }
    place = own;
    self->pool_.ask(worker);  // may hand over at once
    if (!own->item) {
        co_await event::wait(own->changed);
    }
    if (own->replaced) {
        co_return refuse(409, "the worker asked for work again");
    }
    self->asking_.erase(worker);
    if (!own->item) {
        if (!self->stopped_) {
            self->pool_.withdraw(worker);
        }
        co_return refuse(503, "there is no work any more");
    }
    response r;
    r.headers.add(std::string(header::invocation_id), own->item->id);
    if (!own->item->client_context.empty()) {
        r.headers.add(std::string(header::client_context), own->item->client_context);
    }
    r.body = *own->item->payload;
    co_return r;
}

asio::awaitable<response> ipc_endpoint::get_result(std::shared_ptr<ipc_endpoint> self,
                                                   worker_identity caller, std::string id) {
    const auto entry = self->results_.find(id, caller.arn);
    if (!entry) {
        co_return refuse(404, "no invocation with this id waits for you");
    }
    if (!entry->done) {
        const auto changed = std::make_shared<event>(self->executor_);
        entry->wake = [changed] { changed->wake(); };
        co_await event::wait(changed);
    }
    if (!entry->done) {
        co_return refuse(503, "the invocation was given up");
    }
    self->results_.erase(id);
    co_return result_answer(std::move(entry->result));
}

response ipc_endpoint::invoke(const ipc_call& call, const worker_identity& caller, request& r) {
    const auto type = parse_invocation_type(header_of(r, header::invocation_type));
    if (!type) {
        return refuse(type.error());
    }
    const auto target = parse_function_arn(call.function_arn);
    if (target && target->account.empty()) {
        return invoke_system(target->name, caller, r, *type);
    }
    const auto context = header_of(r, header::client_context);
    if (auto good = check_client_context(context); !good) {
        return refuse(good.error());
    }
    const auto arn = pool_.resolve(call.function_arn);
    if (arn.empty()) {
        return refuse(404, call.function_arn +
                               " is not a function of this core's group, or has several versions "
                               "in it and needs one's number");
    }
    const auto id = uuid_v4();
    const bool wanted = *type == invocation_type::request_response;
    if (wanted) {
        results_.expect(id, caller.arn, caller.worker,
                        std::chrono::seconds(pool_.find(arn)->timeout_seconds) + result_grace);
    }
    work item{id, std::make_shared<const std::string>(std::move(r.body)), std::string(context),
              wanted ? caller.worker : 0};
    if (const auto refused = pool_.submit(arn, std::move(item))) {
        results_.erase(id);
        if (*refused == refusal::too_deep) {
            log_.warn("An invocation was refused: functions invoke each other in a circle.",
                      {{"function", caller.arn}, {"invoked", arn}});
            return refuse(508, "functions invoke each other in a circle or too deep");
        }
        return refuse(429, "the core's work queues are full (maxWorkItemCount)");
    }
    return accepted(id, *type);
}

response ipc_endpoint::invoke_system(std::string_view name, const worker_identity& caller,
                                     request& r, invocation_type type) {
    if (name == router_name) {
        return publish(caller, r, type);
    }
    if (name == shadow_service_name && services_.shadows) {
        return ask_shadow(caller, r, type);
    }
    auto body = answer_system_function(name, {caller.arn, r.body, services_.secrets.get()});
    if (!body) {
        return refuse(404, std::string(name) + " is not a service that functions can invoke");
    }
    const auto id = uuid_v4();
    if (type == invocation_type::request_response) {
        results_.expect(id, caller.arn, caller.worker, result_grace);
        results_.complete(id, {outcome_kind::success, std::move(*body)}, now());
    }
    return accepted(id, type);
}

response ipc_endpoint::ask_shadow(const worker_identity& caller, request& r, invocation_type type) {
    const auto id = uuid_v4();
    if (type == invocation_type::request_response) {
        results_.expect(id, caller.arn, caller.worker, result_grace);
    }
    services_.shadows(
        routed_topic(header_of(r, header::client_context)), std::move(r.body),
        [weak = weak_from_this(), id](std::string body) {
            const auto self = weak.lock();
            if (self && !self->stopped_) {
                self->results_.complete(id, {outcome_kind::success, std::move(body)}, now());
            }
        });
    return accepted(id, type);
}

response ipc_endpoint::publish(const worker_identity& caller, request& r, invocation_type type) {
    auto context = parse_publish_context(header_of(r, header::client_context));
    if (!context) {
        return refuse(context.error());
    }
    const endpoint source{endpoint_kind::function, caller.source_arn};
    if (context->all_or_error && messages_.any_queue_full(source, context->topic)) {
        return refuse(429, "a target's queue is full");
    }
    const auto report = messages_.publish(
        source,
        {std::move(context->topic), std::make_shared<const std::string>(std::move(r.body))});
    if (context->all_or_error && report.queue_full != 0) {
        return refuse(429, "a target's queue is full");
    }
    return accepted(uuid_v4(), type);
}

response ipc_endpoint::post_result(const worker_identity& caller, request& r) {
    const auto kind = header_of(r, header::function_error).empty() ? outcome_kind::success
                                                                   : outcome_kind::handled;
    if (!pool_.finish(caller.worker, header_of(r, header::invocation_id),
                      {kind, std::move(r.body)})) {
        return refuse(404, "the worker is not working on this invocation");
    }
    return {};
}

response ipc_endpoint::initialized(const worker_identity& caller, const request& r) {
    const auto told = parse_initialization(r.body);
    if (!told) {
        return refuse(told.error());
    }
    if (told->success) {
        pool_.initialized(caller.worker);
    } else {
        pool_.gave_up(caller.worker, told->response);
    }
    return {};
}

response ipc_endpoint::put_logs(const worker_identity& caller, const request& r) {
    const auto told = parse_log_request(r.body);
    if (!told) {
        return refuse(told.error());
    }
    const auto own = parse_function_arn(caller.arn);
    const auto* log = pool_.log_of(caller.arn);
    if (told->group.starts_with("/GreengrassSystem/")) {
        log = &pool_.runtime_log();
    } else if (!own ||
               told->group != "/Lambda/" + own->region + "/" + own->account + "/" + own->name) {
        return refuse(403, "a function may write to its own log only");
    }
    for (const auto& entry : told->entries) {
        if (log != nullptr) {
            log->write(entry.level, entry.text);
        }
    }
    return {};
}

response ipc_endpoint::health(const request& r) {
    const auto all = pool_.workers();
    json::array workers;
    if (r.method == "GET") {
        for (const auto& w : all) {
            workers.push_back(health_of(w));
        }
        return json_answer(200, workers);
    }
    const auto asked = parse_health_request(r.body);
    if (!asked) {
        return refuse(400, "Invalid request: " + asked.error().message());
    }
    if (asked->size() > all.size()) {
        return refuse(400, "Request exceeds max number of workers");
    }
    json::array invalid;
    for (const auto& arn : *asked) {
        bool known = false;
        for (const auto& w : all) {
            if (w.arn == arn) {
                workers.push_back(health_of(w));
                known = true;
            }
        }
        if (!known) {
            invalid.push_back(json::string(arn));
        }
    }
    return json_answer(200, {{"Workers", workers}, {"InvalidArns", invalid}});
}

std::optional<worker_identity> ipc_endpoint::caller_of(const request& r) const {
    return pool_.identify(std::string(header_of(r, header::authorization)));
}

void ipc_endpoint::hand_over(worker_id worker, work item) {
    if (const auto found = asking_.find(worker); found != asking_.end()) {
        found->second->item = std::move(item);
        found->second->changed->wake();
    }
}

void ipc_endpoint::finish(finished f) {
    results_.complete(f.invocation, std::move(f.result), now());
}

void ipc_endpoint::worker_ended(worker_id worker) {
    results_.forget(worker);
    if (const auto found = asking_.find(worker); found != asking_.end()) {
        found->second->changed->wake();
    }
}

void ipc_endpoint::stop() {
    stopped_ = true;
    for (const auto& [worker, own] : asking_) {
        own->changed->wake();
    }
}

}  // namespace evergrass::edge::functions
