#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::edge {

// That the token refused the PIN of a config.json, kept on disk: docs/formats/pin-refused.md.
class pin_note {
public:
    pin_note(std::filesystem::path file, std::filesystem::path config);

    // Why the PIN must not be tried; nullopt when there is no such note, or config.json is another
    // than then. A damaged note counts as none.
    std::optional<std::string> refusal() const;
    // On disk when it returns.
    result<void> keep(const std::string& why) const;
    void drop() const;

private:
    std::filesystem::path file_;
    std::filesystem::path config_;
};

}  // namespace evergrass::edge
