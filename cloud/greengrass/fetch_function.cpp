#include "cloud/greengrass/fetch_upstream.hpp"
#include "cloud/lambda/package.hpp"
#include "cloud/upstream/refusal.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

version_lookup no_version(std::string reason) {
    return {std::nullopt, std::move(reason)};
}

http::request get_function_request(const function_arn& function) {
    http::request ask;
    ask.method = "GET";
    ask.target =
        "/2015-03-31/functions/" + percent_encode(function.unqualified()) +
        (function.qualifier.empty() ? "" : "?Qualifier=" + percent_encode(function.qualifier));
    return ask;
}

bool is_number(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

result<bool> has_package(store& state, const std::string& sha256) {
    bool there = false;
    auto read = state.db().query("greengrass.has_package", "SELECT 1 FROM blobs WHERE sha256 = ?1",
                                 {sha256}, [&](const db::row&) { there = true; });
    if (!read) {
        return read.error();
    }
    return there;
}

// What the function's code is, and where.
struct described_code {
    std::string sha256;  // hex
    std::string location;
};

// Or why it has none.
result<described_code> code_of(const json::object& told, const json::object& configuration) {
    const auto digest = base64_decode(string_member(configuration, "CodeSha256").value_or(""));
    const auto* code = object_member(told, "Code");
    const auto location = code != nullptr ? string_member(*code, "Location") : std::nullopt;
    if (!digest || digest->size() != 32) {
        return error{errc::invalid_input, "its CodeSha256 is missing"};
    }
    if (!location) {
        return error{errc::unsupported,
                     "it has no package (Code.Location); images are not deployed"};
    }
    return described_code{hex_encode(*digest), *location};
}

// Empty: it is kept. Else why it cannot be.
answer<std::string> bring_package(greengrass_services& in, const described_code& code) {
    const auto there = has_package(in.state, code.sha256);
    if (!there) {
        return internal_error(there.error());
    }
    if (*there) {
        return std::string();
    }
    const auto zip = in.upstream->fetch("lambda", code.location, lambda::max_zipped_bytes);
    if (!zip) {
        if (zip.error().code == errc::invalid_input || zip.error().code == errc::too_large) {
            return zip.error().message();
        }
        return upstream_unreachable(zip.error().message());
    }
    if (sha256_hex(*zip) != code.sha256) {
        return std::string("its package is not the one of its CodeSha256");
    }
    if (const auto good = lambda::check_package(*zip); !good) {
        return "its package cannot be deployed: " + good.error().message();
    }
    const auto kept = in.state.db().transaction([&] {
        return in.state.db().run("greengrass.keep_package",
                                 "INSERT OR IGNORE INTO blobs(sha256, content) VALUES(?1, ?2)",
                                 {code.sha256, db::blob{*zip}});
    });
    if (!kept) {
        return internal_error(kept.error());
    }
    return std::string();
}

}  // namespace

answer<version_lookup> fetch_function(greengrass_services& in, const std::string& arn) {
    auto function = parse_function_arn(arn);
    if (!function) {
        return no_version("'" + arn + "' is not a function's ARN.");
    }
    const auto where = "Function '" + arn + "' of " + in.upstream->url_of("lambda");
    const auto told = in.upstream->send("lambda", get_function_request(*function));
    if (!told) {
        return upstream_unreachable(told.error().message());
    }
    if (told->status != 200) {
        const auto refused = upstream::read_refusal(*told);
        if (refused.may_pass()) {
            return upstream_unreachable("lambda at " + in.upstream->url_of("lambda") +
                                        " answered " + refused.to_string());
        }
        return no_version(where + " cannot be had: " + refused.to_string() + ".");
    }
    const auto body = parse_json(told->body);
    const auto* object = body ? body->if_object() : nullptr;
    const auto* configuration =
        object != nullptr ? object_member(*object, "Configuration") : nullptr;
    if (configuration == nullptr) {
        return upstream_unreachable("lambda at " + in.upstream->url_of("lambda") +
                                    " gave an answer that is none of GetFunction");
    }
    function->qualifier = string_member(*configuration, "Version").value_or("");
    if (!is_number(function->qualifier)) {
        return no_version(where +
                          " leads to $LATEST, which cannot be deployed; publish a version "
                          "(PublishVersion) and point the alias to it.");
    }
    const auto code = code_of(*object, *configuration);
    if (!code) {
        return no_version(where + ": " + code.error().context + ".");
    }
    const auto brought = bring_package(in, *code);
    if (!brought) {
        return brought.error();
    }
    if (!brought->empty()) {
        return no_version(where + ": " + *brought + ".");
    }
    return version_lookup{published_version{function->to_string(), *configuration, code->sha256,
                                            int_member(*configuration, "CodeSize").value_or(0)},
                          {}};
}

}  // namespace evergrass::cloud::greengrass
