#include "edge/functions/ipc_protocol.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <array>
#include <optional>

namespace evergrass::edge::functions {

namespace {

constexpr std::string_view api_version = "/2016-11-01/";
constexpr std::size_t max_topic_bytes = 256;  // spec/core.md §26

error invalid(std::string context) {
    return {errc::invalid_input, std::move(context)};
}

error wrong_method(std::string_view method, std::string_view path) {
    return {errc::unsupported, std::string(path) + " doesn't take " + std::string(method)};
}

struct fixed_path {
    std::string_view path;  // below the API version, without a last slash
    std::string_view method;
    ipc_route route;
};
constexpr std::array fixed_paths = {
    fixed_path{"cloudwatch/logs", "POST", ipc_route::put_logs},
    fixed_path{"credentialprovider", "GET", ipc_route::credentials},
    fixed_path{"health/workers", "GET", ipc_route::health},
    fixed_path{"health/workers", "POST", ipc_route::health},
};

struct function_path {
    std::string_view suffix;
    std::string_view method;
    ipc_route route;
};
constexpr std::array function_paths = {
    function_path{"/work", "GET", ipc_route::get_work},
    function_path{"/work", "POST", ipc_route::post_result},
    function_path{"/initialized", "PUT", ipc_route::initialized},
    function_path{"", "POST", ipc_route::invoke},
    function_path{"", "GET", ipc_route::get_result},
};

result<ipc_call> parse_function_call(std::string_view method, std::string_view rest) {
    const auto slash = rest.find('/');
    const auto suffix = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
    auto arn = percent_decode(rest.substr(0, slash));
    if (!arn) {
        return with_context(arn.error(), "the function's ARN in the path");
    }
    if (const auto parsed = parse_function_arn(*arn); !parsed) {
        return with_context(parsed.error(), "the function's ARN in the path");
    }
    bool path_known = false;
    for (const auto& known : function_paths) {
        if (known.suffix != suffix) {
            continue;
        }
        path_known = true;
        if (known.method == method) {
            return ipc_call{known.route, std::move(*arn)};
        }
    }
    if (path_known) {
        return wrong_method(method, suffix.empty() ? std::string_view("a function") : suffix);
    }
    return error{errc::not_found, "functions have no " + std::string(suffix)};
}

result<json::object> parse_object(std::string_view text, std::string_view what) {
    auto value = parse_json(text);
    if (!value) {
        return with_context(value.error(), std::string(what));
    }
    if (!value->is_object()) {
        return invalid(std::string(what) + " must be a JSON object");
    }
    return std::move(value->get_object());
}

result<json::object> decode_client_context(std::string_view base64) {
    auto text = base64_decode(base64);
    if (!text) {
        return with_context(text.error(), std::string(header::client_context));
    }
    return parse_object(*text, header::client_context);
}

result<void> check_topic(std::string_view topic) {
    if (topic.empty()) {
        return invalid("the topic is empty");
    }
    if (topic.size() > max_topic_bytes) {
        return invalid("the topic is longer than 256 bytes");
    }
    if (topic.find_first_of(std::string_view("+#\0", 3)) != std::string_view::npos) {
        return invalid("the topic holds '+', '#' or NUL");
    }
    return {};
}

std::optional<std::pair<log_level, std::size_t>> level_prefix(std::string_view message) {
    if (message.empty() || message.front() != '[') {
        return std::nullopt;
    }
    const auto close = message.find("]-");
    if (close == std::string_view::npos) {
        return std::nullopt;
    }
    const auto name = message.substr(1, close - 1);
    if (name == "TRACE" || name == "NOTSET") {
        return std::pair(log_level::debug, close + 2);
    }
    const auto level = parse_log_level(name);
    return level ? std::optional(std::pair(*level, close + 2)) : std::nullopt;
}

log_entry to_log_entry(std::string_view message) {
    if (const auto prefix = level_prefix(message)) {
        return {prefix->first, std::string(message.substr(prefix->second))};
    }
    return {log_level::info, std::string(message)};
}

}  // namespace

result<ipc_call> parse_ipc_call(std::string_view method, std::string_view path) {
    const error unknown{errc::not_found, "no such path; see spec/lambda-ipc.md §2.3"};
    if (!path.starts_with(api_version)) {
        return unknown;
    }
    path.remove_prefix(api_version.size());
    constexpr std::string_view functions = "functions/";
    if (path.starts_with(functions)) {
        return parse_function_call(method, path.substr(functions.size()));
    }
    if (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    bool path_known = false;
    for (const auto& known : fixed_paths) {
        if (known.path != path) {
            continue;
        }
        path_known = true;
        if (known.method == method) {
            return ipc_call{known.route, {}};
        }
    }
    if (path.starts_with("credentialprovider/")) {
        return invalid("the credentials are at /2016-11-01/credentialprovider/ itself");
    }
    return path_known ? wrong_method(method, path) : unknown;
}

result<invocation_type> parse_invocation_type(std::string_view text) {
    if (text.empty() || text == "RequestResponse") {
        return invocation_type::request_response;
    }
    if (text == "Event") {
        return invocation_type::event;
    }
    return invalid(std::string(header::invocation_type) + " must be RequestResponse or Event");
}

result<void> check_client_context(std::string_view base64) {
    if (base64.empty()) {
        return {};
    }
    if (auto decoded = decode_client_context(base64); !decoded) {
        return decoded.error();
    }
    return {};
}

result<publish_context> parse_publish_context(std::string_view base64) {
    const auto context = decode_client_context(base64);
    if (!context) {
        return context.error();
    }
    const auto* custom = object_member(*context, "custom");
    const auto subject = custom == nullptr ? std::nullopt : string_member(*custom, "subject");
    if (!subject) {
        return invalid("a publish names its topic in custom.subject of the client context");
    }
    if (auto good = check_topic(*subject); !good) {
        return good.error();
    }
    const auto policy = string_member(*custom, "queueFullPolicy").value_or("");
    if (!policy.empty() && policy != "BestEffort" && policy != "AllOrError") {
        return invalid("queueFullPolicy must be BestEffort or AllOrError");
    }
    return publish_context{*subject, policy == "AllOrError"};
}

std::string routed_client_context(std::string_view topic) {
    return base64_encode("{\"custom\":{\"subject\":" + json::serialize(json::string(topic)) + "}}");
}

std::string routed_topic(std::string_view client_context) {
    const auto text = base64_decode(client_context);
    const auto context = text ? parse_json(*text) : result<json::value>(text.error());
    if (!context || !context->is_object()) {
        return {};
    }
    const auto* custom = object_member(context->get_object(), "custom");
    return custom != nullptr ? string_member(*custom, "subject").value_or("") : std::string();
}

result<initialization> parse_initialization(std::string_view body) {
    const auto object = parse_object(body, "the body of initialized");
    if (!object) {
        return object.error();
    }
    const auto success = bool_member(*object, "Success");
    if (!success) {
        return invalid("the body of initialized needs Success, true or false");
    }
    return initialization{*success, string_member(*object, "Response").value_or("")};
}

result<log_request> parse_log_request(std::string_view body) {
    const auto object = parse_object(body, "the log request");
    if (!object) {
        return object.error();
    }
    log_request request;
    request.group = string_member(*object, "logGroupName").value_or("");
    const auto* events = array_member(*object, "logEvents");
    if (request.group.empty() || events == nullptr || events->empty()) {
        return invalid("the log request needs logGroupName and at least one of logEvents");
    }
    for (const auto& event : *events) {
        const auto message =
            event.is_object() ? string_member(event.get_object(), "message") : std::nullopt;
        if (!message) {
            return invalid("each of logEvents needs a message");
        }
        request.entries.push_back(to_log_entry(*message));
    }
    return request;
}

result<std::vector<std::string>> parse_health_request(std::string_view body) {
    const auto object = parse_object(body, "the health request");
    if (!object) {
        return object.error();
    }
    const auto* arns = array_member(*object, "FuncArns");
    if (arns == nullptr || arns->empty()) {
        return invalid("FuncArns must be a list of at least one ARN");
    }
    std::vector<std::string> names;
    for (const auto& arn : *arns) {
        if (!arn.is_string()) {
            return invalid("FuncArns must hold strings");
        }
        names.emplace_back(arn.get_string());
    }
    return names;
}

}  // namespace evergrass::edge::functions
