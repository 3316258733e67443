#include "apps/evergrass_cloud/data_directory.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/pki.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::cloud {
namespace {

namespace fs = std::filesystem;

constexpr mode_t private_file = 0600;
constexpr mode_t public_file = 0644;
// An authority must outlive the devices that trust it.
constexpr std::chrono::hours authority_life{24 * 365 * 30};

std::string lock_owner(int descriptor) {
    char text[32] = {};
    const auto length = ::pread(descriptor, text, sizeof(text) - 1, 0);
    return length > 0 ? " (process " + std::string(text, static_cast<std::size_t>(length)) + ")"
                      : std::string();
}

result<std::string> make_authority(const std::string& name, std::string_view key_pem,
                                   wall_time now) {
    pki::certificate_request wanted;
    // A name of its own: two authorities of one name confuse those who trust both.
    wanted.common_name = name + " " + hex_encode(random_bytes(4));
    wanted.organization = "Evergrass";
    wanted.is_ca = true;
    wanted.not_before = now - std::chrono::hours(24);
    wanted.not_after = now + authority_life;
    return pki::make_self_signed(wanted, key_pem);
}

error damaged(const fs::path& file, const std::string& why) {
    return {{}, file.string() + " " + why + "; restore it from a backup"};
}

// The key first, so that a power cut between the two leaves a key without a certificate, which the
// next start completes.
result<rt::tls_identity> load_or_make_authority(const fs::path& directory, const std::string& stem,
                                                const std::string& name, wall_time now) {
    const auto certificate_path = directory / (stem + ".pem");
    const auto key_path = directory / (stem + ".key");
    if (!fs::exists(key_path)) {
        if (fs::exists(certificate_path)) {
            return damaged(key_path,
                           "is missing although " + certificate_path.string() + " is there");
        }
        auto written = write_file_atomically(key_path, pki::generate_rsa_key(), private_file);
        if (!written) {
            return written.error();
        }
    }
    rt::tls_identity authority;
    auto key = read_file(key_path);
    if (!key) {
        return key.error();
    }
    authority.key_pem = std::move(*key);
    if (const auto usable = pki::public_key_of(authority.key_pem); !usable) {
        return damaged(key_path, "is no private key in PEM");
    }
    if (!fs::exists(certificate_path)) {
        const auto made = make_authority(name, authority.key_pem, now);
        if (!made) {
            return with_context(made.error(), key_path.string());
        }
        if (auto written = write_file_atomically(certificate_path, *made, public_file); !written) {
            return written.error();
        }
    }
    auto certificate = read_file(certificate_path);
    if (!certificate) {
        return certificate.error();
    }
    authority.chain_pem = std::move(*certificate);
    const auto matching = pki::matches(authority.chain_pem, authority.key_pem);
    if (!matching) {
        return damaged(certificate_path, "is no certificate in PEM");
    }
    if (!*matching) {
        return damaged(certificate_path, "does not belong to " + key_path.string());
    }
    return authority;
}

result<std::string> load_or_make_signing_key(const fs::path& path) {
    if (!fs::exists(path)) {
        auto written = write_file_atomically(path, pki::generate_ed25519_key(), private_file);
        if (!written) {
            return written.error();
        }
    }
    auto key = read_file(path);
    if (!key) {
        return key.error();
    }
    if (const auto usable = pki::sign_ed25519(*key, "test"); !usable) {
        return damaged(path, "is not an Ed25519 key in PEM");
    }
    return key;
}

}  // namespace

result<void> prepare_data_directory(const fs::path& path) {
    std::error_code code;
    if (fs::exists(path, code) && !fs::is_directory(path, code)) {
        return error{{}, path.string() + " is not a directory; give --data a directory"};
    }
    if (auto made = make_directories(path, 0700); !made) {
        return with_context(made.error(), "cannot make the data directory");
    }
    if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
        return errno_error("the data directory " + path.string() + " cannot be used");
    }
    return {};
}

result<data_lock> data_lock::take(const fs::path& directory) {
    const auto path = directory / "lock";
    data_lock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, private_file));
    if (lock.descriptor_ < 0) {
        return errno_error("cannot open " + path.string());
    }
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return errno_error("cannot lock " + path.string());
        }
        return error{{},
                     "another evergrass-cloud" + lock_owner(lock.descriptor_) + " is using " +
                         directory.string() + "; stop it or choose another --data"};
    }
    const auto owner = std::to_string(::getpid());
    if (::ftruncate(lock.descriptor_, 0) != 0 ||
        ::pwrite(lock.descriptor_, owner.data(), owner.size(), 0) < 0) {
        return errno_error("cannot write " + path.string());
    }
    return lock;
}

data_lock::data_lock(data_lock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

data_lock::~data_lock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

result<service_keys> load_or_make_keys(const fs::path& directory, wall_time now) {
    service_keys keys;
    auto authority = load_or_make_authority(directory, "ca", "Evergrass CA", now);
    if (!authority) {
        return authority.error();
    }
    keys.authority = std::move(*authority);
    auto devices = load_or_make_authority(directory, "device-ca", "Evergrass Device CA", now);
    if (!devices) {
        return devices.error();
    }
    keys.devices = {std::move(devices->chain_pem), std::move(devices->key_pem)};
    auto signing = load_or_make_signing_key(directory / "deployment-signing.key");
    if (!signing) {
        return signing.error();
    }
    keys.signing_key_pem = std::move(*signing);
    return keys;
}

}  // namespace evergrass::cloud
