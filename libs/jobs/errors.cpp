#include "libs/jobs/errors.hpp"

namespace evergrass::jobs {
namespace {

class jobs_errors final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "jobs"; }

    std::string message(int value) const override {
        return std::string(wire_code(static_cast<errc>(value)));
    }
};

}  // namespace

std::string_view wire_code(errc why) {
    switch (why) {
        case errc::invalid_topic:
            return "InvalidTopic";
        case errc::invalid_json:
            return "InvalidJson";
        case errc::invalid_request:
            return "InvalidRequest";
        case errc::invalid_state_transition:
            return "InvalidStateTransition";
        case errc::resource_not_found:
            return "ResourceNotFound";
        case errc::version_mismatch:
            return "VersionMismatch";
        case errc::internal_error:
            return "InternalError";
        case errc::request_throttled:
            return "RequestThrottled";
        case errc::terminal_state_reached:
            return "TerminalStateReached";
    }
    return "InternalError";
}

const boost::system::error_category& jobs_category() noexcept {
    static const jobs_errors category;
    return category;
}

refusal to_refusal(const error& why) {
    if (why.code.category() != jobs_category()) {
        return {errc::internal_error, "Internal service failure. Try again later."};
    }
    return {static_cast<errc>(why.code.value()), why.context};
}

}  // namespace evergrass::jobs
