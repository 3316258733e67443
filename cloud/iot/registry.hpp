#pragma once

#include "cloud/iot/registry_changes.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"
#include "libs/pki/pki.hpp"

#include <functional>
#include <string>

namespace evergrass::cloud {

// The CA that signs the certificates we give to devices. Nobody verifies chains to it: certificates
// are admitted one by one (spec/cloud.md §3).
struct device_ca {
    std::string certificate_pem;
    std::string key_pem;
};

// Where devices reach this service, as DescribeEndpoint says it: a host, with ":port" only where
// the port is not the standard one, which clients of AWS IoT assume.
struct iot_endpoints {
    std::string mqtt;   // iot:Data-ATS and iot:Data; standard port 8883
    std::string https;  // iot:CredentialProvider and iot:Jobs; standard port 443
};

// What the operations of the registry share. Lives longer than the operation table.
struct registry {
    store& state;
    const service_identity& identity;
    const clock& time;
    registry_changes& changes;
    device_ca issuer;
    iot_endpoints endpoints;
    // PKCS#8 PEM of an RSA-2048 key for a device. Takes some 100 ms when none was made ahead.
    std::function<std::string()> new_rsa_key = [] { return pki::generate_rsa_key(); };
};

}  // namespace evergrass::cloud
