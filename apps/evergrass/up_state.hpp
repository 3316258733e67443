#pragma once

#include "apps/evergrass/endpoints_file.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace evergrass::cli {

// A thing, or with an empty `name` just a certificate, that provisioning made.
struct provisioned_thing {
    std::string name;
    std::string arn;
    std::string certificate_arn;
    std::string cert_file;
    std::string key_file;
    bool attached = false;  // policy and principal
};

// What `evergrass up` remembers of a data directory, docs/formats/up-state.md. An empty text means
// "not made yet": provisioning saves after each step and goes on from there after an interruption.
struct up_state {
    std::string region;
    std::string account;
    std::string access_key_id;
    std::string secret_access_key;
    provisioned_thing core;
    provisioned_thing sensor;
    provisioned_thing display;
    provisioned_thing observer;  // what listens at the service; no member of the group
    // SHA-256 of the function's code and the wiring that the members below were made from.
    std::string sample_digest;
    std::string function_arn;  // of the alias
    std::string group_id;
    std::string group_version_id;
    std::string deployment_id;
    bool deployed = false;  // deployment_id ended with Success

    // Forgets what depends on the sample's code and wiring, for a deployment anew.
    void forget_sample();
    // Forgets all but region, account and access key: the service no longer has it.
    void forget_group();
};

std::string to_json_text(const up_state& state);
// The error names the member that is missing or of the wrong kind.
result<up_state> parse_up_state(std::string_view text);

// The state of this directory; a new one when there is none. Refuses a damaged file and one made
// for another region or account, and says what to do.
result<up_state> load_up_state(const std::filesystem::path& path, const std::string& region,
                               const std::string& account);
result<void> save_up_state(const std::filesystem::path& path, const up_state& state);

}  // namespace evergrass::cli
