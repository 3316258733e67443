#include "cloud/iot/shadow_operations.hpp"

#include "cloud/iot/records.hpp"
#include "libs/shadow/errors.hpp"

#include <future>
#include <memory>

namespace evergrass::cloud::iot {
namespace {

std::string exception_of(int code) {
    switch (code) {
        case 401:
            return "UnauthorizedException";
        case 403:
            return "ForbiddenException";
        case 404:
            return "ResourceNotFoundException";
        case 409:
            return "ConflictException";
        case 413:
            return "RequestEntityTooLargeException";
        case 415:
            return "UnsupportedDocumentEncodingException";
        case 429:
            return "ThrottlingException";
        default:
            return "InvalidRequestException";
    }
}

}  // namespace

api_result ask_and_wait(shadow_service& shadows, shadow::operation what, const call& from) {
    const auto done = std::make_shared<std::promise<result<std::string>>>();
    shadow_request asked;
    asked.which.thing = required_text(from, "thingName");
    asked.which.name = string_member(from.input, "shadowName").value_or("");
    asked.what = what;
    asked.payload = from.payload;
    asked.answered = [done](const result<std::string>& body) { done->set_value(body); };
    auto answer = done->get_future();
    shadows.ask(std::move(asked));
    auto body = answer.get();
    if (!body) {
        return to_api_error(body.error());
    }
    reply answered;
    answered.payload = std::move(*body);
    return answered;
}

api_error to_api_error(const error& why) {
    auto said = shadow::to_refusal(why);
    if (said.code >= 500) {
        return internal_error(why);
    }
    return {said.code, exception_of(said.code), std::move(said.message), {}};
}

}  // namespace evergrass::cloud::iot
