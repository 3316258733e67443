#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// What the store's data key is sealed under; outside the store and in no backup. It is used once at
// start, so that a device such as a PKCS#11 token may hold it as well as a file.
class master_key {
public:
    virtual ~master_key() = default;
    virtual result<std::string> wrap(std::string_view plain) = 0;
    virtual result<std::string> unwrap(std::string_view wrapped) = 0;
};

// In a file of mode 0600, docs/formats/master-key.md. Made by the first wrap(); an existing one is
// never replaced.
class file_master_key final : public master_key {
public:
    explicit file_master_key(std::filesystem::path file) : file_(std::move(file)) {}

    // Errors name the file: it is not the owner's alone, is cut short, or cannot be made.
    result<std::string> wrap(std::string_view plain) override;
    // It is missing, or another one than the text was wrapped with.
    result<std::string> unwrap(std::string_view wrapped) override;

private:
    result<std::string> read() const;

    std::filesystem::path file_;
};

}  // namespace evergrass::cloud
