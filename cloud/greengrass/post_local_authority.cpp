#include "cloud/greengrass/connectivity.hpp"
#include "cloud/greengrass/core_issuer.hpp"
#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/device_routes.hpp"
#include "cloud/greengrass/families.hpp"
#include "cloud/greengrass/local_authority_setting.hpp"
#include "cloud/greengrass/tags.hpp"
#include "libs/base/errors.hpp"
#include "libs/pki/pki.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

struct delegation_terms {
    core_issuer by;
    local_authority_setting setting;
    json::array addresses;
};

// What may stand in a certificate: the API takes any text for an address.
json::array certificate_names_of(const json::array& connectivity) {
    json::array names;
    for (const auto& entry : connectivity) {
        const auto* told = entry.if_object();
        const auto host = told != nullptr ? string_member(*told, "HostAddress").value_or("") : "";
        if (is_certificate_name(host)) {
            names.emplace_back(host);
        }
    }
    return names;
}

result<delegation_terms> terms_of(const device_routes& in, const std::string& thing,
                                  const std::string& group_id) {
    auto& services = in.services;
    const auto hold = services.state.db().lock();
    auto by = find_core_issuer(services.state, thing, group_id);
    if (!by) {
        return by.error();
    }
    delegation_terms terms{std::move(*by), {}, {}};
    if (!terms.by.authority) {
        return terms;
    }
    const auto tags =
        tags_of(services.state, definition_arn(services.identity, group_family().kind, group_id));
    if (!tags) {
        return tags.error();
    }
    const auto told = string_member(*tags, local_authority_tag);
    auto setting = told ? parse_local_authority_setting(*told) : local_authority_setting();
    if (!setting) {
        return with_context(setting.error(), "the group's tag " + std::string(local_authority_tag));
    }
    terms.setting = *setting;
    const auto connectivity = connectivity_of(services.state, thing);
    if (!connectivity) {
        return connectivity.error();
    }
    terms.addresses = certificate_names_of(*connectivity);
    return terms;
}

http::response delegate(const device_routes& in, const device_request& from,
                        const std::string& group_id, const std::string& public_key_pem,
                        delegation_terms terms) {
    if (!terms.setting.allowed) {
        return json_answer(json::object{{"delegated", false}});
    }
    const auto& authority = *terms.by.authority;
    const auto group_ca = pki::read_certificate(authority.certificate_pem);
    if (!group_ca) {
        return store_failed(in, with_context(group_ca.error(), "the CA of group " + group_id));
    }
    const auto now = in.services.time.now();
    pki::certificate_request wanted;
    wanted.common_name = "Evergrass core of group " + group_id;
    wanted.organization = "Evergrass";
    wanted.is_ca = true;
    wanted.path_length = 0;
    wanted.not_before = std::max(now - certificate_clock_allowance, group_ca->not_before);
    wanted.not_after = terms.setting.life ? std::min(now + *terms.setting.life, group_ca->not_after)
                                          : group_ca->not_after;
    auto made = pki::issue(wanted, public_key_pem, authority.certificate_pem, authority.key_pem);
    if (!made) {
        return store_failed(in, with_context(made.error(), "the CA of group " + group_id));
    }
    const auto ends = format_iso8601(wanted.not_after);
    in.services.log.info("Gave a core an authority of its own.",
                         {{"core", from.thing}, {"groupId", group_id}, {"notAfter", ends}});
    return json_answer(json::object{{"delegated", true},
                                    {"certificate", std::move(*made)},
                                    {"notAfter", ends},
                                    {"addresses", std::move(terms.addresses)}});
}

}  // namespace

http::response post_local_authority(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:CreateCertificate")) {
        return *refused;
    }
    const auto body = body_object(from.asked);
    if (!body) {
        return device_error(400, body.error().message());
    }
    const auto csr = pki::read_csr(string_member(*body, "csr").value_or(""));
    if (!csr) {
        return device_error(400, with_context(csr.error(), "'csr'").message());
    }
    const auto group_id = string_member(*body, "groupId").value_or("");
    auto terms = terms_of(in, from.thing, group_id);
    if (!terms) {
        return terms.error().code == errc::invalid_input
                   ? device_error(409, terms.error().message())
                   : store_failed(in, terms.error());
    }
    if (!terms->by.authority) {
        return device_error(404, not_the_core(from.thing, group_id));
    }
    return delegate(in, from, group_id, csr->public_key_pem, std::move(*terms));
}

}  // namespace evergrass::cloud::greengrass
