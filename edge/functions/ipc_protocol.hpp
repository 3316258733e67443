#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

// The requests of functions as they stand on the wire (spec/lambda-ipc.md §2). Pure: text in,
// values out. Errors: invalid_input, not_found (no such path) or unsupported (not that method).
namespace evergrass::edge::functions {

namespace header {
constexpr std::string_view authorization = "Authorization";
constexpr std::string_view invocation_id = "X-Amz-InvocationId";
constexpr std::string_view client_context = "X-Amz-Client-Context";
constexpr std::string_view invocation_type = "X-Amz-Invocation-Type";
constexpr std::string_view function_error = "X-Amz-Function-Error";
}  // namespace header

enum class ipc_route {
    invoke,       // POST /2016-11-01/functions/{arn}
    get_result,   // GET  /2016-11-01/functions/{arn}
    get_work,     // GET  /2016-11-01/functions/{arn}/work
    post_result,  // POST /2016-11-01/functions/{arn}/work
    initialized,  // PUT  /2016-11-01/functions/{arn}/initialized
    put_logs,     // POST /2016-11-01/cloudwatch/logs/
    credentials,  // GET  /2016-11-01/credentialprovider/
    health,       // GET, POST /2016-11-01/health/workers
};

struct ipc_call {
    ipc_route route;
    std::string function_arn;  // decoded; empty for the last three routes
};

// `path` without the query. The ARN may stand raw, as the Python client sends it, or
// percent-encoded; that it is a function's ARN is checked.
result<ipc_call> parse_ipc_call(std::string_view method, std::string_view path);

enum class invocation_type { request_response, event };
// The header's text; empty is RequestResponse.
result<invocation_type> parse_invocation_type(std::string_view text);

// Is it empty, or padded base64 of a JSON object? What is passed on to a function unchanged is
// checked by this first.
result<void> check_client_context(std::string_view base64);

struct publish_context {
    std::string topic;          // a concrete topic of at most 256 bytes
    bool all_or_error = false;  // queueFullPolicy
};
// The client context of a publish. `source` in it is the sender's word and is not looked at.
result<publish_context> parse_publish_context(std::string_view base64);

// What a function gets with a routed message: base64 of {"custom":{"subject":topic}}.
std::string routed_client_context(std::string_view topic);
// The topic out of such a context; empty when the context is another one.
std::string routed_topic(std::string_view client_context);

struct initialization {
    bool success = true;
    std::string response;  // why not
};
result<initialization> parse_initialization(std::string_view body);

struct log_entry {
    log_level level = log_level::info;
    std::string text;  // "file.py:12,message"
};
struct log_request {
    std::string group;  // "/Lambda/<region>/<account>/<name>" or "/GreengrassSystem/<component>"
    std::vector<log_entry> entries;
};
// PutLogEvents as the appender of the bundled 1.0 SDK sends it. No event is an error.
result<log_request> parse_log_request(std::string_view body);

// {"FuncArns": ["…", …]}, at least one.
result<std::vector<std::string>> parse_health_request(std::string_view body);

}  // namespace evergrass::edge::functions
