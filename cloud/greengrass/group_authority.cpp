#include "cloud/greengrass/group_authority.hpp"

#include "libs/base/random.hpp"
#include "libs/pki/pki.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

// Devices and cores without a battery-backed clock start in the past.
constexpr std::chrono::hours clock_allowance{24};

result<std::string> self_signed(const greengrass_services& in, std::string_view group_id,
                                const std::string& key_pem) {
    pki::certificate_request wanted;
    wanted.common_name = "Evergrass Group CA " + std::string(group_id);
    wanted.organization = "Evergrass";
    wanted.is_ca = true;
    wanted.not_before = in.time.now() - clock_allowance;
    wanted.not_after = wall_time(std::chrono::milliseconds(authority_expiry_ms));
    return pki::make_self_signed(wanted, key_pem);
}

}  // namespace

result<group_authority> insert_group_authority(greengrass_services& in, std::string_view group_id,
                                               std::string key_pem) {
    auto certificate = self_signed(in, group_id, key_pem);
    if (!certificate) {
        return with_context(certificate.error(), "the CA of group " + std::string(group_id));
    }
    group_authority made{uuid_v4(), std::move(*certificate), std::move(key_pem)};
    auto written = in.state.db().run(
        "greengrass.insert_authority",
        "INSERT INTO group_authorities(id, group_id, certificate_pem,"
        " key_pem, sealed, created_at) VALUES(?1, ?2, ?3, '', ?4, ?5)",
        {made.id, std::string(group_id), made.certificate_pem,
         db::blob{in.state.secrets().seal(made.key_pem, authority_place(made.id))},
         now_milliseconds(in)});
    if (!written) {
        return written.error();
    }
    return made;
}

result<std::vector<group_authority>> authorities_of(store& state, std::string_view group_id) {
    std::vector<group_authority> found;
    auto read = state.db().query(
        "greengrass.authorities_of",
        "SELECT id, certificate_pem, sealed FROM group_authorities WHERE group_id = ?1"
        " ORDER BY created_at DESC, id",
        {std::string(group_id)}, [&](const db::row& row) {
            found.push_back({row.text(0), row.text(1), row.text(2)});
        });
    if (!read) {
        return read.error();
    }
    for (auto& each : found) {
        auto key = state.secrets().unseal(each.key_pem, authority_place(each.id));
        if (!key) {
            return with_context(key.error(), "the key of the group CA " + each.id);
        }
        each.key_pem = std::move(*key);
    }
    return found;
}

std::string authority_arn(const service_identity& identity, std::string_view group_id,
                          std::string_view authority_id) {
    std::string path = "/greengrass/groups/";
    path.append(group_id).append("/certificateauthorities/").append(authority_id);
    return identity.greengrass_arn(path);
}

result<std::int64_t> certificate_expiry_ms(store& state, std::string_view group_id) {
    std::int64_t expiry = shortest_certificate_expiry_ms;
    auto read = state.db().query(
        "greengrass.certificate_expiry",
        "SELECT certificate_expiry_ms FROM group_settings WHERE group_id = ?1",
        {std::string(group_id)}, [&](const db::row& row) { expiry = row.integer(0); });
    if (!read) {
        return read.error();
    }
    return expiry;
}

json::object describe_certificate_configuration(std::string_view group_id, std::int64_t expiry_ms) {
    return {{"GroupId", group_id},
            {"CertificateExpiryInMilliseconds", std::to_string(expiry_ms)},
            {"CertificateAuthorityExpiryInMilliseconds", std::to_string(authority_expiry_ms)}};
}

}  // namespace evergrass::cloud::greengrass
