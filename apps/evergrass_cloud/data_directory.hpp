#pragma once

#include "cloud/iot/registry.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/rt/tls.hpp"

#include <filesystem>
#include <string>

// The service's folder, docs/formats/service-data.md.
namespace evergrass::cloud {

// Makes `path` (0700) when missing. The error says what is wrong with it.
result<void> prepare_data_directory(const std::filesystem::path& path);

// Keeps a second service away from the folder for as long as it lives, however the process ends:
// flock on `lock`, which holds the owner's process id for the error message.
class data_lock {
public:
    static result<data_lock> take(const std::filesystem::path& directory);
    data_lock(data_lock&& other) noexcept;
    data_lock& operator=(data_lock&&) = delete;
    ~data_lock();

private:
    explicit data_lock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

// What the service signs with; made at the first start, kept for good.
struct service_keys {
    rt::tls_identity authority;   // ca.pem, ca.key: signs the certificates of our servers
    cloud::device_ca devices;     // device-ca.pem, device-ca.key
    std::string signing_key_pem;  // deployment-signing.key, Ed25519
};

// A file that is there is never replaced: one that is damaged, or half of a pair, is an error that
// says what to do.
result<service_keys> load_or_make_keys(const std::filesystem::path& directory, wall_time now);

}  // namespace evergrass::cloud
