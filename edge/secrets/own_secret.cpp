#include "edge/secrets/own_secret.hpp"

#include "edge/secrets/sealed_values.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <optional>
#include <utility>

namespace evergrass::edge {
namespace {

constexpr std::int64_t sealed_version = 2;
constexpr std::string_view scope = "a core's own";

error does_not_open() {
    return {errc::denied,
            "was changed, or is sealed for another key than this core's "
            "(crypto.principals.SecretsManager, or else IoTCertificate)"};
}

result<secret> open_sealed(const json::object& document, const data_key_wrapper* wrapper) {
    const auto wrapped = base64_decode(string_member(document, "dataKey").value_or(""));
    if (!wrapped || wrapped->empty()) {
        return error{errc::invalid_input, "'dataKey' is not base64"};
    }
    std::optional<secret_text> data_key;
    if (wrapper != nullptr) {
        auto unwrapped = wrapper->unwrap(*wrapped);
        if (!unwrapped) {
            return error{errc::unavailable, unwrapped.error().message()};
        }
        if (string_member(document, "wrapping") != wrapper->method()) {
            return does_not_open();
        }
        data_key = std::move(*unwrapped);
    }
    auto opened = open_values(document, scope, data_key ? &*data_key : nullptr);
    if (!opened) {
        return opened.error().code == errc::denied
                   ? does_not_open()
                   : error{errc::invalid_input, "'versions' is not as it is written"};
    }
    return opened;
}

}  // namespace

std::string seal_own_secret(const secret& s, const data_key& with) {
    json::object document{{"version", sealed_version},
                          {"wrapping", with.method},
                          {"dataKey", base64_encode(with.wrapped)}};
    for (auto& member : seal_values(s, scope, with.plain)) {
        document[member.key()] = std::move(member.value());
    }
    return to_pretty_json(document);
}

result<own_secret> open_own_secret(std::string_view text, const data_key_wrapper* wrapper) {
    const auto document = parse_secret_json(text);
    if (!document) {
        return error{errc::invalid_input, document.error().message()};
    }
    const auto* object = document->if_object();
    if (object == nullptr || int_member(*object, "version") != sealed_version) {
        auto read = read_secret(*document);
        if (!read) {
            return read.error();
        }
        for (auto& version : read->versions) {
            version.value = wrapper == nullptr ? secret_text() : std::move(version.value);
        }
        return own_secret{std::move(*read), false};
    }
    auto opened = open_sealed(*object, wrapper);
    if (!opened) {
        return opened.error();
    }
    // Names, labels and sizes by the rules of all secrets.
    auto read = read_secret(json::value(to_json(*opened)));
    if (!read) {
        return read.error();
    }
    return own_secret{std::move(*read), true};
}

}  // namespace evergrass::edge
