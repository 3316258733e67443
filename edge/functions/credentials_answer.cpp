#include "edge/functions/credentials_answer.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

namespace evergrass::edge::functions {
namespace {

http::response json_text(int status, std::string body) {
    http::response r;
    r.status = status;
    r.headers.add("Content-Type", "application/json");
    r.body = std::move(body);
    return r;
}

http::response refusal(const error& why) {
    int status = 500;
    const char* code = "CredentialsUnavailable";
    if (why.code == errc::not_found) {
        status = 404;
        code = "NoGroupRole";
    } else if (why.code == errc::timed_out) {
        status = 504;
        code = "CredentialsTimedOut";
    }
    const json::object body{{"code", code}, {"message", why.message()}};
    return json_text(status, json::serialize(body));
}

}  // namespace

boost::asio::awaitable<http::response> answer_credentials(
    std::shared_ptr<credential_provider> provider) {
    if (!provider) {
        co_return refusal(error{errc::not_found, "This core has no credentials for functions."});
    }
    const auto got = co_await credential_provider::get(provider);
    co_return got ? json_text(200, to_container_json(*got)) : refusal(got.error());
}

}  // namespace evergrass::edge::functions
