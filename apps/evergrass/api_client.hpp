#pragma once

#include "libs/aws/sigv4.hpp"
#include "libs/base/json.hpp"
#include "libs/base/result.hpp"
#include "libs/http/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::cli {

struct api_client_options {
    std::string url;     // https://host:port; http://host:port where it is plain
    std::string ca_pem;  // what signs the service's certificate; without a meaning for http
    aws::credentials credentials;
    std::string region;
    std::string session_token = {};  // of temporary credentials
};

// One call of an AWS operation of the rest-json protocol, as the service model words it.
struct api_call {
    std::string operation;     // "CreateThing": for error messages
    std::string signing_name;  // "iot", "lambda", "greengrass"
    std::string method;
    std::string target;          // path and query, percent-encoded
    json::value body = nullptr;  // null: no body
    std::vector<std::pair<std::string, std::string>> headers = {};
    // The body where it is no JSON, or holds secrets: it is wiped when it was sent.
    std::string bytes = {};
};

// Calls the service's public AWS APIs, signed, as any AWS client does. One call at a time.
class api_client {
public:
    static result<api_client> make(boost::asio::any_io_executor executor,
                                   api_client_options options);

    // The answer's body ({} when it is empty). An answer of 400 or more is an error with operation,
    // status, error type and message in its context and errc::not_found for 404, conflict for 409,
    // denied for 401 and 403, unavailable from 500 on, else invalid_input.
    boost::asio::awaitable<result<json::object>> call(api_call c);

    // The answer as it came, whatever its status: for APIs whose answers are not JSON or whose
    // errors are told by their type. Errors are of the transport.
    boost::asio::awaitable<result<http::response>> send(api_call c);

    const api_client_options& options() const { return options_; }

private:
    api_client(api_client_options options, std::string host_header, http::client client);

    api_client_options options_;
    std::string host_header_;
    http::client client_;
};

// The error that an answer of 400 or more stands for; AWS's ways to name its type are all known
// (spec/cloud.md §1.4).
error error_of(std::string_view operation, const http::response& answer);

}  // namespace evergrass::cli
