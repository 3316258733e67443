#include "cloud/upstream/client.hpp"

#include "libs/aws/sigv4.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/rt/tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace evergrass::cloud::upstream {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds connect_limit{5};
constexpr std::chrono::seconds answer_limit{15};
constexpr std::size_t most_answer_bytes = 1024 * 1024;
constexpr std::size_t most_quoted = 300;

result<std::shared_ptr<rt::tls_context>> tls_of(const std::filesystem::path& ca_file,
                                                const std::string& field) {
    rt::tls_client_options options;
    if (!ca_file.empty()) {
        auto pem = read_file(ca_file);
        if (!pem) {
            return with_context(pem.error(), "the file of " + field);
        }
        options.ca_pem = std::move(*pem);
    }
    auto made = rt::make_client_context(options);
    if (!made) {
        return with_context(made.error(), ca_file.string());
    }
    return made;
}

// Runs a coroutine to its end on this thread.
template <class T>
T finish(asio::io_context& io, asio::awaitable<T> work) {
    std::optional<T> outcome;
    asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& failed, T value) {
        if (failed) {
            std::rethrow_exception(failed);
        }
        outcome.emplace(std::move(value));
    });
    io.run();
    return std::move(*outcome);
}

}  // namespace

result<std::unique_ptr<client>> client::make(
    settings from, const clock& time, const std::function<const char*(const char*)>& environment) {
    std::unique_ptr<client> made(new client(std::move(from), time));
    made->keys_.file = made->settings_.credentials_file;
    made->keys_.option = "'credentialsFile' of --upstream";
    if (made->keys_.file.empty()) {
        auto keys = aws_keys_of_environment(environment);
        if (!keys) {
            return with_context(keys.error(), "--upstream has no 'credentialsFile'");
        }
        made->keys_.fixed = std::move(*keys);
    } else if (const auto keys = made->keys_.read(); !keys) {
        return keys.error();
    }
    for (const auto& [name, service] : made->settings_.services) {
        http::client_options address;
        address.host = service.at.host;
        address.port = service.at.port;
        address.connect_timeout = connect_limit;
        address.response_timeout = answer_limit;
        address.max_body_bytes = most_answer_bytes;
        if (service.at.tls) {
            auto tls = tls_of(service.ca_file, "'services." + name + ".caFile' of --upstream");
            if (!tls) {
                return tls.error();
            }
            address.tls = std::move(*tls);
        }
        made->addresses_.emplace(name, std::move(address));
    }
    auto systems = tls_of({}, {});
    if (!systems) {
        return systems.error();
    }
    made->systems_ = std::move(*systems);
    return made;
}

std::string client::url_of(std::string_view service) const {
    return settings_.find(service)->at.url();
}

std::string client::named(std::string_view service) const {
    return std::string(service) + " at " + url_of(service);
}

result<void> client::sign(std::string_view service, http::request& ask) const {
    const auto keys = keys_.read();
    if (!keys) {
        return keys.error();
    }
    const auto& at = *settings_.find(service);
    ask.headers.set("Host", at.at.host_header());
    if (!keys->session_token.empty()) {
        ask.headers.set("X-Amz-Security-Token", keys->session_token);
    }
    aws::signable_request signing{ask.method, ask.target, ask.headers.all(), ask.body};
    aws::sign(signing, {keys->access_key_id, keys->secret_access_key}, at.region, service,
              time_.now());
    for (auto& [name, value] : signing.headers) {
        ask.headers.set(name, value);
    }
    return {};
}

result<http::response> client::send(std::string_view service, http::request ask) const {
    if (auto done = sign(service, ask); !done) {
        return done.error();
    }
    asio::io_context io(1);
    http::client link(io.get_executor(), addresses_.find(service)->second);
    auto answer = finish(io, link.send(std::move(ask)));
    if (!answer) {
        return with_context(answer.error(), named(service) + " cannot be asked");
    }
    return answer;
}

result<http::response> client::ask_json(std::string_view service, std::string_view target,
                                        std::string body) const {
    http::request ask;
    ask.method = "POST";
    ask.target = "/";
    ask.headers.add("Content-Type", "application/x-amz-json-1.1");
    ask.headers.add("X-Amz-Target", std::string(target));
    ask.body = std::move(body);
    return send(service, std::move(ask));
}

result<std::string> client::fetch(std::string_view service, std::string_view url,
                                  std::size_t max_bytes) const {
    const auto scheme_end = url.find("://");
    const auto path = scheme_end == std::string_view::npos ? std::string_view::npos
                                                           : url.find('/', scheme_end + 3);
    const auto at = parse_endpoint(named(service) + ": the URL", url.substr(0, path));
    if (!at) {
        return at.error();
    }
    const auto& own = *settings_.find(service);
    const bool same_host = at->host == own.at.host && at->tls == own.at.tls;
    auto address = addresses_.find(service)->second;
    address.host = at->host;
    address.port = at->port;
    address.max_body_bytes = max_bytes;
    if (!same_host) {
        address.tls = at->tls ? systems_ : nullptr;
    }
    http::request ask;
    ask.method = "GET";
    ask.target = path == std::string_view::npos ? "/" : std::string(url.substr(path));
    asio::io_context io(1);
    http::client link(io.get_executor(), std::move(address));
    auto answer = finish(io, link.send(std::move(ask)));
    // The URL is as good as a key while it lasts: no error has it.
    if (!answer) {
        return with_context(answer.error(), named(service) + " cannot be asked");
    }
    if (answer->status != 200) {
        return error{answer->status >= 500 ? errc::unavailable : errc::invalid_input,
                     named(service) + ": " + at->host + " answered HTTP " +
                         std::to_string(answer->status) + " " +
                         answer->body.substr(0, most_quoted)};
    }
    return std::move(answer->body);
}

result<void> client::download(std::string_view service, const std::string& target,
                              const std::filesystem::path& into, std::uint64_t max_bytes) const {
    http::request ask;
    ask.method = "GET";
    ask.target = target;
    if (auto done = sign(service, ask); !done) {
        return done.error();
    }
    asio::io_context io(1);
    http::client link(io.get_executor(), addresses_.find(service)->second);
    auto done = finish(io, link.download(std::move(ask), into, max_bytes));
    return done ? done : with_context(done.error(), named(service));
}

}  // namespace evergrass::cloud::upstream
