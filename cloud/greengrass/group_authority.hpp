#pragma once

#include "cloud/greengrass/records.hpp"
#include "contract/manifest.hpp"

#include <string>
#include <string_view>
#include <vector>

// The certificate authorities of a group, which sign what its core's local MQTT server shows to
// the devices. The newest signs; devices are told of all (spec/cloud.md §1.8). The caller of what
// touches the store holds its lock.
namespace evergrass::cloud::greengrass {

struct group_authority {
    std::string id;
    std::string certificate_pem;
    std::string key_pem;
};

result<group_authority> insert_group_authority(greengrass_services& in, std::string_view group_id,
                                               std::string key_pem);
// Newest first.
result<std::vector<group_authority>> authorities_of(store& state, std::string_view group_id);

std::string authority_arn(const service_identity& identity, std::string_view group_id,
                          std::string_view authority_id);

// How long a certificate that the newest authority signs is valid: 7 to 30 days, 7 by default.
inline constexpr std::int64_t shortest_certificate_expiry_ms =
    contract::default_certificate_expiry_ms;
inline constexpr std::int64_t longest_certificate_expiry_ms =
    contract::longest_certificate_expiry_ms;
result<std::int64_t> certificate_expiry_ms(store& state, std::string_view group_id);

// When authorities end: 2049-12-31T23:59:59Z, in milliseconds since 1970.
inline constexpr std::int64_t authority_expiry_ms = 2'524'607'999'000;

// The answer of Get- and UpdateGroupCertificateConfiguration.
json::object describe_certificate_configuration(std::string_view group_id, std::int64_t expiry_ms);

}  // namespace evergrass::cloud::greengrass
