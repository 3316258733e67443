#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

namespace evergrass::edge {

// How the core keeps secrets: crypto.principals.SecretsManager, and `secrets`, Evergrass's own.
struct secrets_settings_of_file {
    // principals.SecretsManager.privateKeyPath; the core's own key where it is missing
    // (spec/core.md §16).
    std::optional<std::filesystem::path> key_path;
    bool oaep = false;  // secrets.wrapping; V1 and hardware have PKCS#1 v1.5
    // secrets.refreshSeconds: how often new values are asked for between deployments. Zero: never,
    // as V1.
    std::chrono::seconds refresh{0};
};

}  // namespace evergrass::edge
