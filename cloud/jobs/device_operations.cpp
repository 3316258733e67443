#include "cloud/jobs/device_operations.hpp"

#include "cloud/iot/records.hpp"

#include <future>
#include <memory>

namespace evergrass::cloud::iot {

api_result ask_and_wait(job_service& service, jobs::request what, const call& from) {
    const auto done = std::make_shared<std::promise<result<json::object>>>();
    device_job_request asked;
    asked.thing = required_text(from, "thingName");
    asked.what = what;
    asked.job_id = required_text(from, "jobId");
    asked.body = from.input;
    asked.form = jobs::document_form::text;
    asked.answered = [done](const result<json::object>& body) { done->set_value(body); };
    auto answer = done->get_future();
    service.ask(std::move(asked));
    auto body = answer.get();
    if (!body) {
        return to_job_api_error(body.error());
    }
    return reply{std::move(*body)};
}

api_error to_job_api_error(const error& why) {
    auto said = jobs::to_refusal(why);
    switch (said.code) {
        case jobs::errc::resource_not_found:
            return {404, "ResourceNotFoundException", std::move(said.message)};
        case jobs::errc::invalid_state_transition:
            return {409, "InvalidStateTransitionException", std::move(said.message)};
        case jobs::errc::version_mismatch:
            return {409, "VersionMismatchException", std::move(said.message)};
        case jobs::errc::terminal_state_reached:
            return {410, "TerminalStateException", std::move(said.message)};
        case jobs::errc::request_throttled:
            return {429, "ThrottlingException", std::move(said.message)};
        case jobs::errc::internal_error:
            return internal_error(why);
        case jobs::errc::invalid_topic:
        case jobs::errc::invalid_json:
        case jobs::errc::invalid_request:
            break;
    }
    return {400, "InvalidRequestException", std::move(said.message)};
}

}  // namespace evergrass::cloud::iot
