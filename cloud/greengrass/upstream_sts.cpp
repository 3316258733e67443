#include "cloud/greengrass/upstream_sts.hpp"

#include "cloud/greengrass/aws_keys_file.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/rt/run_on.hpp"
#include "libs/rt/tls.hpp"

#include <boost/asio/this_coro.hpp>

#include <charconv>
#include <functional>

namespace evergrass::cloud::greengrass {
namespace {

namespace asio = boost::asio;

constexpr std::size_t max_answer_bytes = 64 * 1024;
constexpr std::size_t max_session_name = 64;  // of RoleSessionName, 2 at least

// A core waits 30 s for all of it.
constexpr std::chrono::seconds connect_limit{5};
constexpr std::chrono::seconds answer_limit{10};

error bad_endpoint(const std::string& text) {
    return {errc::invalid_input,
            "--sts-endpoint '" + text + "' is not http://HOST[:PORT] or https://HOST[:PORT]"};
}

// Host and port; the scheme tells whether TLS is spoken.
result<http::client_options> address_of(const std::string& text, bool& tls) {
    tls = text.starts_with("https://");
    if (!tls && !text.starts_with("http://")) {
        return bad_endpoint(text);
    }
    auto rest = std::string_view(text).substr(tls ? 8 : 7);
    if (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    http::client_options address;
    address.port = tls ? 443 : 80;
    const auto colon = rest.find(':');
    address.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) {
        const auto digits = rest.substr(colon + 1);
        const auto* end = digits.data() + digits.size();
        const auto read = std::from_chars(digits.data(), end, address.port);
        if (read.ec != std::errc() || read.ptr != end || address.port == 0) {
            return bad_endpoint(text);
        }
    }
    if (address.host.empty() || address.host.find_first_of("/?#@ []") != std::string::npos) {
        return bad_endpoint(text);
    }
    address.connect_timeout = connect_limit;
    address.response_timeout = answer_limit;
    address.max_body_bytes = max_answer_bytes;
    return address;
}

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

std::string host_header(const http::client_options& address) {
    const bool standard = address.port == (address.tls ? 443 : 80);
    return standard ? address.host : address.host + ":" + std::to_string(address.port);
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
    bool tls = false;
    auto address = address_of(settings.endpoint, tls);
    if (!address) {
        return address.error();
    }
    if (tls) {
        auto context = tls_of(settings);
        if (!context) {
            return context.error();
        }
        address->tls = std::move(*context);
    }
    if (const auto keys = read_aws_keys(settings.keys_file); !keys) {
        return keys.error();
    }
    return upstream_sts(std::move(settings), std::move(*address));
}

result<upstream_sts::prepared> upstream_sts::prepare(wall_time now, const std::string& role_arn,
                                                     const std::string& thing) const {
    const auto keys = read_aws_keys(settings_.keys_file);
    if (!keys) {
        return keys.error();
    }
    prepared made{address_, {}};
    aws::signable_request signing;
    signing.method = "POST";
    signing.target = "/";
    signing.headers = {{"Host", host_header(address_)},
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
