#pragma once

#include "libs/pki/pki.hpp"
#include "libs/rt/tls_identity.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

// Certificates for tests of whatever speaks TLS. P-256, because it is quick to make.
namespace evergrass::rt::testing {

struct test_ca {
    std::string key = pki::generate_ec_key();
    std::string pem;

    explicit test_ca(std::string name = "Test CA") {
        using namespace std::chrono_literals;
        pki::certificate_request wanted;
        wanted.common_name = std::move(name);
        wanted.is_ca = true;
        wanted.not_before = std::chrono::system_clock::now() - 1h;
        wanted.not_after = std::chrono::system_clock::now() + 24h;
        pem = pki::make_self_signed(wanted, key).value();
    }

    tls_identity issue(const std::string& common_name, std::vector<std::string> names = {},
                       std::chrono::hours lifetime = std::chrono::hours(12),
                       std::string subject_key = pki::generate_ec_key()) const {
        using namespace std::chrono_literals;
        pki::certificate_request wanted;
        wanted.common_name = common_name;
        wanted.names = std::move(names);
        wanted.for_server = true;
        wanted.for_client = true;
        wanted.not_before = std::chrono::system_clock::now() - 48h;
        wanted.not_after = std::chrono::system_clock::now() + lifetime;
        const auto certificate =
            pki::issue(wanted, pki::public_key_of(subject_key).value(), pem, key).value();
        return {certificate, std::move(subject_key)};
    }
};

inline std::string id_of(const tls_identity& identity) {
    return pki::read_certificate(identity.chain_pem).value().id;
}

}  // namespace evergrass::rt::testing
