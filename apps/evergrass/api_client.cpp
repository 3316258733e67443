#include "apps/evergrass/api_client.hpp"

#include "apps/evergrass/service_info.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::cli {
namespace {

http::request signed_request(api_call c, const api_client_options& options,
                             const std::string& host) {
    aws::signable_request signable{
        .method = c.method, .target = c.target, .headers = c.headers, .body = {}};
    signable.body = c.body.is_null() ? std::move(c.bytes) : json::serialize(c.body);
    signable.headers.emplace_back("Host", host);
    if (!c.body.is_null()) {
        signable.headers.emplace_back("Content-Type", "application/json");
    }
    if (!options.session_token.empty()) {
        signable.headers.emplace_back("X-Amz-Security-Token", options.session_token);
    }
    aws::sign(signable, options.credentials, options.region, c.signing_name,
              std::chrono::system_clock::now());
    http::request r;
    r.method = std::move(signable.method);
    r.target = std::move(signable.target);
    for (auto& [name, value] : signable.headers) {
        r.headers.add(std::move(name), std::move(value));
    }
    r.body = std::move(signable.body);
    return r;
}

errc code_of(int status) {
    switch (status) {
        case 401:
        case 403:
            return errc::denied;
        case 404:
            return errc::not_found;
        case 409:
            return errc::conflict;
        default:
            return status >= 500 ? errc::unavailable : errc::invalid_input;
    }
}

std::string first_text(const json::object& members, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (auto text = string_member(members, name)) {
            return *text;
        }
    }
    return {};
}

}  // namespace

error error_of(std::string_view operation, const http::response& answer) {
    std::string type(answer.headers.get("x-amzn-ErrorType").value_or(""));
    std::string message = answer.body;
    if (const auto body = parse_json(answer.body); body && body->is_object()) {
        const auto& members = body->get_object();
        message = first_text(members, {"message", "Message"});
        if (type.empty()) {
            type = first_text(members, {"code", "__type"});
        }
    }
    type = type.substr(0, type.find(':'));  // "TypeException:http://internal…"
    return {code_of(answer.status),
            std::string(operation) + " answered " + std::to_string(answer.status) +
                (type.empty() ? "" : " " + type) + (message.empty() ? "" : " (" + message + ")")};
}

result<api_client> api_client::make(boost::asio::any_io_executor executor,
                                    api_client_options options) {
    auto address = parse_host_port(options.url);
    if (!address) {
        return address.error();
    }
    http::client_options http_options;
    const bool plain = options.url.starts_with("http://");
    if (!plain) {
        auto tls = rt::make_client_context({.ca_pem = options.ca_pem, .identity = {}, .alpn = {}});
        if (!tls) {
            return with_context(tls.error(), "The service's CA file cannot be used");
        }
        http_options.tls = *tls;
    }
    const bool v6 = address->host.find(':') != std::string::npos;
    auto host = v6 ? "[" + address->host + "]" : address->host;
    if (address->port != (plain ? 80 : 443)) {
        host += ":" + std::to_string(address->port);
    }
    http_options.host = address->host;
    http_options.port = address->port;
    http::client client(executor, std::move(http_options));
    return api_client(std::move(options), std::move(host), std::move(client));
}

api_client::api_client(api_client_options options, std::string host_header, http::client client)
    : options_(std::move(options)),
      host_header_(std::move(host_header)),
      client_(std::move(client)) {}

boost::asio::awaitable<result<http::response>> api_client::send(api_call c) {
    const auto operation = c.operation;
    auto answer = co_await client_.send(signed_request(std::move(c), options_, host_header_));
    if (!answer) {
        co_return with_context(answer.error(), operation + " at " + options_.url);
    }
    co_return std::move(*answer);
}

boost::asio::awaitable<result<json::object>> api_client::call(api_call c) {
    const auto operation = c.operation;
    auto answer = co_await send(std::move(c));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status >= 400) {
        co_return error_of(operation, *answer);
    }
    if (answer->body.empty()) {
        co_return json::object{};
    }
    auto body = parse_json(answer->body);
    if (!body || !body->is_object()) {
        co_return error{errc::invalid_input, operation + " answered " +
                                                 std::to_string(answer->status) +
                                                 " with a body that is no JSON object"};
    }
    co_return std::move(body->get_object());
}

}  // namespace evergrass::cli
