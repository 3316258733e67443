#include "apps/doctor/checks.hpp"
#include "apps/doctor/days_left.hpp"
#include "apps/doctor/endpoint_facts.hpp"

namespace evergrass::doctor {
namespace {

std::string where(const endpoint_facts& e) {
    return e.place.host + " port " + std::to_string(e.place.port);
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const auto& text : texts) {
        all += (all.empty() ? "" : ", ") + text;
    }
    return all;
}

judgement resolve(const endpoint_facts& e) {
    if (!e.resolve_error.empty()) {
        return failed(e.place.host + ": " + e.resolve_error,
                      "correct " + e.place.members +
                          " in config.json, or this machine's DNS "
                          "(/etc/resolv.conf)");
    }
    return e.addresses.empty() ? skipped("the proxy " + e.proxy + " looks it up")
                               : ok(e.place.host + ": " + joined(e.addresses));
}

judgement connect(const endpoint_facts& e) {
    if (!e.resolve_error.empty()) {
        return skipped("no address");
    }
    if (e.connected) {
        return ok(where(e) + (e.proxy.empty() ? "" : " by the proxy " + e.proxy));
    }
    return failed(e.connect_error,
                  "see that the service runs, that " + e.place.members +
                      " in config.json are its host and port, and that no firewall is between");
}

judgement tls(const endpoint_facts& e) {
    if (!e.connected) {
        return skipped("no connection");
    }
    if (e.secured || e.client == client_outcome::refused) {
        return ok(e.tls_version.empty() ? "spoken" : e.tls_version);
    }
    return failed(
        e.tls_error.empty() ? "the handshake broke off" : e.tls_error,
        "see that " + e.place.members +
            " name a port that speaks TLS 1.2 or 1.3, and that nothing between reads TLS");
}

judgement chain(const endpoint_facts& e) {
    if (!e.shown_certificate) {
        return skipped("the server showed no certificate");
    }
    if (!e.chain_error.empty()) {
        return failed("the server's certificate ('" + e.subject + "', issued by '" + e.issuer +
                          "') is not trusted: " + e.chain_error,
                      "put the CA of this service into " + e.place.ca_file +
                          "; if that is there, set this machine's clock");
    }
    if (e.not_after - e.now < soon) {
        return warning("issued by '" + e.issuer + "', " + days_text(e.now, e.not_after),
                       "see that the service renews its certificate");
    }
    return ok("issued by '" + e.issuer + "', " + days_text(e.now, e.not_after));
}

judgement name(const endpoint_facts& e) {
    if (!e.shown_certificate) {
        return skipped("the server showed no certificate");
    }
    return e.name_matches ? ok("the certificate is for " + e.place.host)
                          : failed("the server's certificate is for " +
                                       (e.names.empty() ? "'" + e.subject + "'" : joined(e.names)) +
                                       ", not for " + e.place.host,
                                   "write one of these names into " + e.place.members +
                                       ", or give the service a certificate for this one");
}

judgement client_certificate(const endpoint_facts& e) {
    switch (e.client) {
        case client_outcome::accepted:
            return ok("the server takes the core's certificate");
        case client_outcome::silent:
            return warning("the server neither took nor refused the core's certificate in time",
                           "look at the service's log");
        case client_outcome::refused:
            return failed("the server refused the core's certificate: " + e.client_error,
                          "see at the service that the certificate of " + e.place.certificate_file +
                              " is registered and ACTIVE");
        case client_outcome::not_tried:
            break;
    }
    return skipped(!e.secured ? "TLS was not reached" : e.client_error);
}

// spec/core.md §1.
judgement clock_of(const endpoint_facts& e) {
    constexpr std::chrono::minutes most{15};
    if (!e.server_time) {
        return skipped("the server told no time");
    }
    const auto apart = e.now > *e.server_time ? e.now - *e.server_time : *e.server_time - e.now;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(apart).count();
    const auto found = std::to_string(seconds) + " s from the server's clock";
    return apart <= most ? ok(found)
                         : warning(found,
                                   "set this machine's clock, or let chrony keep it: "
                                   "signatures and certificates fail by so much");
}

}  // namespace

const std::vector<check<endpoint_facts>>& endpoint_checks() {
    static const std::vector<check<endpoint_facts>> table = {
        {"resolve", resolve}, {"connect", connect}, {"tls", tls},
        {"chain", chain},     {"name", name},       {"client-certificate", client_certificate},
        {"clock", clock_of},
    };
    return table;
}

}  // namespace evergrass::doctor
