#include "libs/aws/canonical.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"

#include <algorithm>
#include <cctype>

namespace evergrass::aws {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
}

// Signing again (a retry) replaces what the first signing added.
bool is_ours(const std::string& lower_name) {
    return lower_name == "x-amz-date" || lower_name == "authorization" ||
           lower_name == "x-amz-content-sha256";
}

}  // namespace

void sign(signable_request& r, const credentials& who, std::string_view region,
          std::string_view service, wall_time now) {
    std::erase_if(r.headers, [](const auto& header) { return is_ours(lower(header.first)); });
    const auto amz_date = format_basic_iso8601(now);
    r.headers.emplace_back("X-Amz-Date", amz_date);
    if (service == "s3") {
        r.headers.emplace_back("X-Amz-Content-Sha256", sha256_hex(r.body));
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : r.headers) {
        auto lower_name = lower(name);
        // Proxies change these; AWS's own clients leave them out alike.
        if (lower_name != "connection" && lower_name != "user-agent" && lower_name != "expect") {
            names.push_back(std::move(lower_name));
        }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());

    const scope scope{std::string_view(amz_date).substr(0, 8), region, service};
    std::string header = "AWS4-HMAC-SHA256 Credential=" + who.access_key_id + "/" +
                         scope.to_string() + ", SignedHeaders=";
    for (std::size_t i = 0; i < names.size(); ++i) {
        header.append(i == 0 ? "" : ";").append(names[i]);
    }
    header += ", Signature=" + signature_of(canonical_request(r, service, names), amz_date, scope,
                                            who.secret_access_key);
    r.headers.emplace_back("Authorization", std::move(header));
}

std::string presign_get(const presigning& wanted, const credentials& who, wall_time now) {
    const auto amz_date = format_basic_iso8601(now);
    const scope scope{std::string_view(amz_date).substr(0, 8), wanted.region, wanted.service};
    signable_request r;
    r.method = "GET";
    r.headers.emplace_back("Host", wanted.host);
    r.target =
        wanted.path + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" +
        percent_encode(who.access_key_id + "/" + scope.to_string()) + "&X-Amz-Date=" + amz_date +
        "&X-Amz-Expires=" + std::to_string(wanted.expires.count()) + "&X-Amz-SignedHeaders=host";
    const auto payload =
        wanted.service == "s3" ? std::string_view("UNSIGNED-PAYLOAD") : std::string_view();
    const auto signature = signature_of(canonical_request(r, wanted.service, {"host"}, payload),
                                        amz_date, scope, who.secret_access_key);
    // Behind what is signed, as AWS IoT's clients have it: see verify_presigned().
    const auto token = wanted.session_token.empty()
                           ? std::string()
                           : "&X-Amz-Security-Token=" + percent_encode(wanted.session_token);
    return r.target + token + "&X-Amz-Signature=" + signature;
}

}  // namespace evergrass::aws
