#include "edge/router/table.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::edge {
namespace {

constexpr std::string_view shadow_service_name = "GGShadowService";

result<endpoint> parse_function(std::string_view text) {
    auto parsed = parse_function_arn(text);
    if (!parsed) {
        return parsed.error();
    }
    if (parsed->name == shadow_service_name) {
        return endpoint{endpoint_kind::shadow_service, ""};
    }
    if (parsed->qualifier.empty()) {
        return error{errc::invalid_input,
                     "'" + std::string(text) +
                         "' names no version of the function; append one, as in '" +
                         std::string(text) + ":1'"};
    }
    return endpoint{endpoint_kind::function, std::string(text)};
}

}  // namespace

result<endpoint> parse_endpoint(std::string_view text) {
    if (text == "cloud") {
        return endpoint{endpoint_kind::cloud, ""};
    }
    if (text == shadow_service_name) {
        return endpoint{endpoint_kind::shadow_service, ""};
    }
    if (const auto parsed = parse_arn(text)) {
        if (parsed->service == "lambda") {
            return parse_function(text);
        }
        if (parsed->service == "greengrass" && parsed->resource.starts_with("/connectors/")) {
            return endpoint{endpoint_kind::connector, std::string(text)};
        }
        if (auto thing = thing_name_of(text)) {
            return endpoint{endpoint_kind::device, std::move(*thing)};
        }
    }
    return error{errc::invalid_input,
                 "'" + std::string(text) +
                     "' is neither the ARN of a thing, a function's version or a "
                     "connector nor 'cloud' or 'GGShadowService'"};
}

}  // namespace evergrass::edge
