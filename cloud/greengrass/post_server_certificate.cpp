#include "cloud/greengrass/device_routes.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "libs/base/errors.hpp"
#include "libs/pki/pki.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t most_names = 100;
constexpr std::size_t longest_name = 253;
// Devices whose clock runs behind still accept a certificate that was just made.
constexpr std::chrono::hours clock_allowance{24};

struct wanted_certificate {
    std::string group_id;
    std::string public_key_pem;
    std::vector<std::string> names;
};

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
}

result<std::vector<std::string>> read_names(const json::object& body) {
    std::vector<std::string> names;
    const auto* sent = array_member(body, "names");
    if (sent == nullptr || sent->empty() || sent->size() > most_names) {
        return error{errc::invalid_input, "'names' must be a list of 1 to 100 addresses or names"};
    }
    for (const auto& each : *sent) {
        const auto* name = each.if_string();
        if (name == nullptr || name->empty() || name->size() > longest_name ||
            !std::ranges::all_of(*name, is_name_character)) {
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

result<bool> is_core_of(store& state, const std::string& thing, const std::string& group_id) {
    bool found = false;
    auto read = state.db().query(
        "greengrass.is_core_of",
        "SELECT 1 FROM group_members WHERE group_id = ?1 AND thing = ?2 AND role = 'core'",
        {group_id, thing}, [&](const db::row&) { found = true; });
    if (!read) {
        return read.error();
    }
    return found;
}

struct issuer {
    std::optional<group_authority> authority;  // none: the thing is not the group's core
    std::int64_t expiry_ms = 0;
};

result<issuer> find_issuer(store& state, const std::string& thing, const std::string& group_id) {
    const auto hold = state.db().lock();
    const auto is_core = is_core_of(state, thing, group_id);
    if (!is_core) {
        return is_core.error();
    }
    const auto expiry = certificate_expiry_ms(state, group_id);
    if (!expiry) {
        return expiry.error();
    }
    auto authorities = authorities_of(state, group_id);
    if (!authorities) {
        return authorities.error();
    }
    if (!is_core.value() || authorities->empty()) {
        return issuer{};
    }
    return issuer{std::move(authorities->front()), *expiry};
}

http::response issue(const device_routes& in, const device_request& from,
                     const wanted_certificate& wish, const issuer& by) {
    const auto now = in.services.time.now();
    pki::certificate_request wanted;
    wanted.common_name = wish.names.front();
    wanted.organization = "Evergrass";
    wanted.names = wish.names;
    wanted.for_server = true;
    wanted.not_before = now - clock_allowance;
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
    const auto by = find_issuer(in.services.state, from.thing, wish->group_id);
    if (!by) {
        return store_failed(in, by.error());
    }
    if (!by->authority) {
        return device_error(404, "The thing '" + from.thing +
                                     "' is not the core of a deployed "
                                     "group '" +
                                     wish->group_id + "'.");
    }
    return issue(in, from, *wish, *by);
}

}  // namespace evergrass::cloud::greengrass
