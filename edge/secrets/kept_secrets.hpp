#pragma once

#include "libs/pki/sealed_text.hpp"

#include <filesystem>

namespace evergrass::edge {

// The secrets of the running deployment on the core's disk, sealed for the SecretsManager principal
// with a data key of this deployment's own: docs/formats/secrets.md. They open again after a
// restart, also when the core's certificate is another one by then.
class kept_secrets {
public:
    explicit kept_secrets(std::filesystem::path file) : file_(std::move(file)) {}

    // `package`: SHA-256 of what brought them. On disk when it returns, 0600 in a directory of
    // 0700, in place of those of the deployment before.
    result<void> keep(const pki::private_key& key, pki::wrapping how, const std::string& package,
                      std::string_view text) const;
    // errc::not_found, or errc::corrupt: of another package or key, or damaged.
    result<std::string> open(const pki::private_key& key, const std::string& package) const;
    void drop() const;

private:
    std::filesystem::path file_;
};

}  // namespace evergrass::edge
