#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "cloud/greengrass/operations.hpp"

#include <charconv>

namespace evergrass::cloud::greengrass {
namespace {

// The model has this number as a string.
std::optional<std::int64_t> allowed_expiry(const std::string& text) {
    std::int64_t expiry = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, expiry);
    const bool allowed = code == std::errc() && stop == end &&
                         expiry >= shortest_certificate_expiry_ms &&
                         expiry <= longest_certificate_expiry_ms;
    return allowed ? std::optional(expiry) : std::nullopt;
}

}  // namespace

// Takes effect with the next server certificate that the core asks for.
api_result update_group_certificate_configuration(greengrass_services& in, const call& from) {
    const auto group_id = required_text(from, "GroupId");
    const auto sent = string_member(from.input, "CertificateExpiryInMilliseconds");
    const auto expiry =
        sent ? allowed_expiry(*sent) : std::optional(shortest_certificate_expiry_ms);
    if (!expiry) {
        return api_error{400,
                         "BadRequestException",
                         "CertificateExpiryInMilliseconds must be from 604800000 (7 days) to "
                         "2592000000 (30 days).",
                         {}};
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto& family = group_family();
        const auto group = require_definition(in.state, family, group_id, family.missing);
        if (!group) {
            return group.error();
        }
        const auto written = in.state.db().run(
            "greengrass.set_certificate_expiry",
            "INSERT INTO group_settings(group_id, certificate_expiry_ms) VALUES(?1, ?2)"
            " ON CONFLICT(group_id) DO UPDATE SET certificate_expiry_ms = ?2",
            {group_id, *expiry});
        if (!written) {
            return internal_error(written.error());
        }
        return reply{describe_certificate_configuration(group_id, *expiry)};
    });
}

}  // namespace evergrass::cloud::greengrass
