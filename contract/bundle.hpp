#pragma once

#include "contract/manifest.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

// A bundle: a deployment with all its files in one (docs/formats/bundle.md). Pure: bytes in, events
// out.
namespace evergrass::contract {

// Of the groups that an owner deploys on a core's own machine, which no service knows.
inline constexpr std::string_view owner_group_id = "owner";
// In the place of a key's id: nobody signed it. The signature is 64 zero bytes then.
inline constexpr std::string_view unsigned_key_id = "unsigned";
// A manifest with some thousand devices has 1 MiB.
inline constexpr std::size_t max_bundle_manifest_bytes = 16 * 1024 * 1024;
// As the core fetches them (Lambda's limit).
inline constexpr std::uint64_t max_bundle_artifact_bytes = 250ULL * 1024 * 1024;

// The parts of a bundle's text, in their order; an artifact's bytes follow its line.
std::string bundle_head(const signed_manifest& sealed);
std::string bundle_artifact_line(std::string_view sha256, std::uint64_t size);
inline constexpr std::string_view bundle_artifact_end = "\n";
inline constexpr std::string_view bundle_end = "end\n";

// Reads a bundle as its bytes come. What a callback refuses ends the reading with its error. The
// content of artifacts is not checked against their SHA-256 here.
class bundle_reader {
public:
    struct events {
        std::function<result<void>(signed_manifest)> manifest;  // before all artifacts
        std::function<result<void>(std::string_view sha256, std::uint64_t size)> artifact;
        std::function<result<void>(std::string_view bytes)> bytes;
        std::function<result<void>()> artifact_ended;
    };
    explicit bundle_reader(events to) : to_(std::move(to)) {}

    // errc::corrupt says what is wrong with the bundle.
    result<void> take(std::string_view bytes);
    // After the last byte: errc::corrupt when the bundle is cut.
    result<void> end() const;

private:
    enum class state { format, manifest, line, content, separator, ended };

    result<void> take_line(std::string_view line);
    result<void> take_artifact_line(std::string_view line);
    std::size_t most_in_line() const;

    events to_;
    state state_ = state::format;
    std::string line_;
    std::uint64_t left_ = 0;
};

}  // namespace evergrass::contract
