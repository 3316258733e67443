#include "cloud/greengrass/upstream_sts.hpp"

#include "cloud/upstream/endpoint.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/rt/run_on.hpp"
#include "libs/rt/tls.hpp"

#include <boost/asio/this_coro.hpp>

#include <functional>

namespace evergrass::cloud::greengrass {
namespace {

namespace asio = boost::asio;

constexpr std::size_t max_answer_bytes = 64 * 1024;
constexpr std::size_t max_session_name = 64;  // of RoleSessionName, 2 at least

// A core waits 30 s for all of it.
constexpr std::chrono::seconds connect_limit{5};
constexpr std::chrono::seconds answer_limit{10};

result<std::shared_ptr<rt::tls_context>> tls_of(const upstream_sts_settings& settings) {
    rt::tls_client_options options;
    if (!settings.ca_file.empty()) {
        auto pem = read_file(settings.ca_file);
        if (!pem) {
            return with_context(pem.error(), "the file of --sts-ca-file");
        }
        options.ca_pem = std::move(*pem);
    }
    auto made = rt::make_client_context(options);
    if (!made) {
        return with_context(made.error(), settings.ca_file.string());
    }
    return made;
}

// [\w+=,.@-]{2,64}: a thing's name has ':' besides, and may be longer or one character.
std::string session_name_of(std::string thing) {
    for (auto& c : thing) {
        c = c == ':' ? '-' : c;
    }
    thing.resize(std::min(thing.size(), max_session_name));
    return thing.size() < 2 ? thing + "-core" : thing;
}

result<issued_credentials> read_answer(const http::response& answer) {
    if (answer.status == 200) {
        return parse_assume_role_answer(answer.body);
    }
    const auto said = sts_refusal(answer.body);
    const auto why =
        "STS answered HTTP " + std::to_string(answer.status) + (said.empty() ? "" : ", " + said);
    return error{answer.status < 500 ? errc::denied : errc::unavailable, why};
}

}  // namespace

struct upstream_sts::prepared {
    http::client_options address;
    http::request ask;
};

result<upstream_sts> upstream_sts::make(upstream_sts_settings settings) {
    if (settings.endpoint.empty()) {
        settings.endpoint = "https://sts." + settings.region + ".amazonaws.com";
    }
    const auto at = upstream::parse_endpoint("--sts-endpoint", settings.endpoint);
    if (!at) {
        return at.error();
    }
    http::client_options address;
    address.host = at->host;
    address.port = at->port;
    address.connect_timeout = connect_limit;
    address.response_timeout = answer_limit;
    address.max_body_bytes = max_answer_bytes;
    if (at->tls) {
        auto context = tls_of(settings);
        if (!context) {
            return context.error();
        }
        address.tls = std::move(*context);
    }
    if (const auto keys = settings.keys.read(); !keys) {
        return keys.error();
    }
    return upstream_sts(std::move(settings), std::move(address), at->host_header());
}

result<upstream_sts::prepared> upstream_sts::prepare(wall_time now, const std::string& role_arn,
                                                     const std::string& thing) const {
    const auto keys = settings_.keys.read();
    if (!keys) {
        return keys.error();
    }
    prepared made{address_, {}};
    aws::signable_request signing;
    signing.method = "POST";
    signing.target = "/";
    signing.headers = {{"Host", host_header_},
                       {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    if (!keys->session_token.empty()) {
        signing.headers.emplace_back("X-Amz-Security-Token", keys->session_token);
    }
    signing.body = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600&RoleArn=" +
                   percent_encode(role_arn) +
                   "&RoleSessionName=" + percent_encode(session_name_of(thing));
    aws::sign(signing, {keys->access_key_id, keys->secret_access_key}, settings_.region, "sts",
              now);
    made.ask.method = signing.method;
    made.ask.target = signing.target;
    made.ask.body = std::move(signing.body);
    for (auto& [name, value] : signing.headers) {
        made.ask.headers.add(std::move(name), std::move(value));
    }
    return made;
}

asio::awaitable<result<issued_credentials>> upstream_sts::assume_role(
    asio::any_io_executor blocking, const clock* time, std::string role_arn,
    std::string thing) const {
    std::function<result<prepared>()> preparation = [&] {
        return prepare(time->now(), role_arn, thing);
    };
    auto ready = co_await rt::run_on(blocking, std::move(preparation));
    if (!ready) {
        co_return ready.error();
    }
    const auto executor = co_await asio::this_coro::executor;
    http::client client(executor, std::move(ready->address));
    auto answer = co_await client.send(std::move(ready->ask));
    if (!answer) {
        co_return with_context(answer.error(), "STS cannot be asked");
    }
    co_return read_answer(*answer);
}

}  // namespace evergrass::cloud::greengrass
