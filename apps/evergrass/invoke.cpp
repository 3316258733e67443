#include "apps/evergrass/invoke.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <array>
#include <cstdio>
#include <iostream>
#include <iterator>

namespace evergrass::cli {
namespace {

constexpr int succeeded = 0;
constexpr int function_failed = 1;
constexpr int no_answer = 2;
constexpr std::size_t max_payload = 6 * 1024 * 1024;  // Lambda's limit

result<json::object> ask(const invoke_options& options) {
    auto payload = read_payload(options.payload);
    if (!payload) {
        return payload.error();
    }
    const auto asked = invocation_of(options, std::move(*payload));
    if (!asked) {
        return asked.error();
    }
    auto answer = ask_core(options.socket.value_or(socket_of_root(options.root)), "/invoke", *asked,
                           std::chrono::seconds(options.timeout_seconds));
    if (!answer && answer.error().code == errc::timed_out) {
        return error{errc::timed_out,
                     "no result came in " + std::to_string(options.timeout_seconds) +
                         " s (--timeout); `evergrass functions` shows what the function does"};
    }
    return answer;
}

int status_of(const json::object& answer) {
    const auto outcome = string_member(answer, "outcome").value_or("");
    return outcome == "success" || outcome == "accepted" ? succeeded : function_failed;
}

}  // namespace

result<std::string> read_payload(const std::string& named) {
    std::string payload = named;
    if (named == "-") {
        payload.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else if (named.starts_with('@')) {
        auto read = read_file(named.substr(1), max_payload);
        if (!read) {
            return with_context(read.error(), "--payload " + named);
        }
        payload = std::move(*read);
    }
    if (payload.size() > max_payload) {
        return error{errc::too_large, "--payload is larger than 6 MiB, which is Lambda's limit"};
    }
    return payload;
}

result<json::object> invocation_of(const invoke_options& options, std::string payload) {
    json::object asked{{"function", options.function},
                       {"payloadBase64", base64_encode(payload)},
                       {"event", options.event}};
    if (options.client_context) {
        const auto context = parse_json(*options.client_context);
        if (!context) {
            return with_context(context.error(), "--client-context");
        }
        if (!context->is_object()) {
            return error{
                errc::invalid_input,
                R"(--client-context is no JSON object, as {"custom": {"subject": "a/b"}})"};
        }
        asked["clientContext"] = *context;
    }
    return asked;
}

std::string invocation_notes(const json::object& answer) {
    const auto took = int_member(answer, "tookMicros").value_or(0);
    std::array<char, 32> ms{};
    std::snprintf(ms.data(), ms.size(), "%.2f ms", static_cast<double>(took) / 1000);
    const auto outcome = string_member(answer, "outcome").value_or("");
    const auto arn = string_member(answer, "function").value_or("");
    if (outcome == "accepted") {
        return arn + " has the event in its queue.\n";
    }
    std::string text = string_member(answer, "log").value_or("");
    text +=
        arn +
        (outcome == "success"   ? " succeeded in "
         : outcome == "handled" ? " answered with an error in "
                                : " failed (it ended, ran out of time, or gave no result) in ") +
        ms.data() + "\n";
    return text;
}

int run_invoke(const invoke_options& options) {
    const auto answer = ask(options);
    if (!answer) {
        std::cerr << "evergrass invoke: " << failure_text(answer.error()) << "\n";
        return no_answer;
    }
    if (options.json) {
        std::cout << json::serialize(*answer) << "\n";
        return status_of(*answer);
    }
    std::cerr << invocation_notes(*answer);
    const auto body = base64_decode(string_member(*answer, "payloadBase64").value_or(""));
    if (body && !body->empty()) {
        std::cout << *body << (body->ends_with('\n') ? "" : "\n");
    }
    return status_of(*answer);
}

}  // namespace evergrass::cli
