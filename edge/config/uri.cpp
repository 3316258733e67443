#include "edge/config/uri.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>

namespace evergrass::edge {

result<std::filesystem::path> parse_key_uri(std::string_view member, std::string_view uri) {
    constexpr std::string_view file = "file://";
    const auto in_member = "'" + std::string(member) + "' in config.json";
    if (uri.starts_with("pkcs11:")) {
        return error{errc::unsupported, in_member +
                                            " is a pkcs11: URI: only private keys can be in a "
                                            "token, give a file:/// URI"};
    }
    if (uri.starts_with(file)) {
        auto path = percent_decode(uri.substr(file.size()));
        if (!path || path->empty() || path->front() != '/') {
            return error{errc::invalid_input, in_member + " is '" + std::string(uri) +
                                                  "': a file URI needs three slashes and an "
                                                  "absolute path, file:///greengrass/certs/…"};
        }
        return std::filesystem::path(*path);
    }
    if (!uri.empty() && uri.front() == '/') {
        return std::filesystem::path(uri);
    }
    return error{errc::invalid_input,
                 "Error occurred while generating TLS config: ErrUnknownURIScheme. " + in_member +
                     " is '" + std::string(uri) + "': write file:/// and the absolute path"};
}

namespace {

// Levenshtein, over one row.
std::size_t edits_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string_view closest(std::string_view name, const std::vector<std::string_view>& known) {
    for (const auto candidate : known) {
        if (edits_between(name, candidate) <= 2) {
            return candidate;
        }
    }
    return {};
}

}  // namespace evergrass::edge
