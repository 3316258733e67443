#pragma once

#include "apps/evergrass/identity_maker.hpp"
#include "apps/evergrass/progress.hpp"
#include "apps/evergrass/service_account.hpp"
#include "apps/evergrass/tar_writer.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

// What `evergrass provision` and `evergrass device` have in common (docs/cli.md).
namespace evergrass::cli {

struct identity_options {
    service_account at;
    std::string name;              // of the thing
    std::filesystem::path out;     // the bundle; empty: NAME.tar.gz in the working directory
    std::filesystem::path csr;     // empty: a key is made
    std::filesystem::path policy;  // a document; empty: the usual one
    bool force = false;
    bool yes = false;
    bool json = false;
};

// --out, or its default.
std::filesystem::path bundle_path(const identity_options& options);

// NAME and which service; `makes`: also those of a verb that makes and writes.
void add_identity_options(CLI::App& verb, identity_options& options, bool makes);

struct identity_bundle {
    std::vector<tar_entry> files;
    json::object said;                    // members of the last line of --json
    std::vector<std::string> next_steps;  // lines for people
};

// The identity that is there, and what a verb has at hand to make the rest of it.
struct identity_site {
    api_client& api;
    std::string ca_pem;          // what signs the service's certificate
    device_endpoints endpoints;  // the service's
    identity_maker& maker;
    made_identity made;
    progress& shown;
};

// What a verb makes of a thing with its certificate.
struct identity_work {
    std::string purpose;  // "core" or "device"
    // The usual document; "{IOT}" becomes "arn:aws:iot:R:A:", "{NAME}" the name.
    std::string policy;
    // Before anything is made: is what was asked possible at the service?
    std::function<boost::asio::awaitable<result<void>>(api_client&)> check;
    std::function<boost::asio::awaitable<result<identity_bundle>>(identity_site)> finish;
};

// The exit status. An earlier run of the same that was interrupted is undone first.
int run_identity(const identity_options& options, const identity_work& work);

// Shows what it will unmake and asks, unless --yes.
int run_undo(const identity_options& options, const std::string& purpose);

}  // namespace evergrass::cli
