#include "cloud/greengrass/core_issuer.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t longest_name = 253;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
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

}  // namespace

result<core_issuer> find_core_issuer(store& state, const std::string& thing,
                                     const std::string& group_id) {
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
        return core_issuer{};
    }
    return core_issuer{std::move(authorities->front()), *expiry};
}

std::string not_the_core(const std::string& thing, const std::string& group_id) {
    return "The thing '" + thing + "' is not the core of a deployed group '" + group_id + "'.";
}

bool is_certificate_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name &&
           std::ranges::all_of(name, is_name_character);
}

}  // namespace evergrass::cloud::greengrass
