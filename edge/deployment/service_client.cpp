#include "edge/deployment/service_client.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::edge {
namespace {

// The service's refusals in words, with what to do about them.
error refusal(const http::response& answer, const std::string& thing) {
    const auto document = parse_json(answer.body);
    const auto* object = document ? document->if_object() : nullptr;
    const auto said =
        object != nullptr ? string_member(*object, "message").value_or("") : std::string();
    const auto quoted = said.empty() ? "" : " (" + said + ")";
    if (answer.status == 401 || answer.status == 403) {
        return {errc::denied, "the service refused this core" + quoted +
                                  ". Its certificate must be ACTIVE, attached to the thing '" +
                                  thing + "', and its policy must allow greengrass:*"};
    }
    if (answer.status == 404) {
        return {errc::not_found, "the service knows no deployed group whose core is '" + thing +
                                     "'" + quoted + ": create one and deploy it"};
    }
    const bool final = answer.status >= 400 && answer.status < 500;
    return {final ? errc::invalid_input : errc::unavailable,
            "the service answered HTTP " + std::to_string(answer.status) + quoted};
}

}  // namespace

service_client::service_client(boost::asio::any_io_executor executor, service_settings settings)
    : executor_(std::move(executor)), settings_(std::move(settings)) {}

std::string service_client::path(std::string_view tail) const {
    return "/evergrass/v1/cores/" + percent_encode(settings_.thing) + std::string(tail);
}

result<http::client*> service_client::connection() {
    const auto identity = settings_.identity_changes ? *settings_.identity_changes : 0;
    if (identity != identity_) {
        drop_connection();
    }
    if (!client_) {
        auto context = settings_.tls();
        if (!context) {
            return context.error();
        }
        http::client_options options;
        options.host = settings_.host;
        options.port = settings_.port;
        options.tls = *context;
        options.proxy = settings_.proxy;
        identity_ = identity;
        client_ = std::make_unique<http::client>(executor_, std::move(options));
    }
    return client_.get();
}

boost::asio::awaitable<result<http::response>> service_client::send(http::request ask) {
    auto connected = connection();
    if (!connected) {
        co_return connected.error();
    }
    auto answer = co_await (*connected)->send(std::move(ask));
    if (!answer) {
        drop_connection();
    }
    co_return answer;
}

boost::asio::awaitable<result<service_client::poll_answer>> service_client::poll_deployment(
    std::string after, int wait_seconds, std::optional<std::string> denied,
    std::optional<std::string> connectivity) {
    http::request ask;
    ask.method = "GET";
    ask.target = path("/deployment?after=" + percent_encode(after) +
                      "&wait=" + std::to_string(wait_seconds) + "&invocations=1");
    if (connectivity) {
        ask.target += "&connectivity=" + percent_encode(*connectivity);
    }
    if (denied) {
        ask.target += "&denied=" + percent_encode(*denied);
    }
    auto answer = co_await send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    poll_answer out;
    if (const auto version = answer->headers.get("x-evergrass-connectivity-version")) {
        out.connectivity_version = std::string(*version);
    }
    out.denied_changed = answer->headers.get("x-evergrass-denied").has_value();
    out.invocations_wait = answer->headers.get("x-evergrass-invocations").has_value();
    if (answer->status == 204) {
        co_return out;
    }
    if (answer->status != 200) {
        co_return refusal(*answer, settings_.thing);
    }
    auto sealed = contract::parse_signed_manifest(answer->body);
    if (!sealed) {
        co_return with_context(sealed.error(), "the service sent a deployment that is not one");
    }
    out.deployment = std::move(*sealed);
    co_return out;
}

boost::asio::awaitable<result<contract::signed_manifest>> service_client::fetch_denied(
    std::string nonce) {
    http::request ask;
    ask.method = "GET";
    ask.target = path("/denied-certificates?nonce=" + percent_encode(nonce));
    auto answer = co_await send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != 200) {
        co_return refusal(*answer, settings_.thing);
    }
    auto sealed = contract::parse_signed_manifest(answer->body);
    if (!sealed) {
        co_return with_context(sealed.error(),
                               "the service sent denied certificates that are none");
    }
    co_return std::move(*sealed);
}

boost::asio::awaitable<result<std::string>> service_client::put_connectivity(json::array entries) {
    http::request ask;
    ask.method = "PUT";
    ask.target = path("/connectivity");
    ask.headers.set("content-type", "application/json");
    ask.body = json::serialize(json::object{{"entries", std::move(entries)}});
    auto answer = co_await send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != 200) {
        co_return refusal(*answer, settings_.thing);
    }
    const auto document = parse_json(answer->body);
    const auto* object = document ? document->if_object() : nullptr;
    co_return object != nullptr ? string_member(*object, "version").value_or("") : std::string();
}

boost::asio::awaitable<result<std::string>> service_client::fetch_signing_key() {
    http::request ask;
    ask.method = "GET";
    ask.target = "/evergrass/v1/signing-key";
    auto answer = co_await send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != 200) {
        co_return refusal(*answer, settings_.thing);
    }
    const auto document = parse_json(answer->body);
    const auto* object = document ? document->if_object() : nullptr;
    auto key = object != nullptr ? string_member(*object, "publicKey") : std::nullopt;
    if (!key) {
        co_return error{errc::invalid_input, "the service's answer has no 'publicKey'"};
    }
    co_return std::move(*key);
}

boost::asio::awaitable<result<void>> service_client::fetch_artifact(
    std::string sha256, std::filesystem::path destination, std::uint64_t max_bytes) {
    auto connected = connection();
    if (!connected) {
        co_return connected.error();
    }
    http::request ask;
    ask.method = "GET";
    ask.target = path("/artifacts/" + sha256);
    auto fetched =
        co_await (*connected)->download(std::move(ask), std::move(destination), max_bytes);
    if (!fetched) {
        drop_connection();
    }
    co_return fetched;
}

boost::asio::awaitable<result<void>> service_client::tell_service(http::request what) {
    auto answer = co_await send(std::move(what));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != 200) {
        co_return refusal(*answer, settings_.thing);
    }
    co_return result<void>();
}

boost::asio::awaitable<result<void>> service_client::send_logs(std::string body) {
    http::request tell;
    tell.method = "POST";
    tell.target = path("/logs");
    tell.headers.set("content-type", "application/json");
    tell.body = std::move(body);
    auto told = co_await tell_service(std::move(tell));
    co_return told;
}

boost::asio::awaitable<result<std::optional<contract::signed_manifest>>>
service_client::fetch_secrets(std::string version, std::string seal_for) {
    http::request ask;
    ask.method = "POST";
    ask.target = path("/secrets?have=" + percent_encode(version));
    ask.headers.set("content-type", "application/json");
    ask.body = json::serialize(json::object{{"sealFor", std::move(seal_for)}});
    auto answer = co_await send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status == 204) {
        co_return std::optional<contract::signed_manifest>();
    }
    if (answer->status == 404) {
        co_return error{errc::not_found,
                        "the service has no group of this core deployed, or seals no secrets "
                        "for a key of the core's: an older one does not"};
    }
    if (answer->status != 200) {
        co_return refusal(*answer, settings_.thing);
    }
    auto sealed = contract::parse_signed_manifest(answer->body);
    if (!sealed) {
        co_return with_context(sealed.error(), "the service sent secrets that are none");
    }
    co_return std::optional(std::move(*sealed));
}

boost::asio::awaitable<result<std::optional<invocation_order>>> service_client::take_invocation(
    int wait_seconds) {
    http::request ask;
    ask.method = "GET";
    ask.target = path("/invocations?wait=" + std::to_string(wait_seconds));
    auto answer = co_await send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status == 204) {
        co_return std::optional<invocation_order>();
    }
    if (answer->status != 200) {
        co_return refusal(*answer, settings_.thing);
    }
    const auto header = [&](std::string_view name) {
        return std::string(answer->headers.get(name).value_or(""));
    };
    invocation_order order;
    order.id = header("x-evergrass-invocation");
    order.function = header("x-evergrass-function");
    order.client_context = header("x-evergrass-client-context");
    order.event = header("x-evergrass-type") == "Event";
    order.wants_tail = header("x-evergrass-log") == "Tail";
    if (order.id.empty() || order.function.empty()) {
        co_return error{errc::invalid_input, "the service sent an invocation that is none"};
    }
    order.payload = std::move(answer->body);
    co_return std::optional(std::move(order));
}

boost::asio::awaitable<result<void>> service_client::tell_outcome(std::string id,
                                                                  invocation_outcome outcome) {
    http::request tell;
    tell.method = "POST";
    tell.target = path("/invocations/" + percent_encode(id));
    tell.headers.set("content-type", "application/octet-stream");
    tell.headers.set("x-evergrass-outcome", std::move(outcome.kind));
    if (!outcome.version.empty()) {
        tell.headers.set("x-evergrass-version", std::move(outcome.version));
    }
    if (!outcome.log_tail.empty()) {
        tell.headers.set("x-evergrass-log", base64_encode(outcome.log_tail));
    }
    tell.body = std::move(outcome.body);
    auto told = co_await tell_service(std::move(tell));
    co_return told;
}

boost::asio::awaitable<result<void>> service_client::report(status_report what) {
    json::object body{{"status", what.status}};
    if (!what.error_message.empty()) {
        body["errorMessage"] = what.error_message;
    }
    if (!what.details.empty()) {
        json::array details;
        for (const auto& detail : what.details) {
            details.push_back(json::object{{"detailedErrorCode", detail.part},
                                           {"detailedErrorMessage", detail.reason}});
        }
        body["errorDetails"] = std::move(details);
    }
    http::request tell;
    tell.method = "PUT";
    tell.target = path("/deployments/" + percent_encode(what.deployment_id) + "/status");
    tell.headers.set("content-type", "application/json");
    tell.body = json::serialize(body);
    auto told = co_await tell_service(std::move(tell));
    co_return told;
}

}  // namespace evergrass::edge
