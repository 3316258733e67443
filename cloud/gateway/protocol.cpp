#include "cloud/gateway/protocol.hpp"

namespace evergrass::cloud {
namespace {

std::string action_of(const http::request& asked) {
    for (auto& [name, value] : http::parse_query(asked.body)) {
        if (name == "Action") {
            return std::move(value);
        }
    }
    return {};
}

}  // namespace

protocol protocol_of(std::string_view service) {
    if (service == "secretsmanager" || service == "logs") {
        return protocol::json;
    }
    return service == "iam" || service == "sts" ? protocol::query : protocol::rest_json;
}

bool is_query_form(const http::request& asked) {
    return asked.method == "POST" && asked.headers.get("content-type")
                                         .value_or("")
                                         .starts_with("application/x-www-form-urlencoded");
}

std::string claimed_operation(protocol spoken, const http::request& asked) {
    return spoken == protocol::query ? action_of(asked)
                                     : std::string(asked.headers.get("x-amz-target").value_or(""));
}

const modelled_operation* named_operation(const service_model& model, protocol spoken,
                                          const http::request& asked) {
    if (asked.method != "POST") {
        return nullptr;
    }
    const auto claimed = claimed_operation(spoken, asked);
    const auto dot = claimed.rfind('.');
    const std::string_view name = claimed;
    return model.find(spoken == protocol::query || dot == std::string::npos ? name
                                                                            : name.substr(dot + 1));
}

}  // namespace evergrass::cloud
