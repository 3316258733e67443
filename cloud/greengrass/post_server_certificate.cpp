#include "cloud/greengrass/core_issuer.hpp"
#include "cloud/greengrass/device_routes.hpp"
#include "libs/base/errors.hpp"
#include "libs/pki/pki.hpp"

#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t most_names = 100;

struct wanted_certificate {
    std::string group_id;
    std::string public_key_pem;
    std::vector<std::string> names;
};

result<std::vector<std::string>> read_names(const json::object& body) {
    std::vector<std::string> names;
    const auto* sent = array_member(body, "names");
    if (sent == nullptr || sent->empty() || sent->size() > most_names) {
        return error{errc::invalid_input, "'names' must be a list of 1 to 100 addresses or names"};
    }
    for (const auto& each : *sent) {
        const auto* name = each.if_string();
        if (name == nullptr || !is_certificate_name(*name)) {
            return error{errc::invalid_input, "'names' holds " + json::serialize(each) +
                                                  ", which is neither an address nor a host name"};
        }
        names.emplace_back(*name);
    }
    return names;
}

result<wanted_certificate> read_wish(const json::object& body) {
    auto names = read_names(body);
    if (!names) {
        return names.error();
    }
    auto csr = pki::read_csr(string_member(body, "csr").value_or(""));
    if (!csr) {
        return with_context(csr.error(), "'csr'");
    }
    return wanted_certificate{string_member(body, "groupId").value_or(""),
                              std::move(csr->public_key_pem), std::move(*names)};
}

http::response issue(const device_routes& in, const device_request& from,
                     const wanted_certificate& wish, const core_issuer& by) {
    const auto now = in.services.time.now();
    pki::certificate_request wanted;
    wanted.common_name = wish.names.front();
    wanted.organization = "Evergrass";
    wanted.names = wish.names;
    wanted.for_server = true;
    wanted.not_before = now - certificate_clock_allowance;
    wanted.not_after = now + std::chrono::milliseconds(by.expiry_ms);
    auto chain = pki::issue(wanted, wish.public_key_pem, by.authority->certificate_pem,
                            by.authority->key_pem);
    if (!chain) {
        return store_failed(in, with_context(chain.error(), "the CA of group " + wish.group_id));
    }
    const auto ends = format_iso8601(wanted.not_after);
    in.services.log.info("Issued a server certificate.",
                         {{"core", from.thing}, {"groupId", wish.group_id}, {"notAfter", ends}});
    json::object body;
    body["chain"] = std::move(*chain);
    body["notAfter"] = ends;
    return json_answer(body);
}

}  // namespace

http::response post_server_certificate(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:CreateCertificate")) {
        return *refused;
    }
    const auto body = body_object(from.asked);
    if (!body) {
        return device_error(400, body.error().message());
    }
    const auto wish = read_wish(*body);
    if (!wish) {
        return device_error(400, wish.error().message());
    }
    const auto by = find_core_issuer(in.services.state, from.thing, wish->group_id);
    if (!by) {
        return store_failed(in, by.error());
    }
    if (!by->authority) {
        return device_error(404, not_the_core(from.thing, wish->group_id));
    }
    return issue(in, from, *wish, *by);
}

}  // namespace evergrass::cloud::greengrass
