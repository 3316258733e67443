#pragma once

#include "contract/manifest.hpp"
#include "libs/base/log.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// What a service signs of devices that it no longer admits: docs/core-service-protocol.md.
struct told_denied {
    std::string deployment_id;           // whose devices they are
    std::string version;                 // for the next poll; empty: none is denied
    std::set<std::string> certificates;  // ids of those that are not ACTIVE
    std::set<std::string> things;        // names of those whose certificate was detached
    std::string nonce;                   // of the question
};

// The error names the member.
result<told_denied> parse_denied_certificates(std::string_view text);

// Devices of the running deployment that are not admitted although it has them. Kept in `file`
// (docs/formats/deployment-store.md), which is replaced in one step and fsynced. One thread.
class denied_certificates {
public:
    denied_certificates(std::filesystem::path file, logger log);

    // What was kept. A damaged file could hide whom it denied: then nobody is admitted until the
    // service has been asked.
    void load();

    // For the poll of a core that runs this deployment.
    std::string version(std::string_view running) const;

    // Takes what the service has said of the deployment that it means. Of another one than
    // `running` it can only deny more. An error: it holds, but could not be kept.
    result<void> take(told_denied told, const std::string& running);

    // The devices that may come while `m` runs. A list of another deployment says nothing of it:
    // the service left out at its making whoever had lost their certificate.
    std::vector<contract::group_member> admitted(const contract::manifest& m) const;

private:
    result<void> read(std::string_view text);

    std::filesystem::path file_;
    logger log_;
    bool damaged_ = false;
    std::string deployment_id_;
    std::string version_;
    std::set<std::string> certificates_;
    std::set<std::string> things_;
};

}  // namespace evergrass::edge
