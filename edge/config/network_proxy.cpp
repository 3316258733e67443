#include "edge/config/reading.hpp"
#include "libs/base/errors.hpp"

#include <utility>

namespace evergrass::edge {
namespace {

using contract::field_reader;

const std::vector<std::string_view> network_proxy_members = {"noProxyAddresses", "proxy"};
const std::vector<std::string_view> proxy_members = {"url", "username", "password"};

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(" \t");
    return from == std::string_view::npos
               ? std::string_view()
               : text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// "a, b": the empty ones between two commas don't count.
std::vector<std::string> entries_of(field_reader& in) {
    std::vector<std::string> entries;
    const auto all = in.text("noProxyAddresses");
    for (std::size_t from = 0; from <= all.size();) {
        const auto end = std::min(all.find(',', from), all.size());
        const auto entry = trimmed(std::string_view(all).substr(from, end - from));
        from = end + 1;
        if (entry.empty()) {
            continue;
        }
        if (!rt::is_direct_entry(entry)) {
            in.fail("noProxyAddresses",
                    "has '" + std::string(entry) +
                        "', which is no host, .domain, address or network as 10.0.0.0/8");
        }
        entries.emplace_back(entry);
    }
    return entries;
}

}  // namespace

result<void> read_network_proxy(const json::object& core_thing, core_config& config) {
    field_reader thing(core_thing, "coreThing");
    const auto* object = thing.object("networkProxy");
    if (object == nullptr) {
        return thing.outcome();
    }
    note_unknown(*object, "coreThing.networkProxy", network_proxy_members, config);
    field_reader in(*object, "coreThing.networkProxy");
    auto direct = entries_of(in);
    const auto* proxy = in.object("proxy");
    if (!in.outcome() || proxy == nullptr) {
        return in.outcome();
    }
    note_unknown(*proxy, "coreThing.networkProxy.proxy", proxy_members, config);
    field_reader proxy_in(*proxy, "coreThing.networkProxy.proxy");
    const auto url = proxy_in.required_text("url");
    auto user_name = proxy_in.text("username");
    auto password = proxy_in.text("password");
    if (user_name.find(':') != std::string::npos) {
        proxy_in.fail("username", "has a ':', which Basic authentication cannot carry");
    }
    if (user_name.empty() && !password.empty()) {
        proxy_in.fail("username", "is missing beside the password");
    }
    if (!proxy_in.outcome()) {
        return proxy_in.outcome();
    }
    auto parsed = rt::parse_proxy_url(url);
    if (!parsed) {
        proxy_in.fail("url", parsed.error().context);
        return proxy_in.outcome();
    }
    if (parsed->user_name.empty()) {  // else the URL's win (spec/core.md §3.3)
        parsed->user_name = std::move(user_name);
        parsed->password = std::move(password);
    }
    parsed->direct = std::move(direct);
    config.proxy = std::move(*parsed);
    return {};
}

}  // namespace evergrass::edge
