#include "cloud/jobs/device_jobs.hpp"

#include "cloud/gateway/output.hpp"
#include "cloud/iot/records.hpp"
#include "cloud/jobs/device_operations.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"
#include "libs/shadow/topics.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace evergrass::cloud {
namespace {

namespace asio = boost::asio;

constexpr std::string_view prefix = "/things/";
constexpr std::string_view level = "/jobs";

http::response refuse(api_error why) {
    why.extra["traceId"] = uuid_v4();
    return shape_error(why);
}

struct jobs_path {
    std::string_view thing;  // as in the path, percent-encoded
    std::string_view job;    // empty: all of them
};

std::optional<jobs_path> parse_path(std::string_view path) {
    if (!path.starts_with(prefix)) {
        return std::nullopt;
    }
    path.remove_prefix(prefix.size());
    const auto thing = path.substr(0, path.find('/'));
    path.remove_prefix(thing.size());
    if (!path.starts_with(level)) {
        return std::nullopt;
    }
    path.remove_prefix(level.size());
    if (path.empty() || path == "/") {
        return jobs_path{thing, {}};
    }
    const bool is_one = path.front() == '/' && path.find('/', 1) == std::string_view::npos;
    return is_one ? std::optional(jobs_path{thing, path.substr(1)}) : std::nullopt;
}

std::string_view action_of(jobs::request what) {
    switch (what) {
        case jobs::request::get_pending:
            return "iot:GetPendingJobExecutions";
        case jobs::request::start_next:
            return "iot:StartNextPendingJobExecution";
        case jobs::request::update:
            return "iot:UpdateJobExecution";
        case jobs::request::describe:
        case jobs::request::unknown:
            break;
    }
    return "iot:DescribeJobExecution";
}

std::optional<jobs::request> request_of(std::string_view method, std::string_view job) {
    if (method == "GET") {
        return job.empty() ? jobs::request::get_pending : jobs::request::describe;
    }
    if (method == "PUT" && job == jobs::next_job) {
        return jobs::request::start_next;
    }
    return method == "POST" && !job.empty() ? std::optional(jobs::request::update) : std::nullopt;
}

// The query's members, as the body has them.
void add_query(const http::request& asked, json::object& into) {
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (name == "includeJobDocument" && (value == "true" || value == "false")) {
            into[name] = value == "true";
        } else if (name == "includeJobDocument" || name == "executionNumber") {
            into[name] = value;
        }
    }
}

// Nothing: it may be asked. Else why not.
std::optional<api_error> read_request(const device_jobs& in, const http::request& asked,
                                      const jobs_path& path, device_job_request& into) {
    const auto thing = percent_decode(path.thing);
    const auto job = percent_decode(path.job);
    if (!thing || !shadow::is_thing_name(*thing)) {
        return iot::invalid_request(
            "The thing's name in the path must be 1 to 128 of a-z, A-Z, 0-9, '_', '-' and ':'.");
    }
    if (!job || (!job->empty() && *job != jobs::next_job && !jobs::is_job_id(*job))) {
        return iot::invalid_request(
            "The job's id in the path must be 1 to 64 of a-z, A-Z, 0-9, '_' and '-', or $next.");
    }
    const auto what = request_of(asked.method, *job);
    if (!what) {
        return api_error{405, "MethodNotAllowedException", "Method Not Allowed"};
    }
    into.thing = *thing;
    into.job_id = *job;
    into.what = *what;
    if (!asked.peer || !in.authority->allows(asked.peer->id, action_of(*what),
                                             in.identity->iot_arn("thing/" + *thing), "")) {
        return api_error{403, "ForbiddenException", "Forbidden"};
    }
    jobs::client_token token;
    auto body = jobs::parse_body(asked.body, token);
    if (!body) {
        return iot::to_job_api_error(body.error());
    }
    into.body = std::move(*body);
    add_query(asked, into.body);
    return std::nullopt;
}

// Asks, and resumes the coroutine on its own executor with the answer.
struct ask_and_resume {
    template <class Handler>
    void operator()(Handler resume, job_service* service, device_job_request asked) const {
        auto home = asio::make_work_guard(asio::get_associated_executor(resume));
        auto kept = std::make_shared<Handler>(std::move(resume));
        asked.answered = [kept, home](const result<json::object>& body) {
            asio::post(home.get_executor(), [kept, body] { std::move (*kept)(body); });
        };
        service->ask(std::move(asked));
    }
};

}  // namespace

asio::awaitable<http::response> jobs_over_https(device_jobs in, http::request asked) {
    // A copy: the path views into it while the request moves on.
    const std::string target(asked.path());
    const auto path = parse_path(target);
    if (!path) {
        co_return refuse({404, "UnknownOperationException", "Not Found"});
    }
    device_job_request wanted;
    wanted.form = jobs::document_form::text;
    if (auto refused = read_request(in, asked, *path, wanted)) {
        co_return refuse(std::move(*refused));
    }
    auto body =
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void(result<json::object>)>(
            ask_and_resume(), asio::use_awaitable, in.service, std::move(wanted));
    if (!body) {
        co_return refuse(iot::to_job_api_error(body.error()));
    }
    http::response answer;
    answer.headers.add("content-type", "application/json");
    answer.body = json::serialize(*body);
    co_return answer;
}

bool is_jobs_path(std::string_view path) {
    return parse_path(path).has_value();
}

}  // namespace evergrass::cloud
