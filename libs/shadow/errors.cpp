#include "libs/shadow/errors.hpp"

namespace evergrass::shadow {
namespace {

class shadow_errors final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "shadow"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::bad_request:
                return "Bad request";
            case errc::unauthorized:
                return "Unauthorized";
            case errc::forbidden:
                return "Forbidden";
            case errc::not_found:
                return "Thing not found";
            case errc::version_conflict:
                return "Version conflict";
            case errc::too_large:
                return "The payload exceeds the maximum size allowed";
            case errc::unsupported_encoding:
                return "Unsupported documented encoding; supported encoding is UTF-8";
            case errc::unprocessable:
                return "Failed to process request";
            case errc::too_many_requests:
                return "Too many requests";
            case errc::internal_failure:
                return "Internal service failure";
        }
        return "unknown error " + std::to_string(value);
    }
};

}  // namespace

const boost::system::error_category& shadow_category() noexcept {
    static const shadow_errors category;
    return category;
}

error refused(errc why) {
    const auto code = make_error_code(why);
    return {code, code.message()};
}

refusal to_refusal(const error& why) {
    if (why.code.category() != shadow_category()) {
        return to_refusal(refused(errc::internal_failure));
    }
    return {why.code.value(), why.context.empty() ? why.code.message() : why.context};
}

}  // namespace evergrass::shadow
