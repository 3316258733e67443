#include "apps/evergrass/discovery.hpp"

#include "apps/evergrass/api_client.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/http/client.hpp"

namespace evergrass::cli {
namespace {

error malformed(const char* what) {
    return {errc::invalid_input, std::string("The discovery answer ") + what};
}

const json::object* first_object(const json::object& members, std::string_view name) {
    const auto* list = array_member(members, name);
    return list == nullptr || list->empty() ? nullptr : list->front().if_object();
}

std::vector<host_port> addresses_of(const json::object& core) {
    std::vector<host_port> addresses;
    const auto* entries = array_member(core, "Connectivity");
    if (entries == nullptr) {
        return addresses;
    }
    for (const auto& entry : *entries) {
        if (!entry.is_object()) {
            continue;
        }
        const auto host = string_member(entry.get_object(), "HostAddress");
        const auto port = int_member(entry.get_object(), "PortNumber");
        if (host && !host->empty() && port && *port > 0 && *port <= 65535) {
            addresses.push_back({*host, static_cast<std::uint16_t>(*port)});
        }
    }
    return addresses;
}

std::string cas_of(const json::object& group) {
    std::string all;
    if (const auto* cas = array_member(group, "CAs")) {
        for (const auto& ca : *cas) {
            if (ca.is_string()) {
                all.append(ca.get_string());
                all.push_back('\n');
            }
        }
    }
    return all;
}

}  // namespace

result<discovered_core> parse_discovery(std::string_view text) {
    auto value = parse_json(text);
    if (!value) {
        return with_context(value.error(), "The discovery answer is no JSON");
    }
    if (!value->is_object()) {
        return malformed("is no JSON object");
    }
    const auto* group = first_object(value->get_object(), "GGGroups");
    if (group == nullptr) {
        return malformed("names no group (GGGroups)");
    }
    const auto* core = first_object(*group, "Cores");
    if (core == nullptr) {
        return malformed("names no core (Cores)");
    }
    discovered_core found{.thing_arn = string_member(*core, "thingArn").value_or(""),
                          .addresses = addresses_of(*core),
                          .ca_pem = cas_of(*group)};
    if (found.addresses.empty()) {
        return malformed("has no address of the core (Connectivity)");
    }
    if (found.ca_pem.empty()) {
        return malformed("has no CA of the group (CAs)");
    }
    return found;
}

result<device_identity> load_identity(std::string thing, const std::string& cert_file,
                                      const std::string& key_file, const std::string& ca_file) {
    auto certificate = read_file(cert_file);
    if (!certificate) {
        return certificate.error();
    }
    auto key = read_file(key_file);
    if (!key) {
        return key.error();
    }
    auto ca = read_file(ca_file);
    if (!ca) {
        return ca.error();
    }
    return device_identity{std::move(thing), std::move(*certificate), std::move(*key),
                           std::move(*ca)};
}

boost::asio::awaitable<result<discovered_core>> discover(boost::asio::any_io_executor executor,
                                                         std::string url, device_identity who) {
    auto address = parse_host_port(url);
    if (!address) {
        co_return address.error();
    }
    rt::tls_client_options tls_options;
    tls_options.ca_pem = who.service_ca_pem;
    tls_options.identity = rt::tls_identity{who.certificate_pem, who.key_pem};
    // On port 443 the protocol tells the device API from the AWS APIs (spec/cloud.md §6.3).
    tls_options.alpn = {"x-amzn-http-ca"};
    auto tls = rt::make_client_context(tls_options);
    if (!tls) {
        co_return tls.error();
    }
    http::client_options options;
    options.host = address->host;
    options.port = address->port;
    options.tls = *tls;
    http::client client(executor, std::move(options));
    http::request ask;
    ask.method = "GET";
    ask.target = "/greengrass/discover/thing/" + percent_encode(who.thing);
    auto answer = co_await client.send(std::move(ask));
    if (!answer) {
        co_return with_context(answer.error(), "Discovery for " + who.thing);
    }
    if (answer->status != 200) {
        co_return error_of("Discovery for " + who.thing, *answer);
    }
    co_return parse_discovery(answer->body);
}

}  // namespace evergrass::cli
