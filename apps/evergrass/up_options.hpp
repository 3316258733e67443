#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

// What the user asked `evergrass up` for; docs/cli.md says what each means.
struct up_options {
    std::filesystem::path directory;
    std::optional<std::string> address;
    std::optional<std::uint16_t> port_base;
    std::string region = "us-east-1";
    std::string account = "123456789012";
    bool sample = true;
    bool once = false;
    bool allow_reset = false;
    bool json = false;
};

}  // namespace evergrass::cli
