#include "cloud/gateway/reset.hpp"

#include <string>

namespace evergrass::cloud {
namespace {

// "127.0.0.7:8080", "localhost", "[::1]:80": a name that a foreign page cannot have made resolve to
// us.
bool is_loopback_host(std::string_view host) {
    if (host.starts_with("[")) {
        return host == "[::1]" || host.starts_with("[::1]:");
    }
    const auto name = host.substr(0, host.find(':'));
    if (name == "localhost") {
        return true;
    }
    return name.starts_with("127.") &&
           name.find_first_not_of("0123456789.") == std::string_view::npos;
}

api_error refused(int status, std::string message) {
    return {status, status == 404 ? "UnknownOperationException" : "AccessDeniedException",
            std::move(message)};
}

}  // namespace

bool has_loopback_host(const http::request& asked) {
    return is_loopback_host(asked.headers.get("host").value_or(""));
}

answer<http::response> serve_reset(const std::function<result<void>()>& reset,
                                   const http::request& asked, bool plain_loopback) {
    if (!plain_loopback) {
        return refused(404, "The reset is served on the plain-HTTP loopback listener only.");
    }
    if (!reset) {
        return refused(404, "The reset is off: start evergrass-cloud with --allow-reset.");
    }
    if (asked.method != "POST") {
        return refused(404, "The reset is a POST.");
    }
    if (asked.headers.get("x-evergrass-reset") != "1") {
        return refused(403, "The reset needs the header X-Evergrass-Reset: 1.");
    }
    if (!has_loopback_host(asked)) {
        return refused(403, "The reset needs a loopback Host header, such as 127.0.0.1.");
    }
    if (auto emptied = reset(); !emptied) {
        return internal_error(emptied.error());
    }
    http::response done;
    done.headers.set("content-type", "application/json");
    done.body = "{}";
    return done;
}

}  // namespace evergrass::cloud
