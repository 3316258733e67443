#include "contract/bundle.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace evergrass::contract {
namespace {

constexpr std::string_view format_line = "evergrass-bundle 1";
constexpr std::string_view artifact_word = "artifact ";
constexpr std::size_t hash_digits = 64;

error damaged(std::string what) {
    return {errc::corrupt, std::move(what)};
}

}  // namespace

std::string bundle_head(const signed_manifest& sealed) {
    return std::string(format_line) + "\n" + to_json_text(sealed) + "\n";
}

std::string bundle_artifact_line(std::string_view sha256, std::uint64_t size) {
    return std::string(artifact_word) + std::string(sha256) + " " + std::to_string(size) + "\n";
}

std::size_t bundle_reader::most_in_line() const {
    // Base64 is a third longer.
    return state_ == state::manifest ? max_bundle_manifest_bytes / 3 * 4 + 1024 : 256;
}

result<void> bundle_reader::take_artifact_line(std::string_view line) {
    line.remove_prefix(std::min(artifact_word.size(), line.size()));
    const auto hash = line.substr(0, hash_digits);
    const auto size = line.size() > hash_digits && line[hash_digits] == ' '
                          ? line.substr(hash_digits + 1)
                          : std::string_view();
    std::uint64_t bytes = 0;
    const auto [end, failed] = std::from_chars(size.data(), size.data() + size.size(), bytes);
    if (hash.size() != hash_digits || hash.find_first_not_of("0123456789abcdef") != hash.npos ||
        size.empty() || failed != std::errc() || end != size.data() + size.size()) {
        return damaged("the bundle is damaged: a line that should name an artifact does not");
    }
    if (bytes > max_bundle_artifact_bytes) {
        return error{errc::too_large,
                     "the bundle's artifact " + std::string(hash) + " is longer than 250 MiB"};
    }
    left_ = bytes;
    state_ = left_ == 0 ? state::separator : state::content;
    return to_.artifact(hash, bytes);
}

result<void> bundle_reader::take_line(std::string_view line) {
    switch (state_) {
        case state::format:
            if (line != format_line) {
                return damaged(line.starts_with("evergrass-bundle ")
                                   ? "the bundle is of a newer form than this program knows: "
                                     "update it"
                                   : "this is no bundle of Evergrass");
            }
            state_ = state::manifest;
            return {};
        case state::manifest: {
            auto sealed = parse_signed_manifest(line);
            if (!sealed) {
                return damaged("the bundle is damaged: " + sealed.error().message());
            }
            state_ = state::line;
            return to_.manifest(std::move(*sealed));
        }
        case state::separator:
            if (!line.empty()) {
                return damaged("the bundle is damaged: an artifact is longer than its line says");
            }
            state_ = state::line;
            return to_.artifact_ended();
        default:
            break;
    }
    if (line == bundle_end.substr(0, bundle_end.size() - 1)) {
        state_ = state::ended;
        return {};
    }
    if (!line.starts_with(artifact_word)) {
        return damaged(
            "the bundle is damaged: it has neither an artifact nor its end where one "
            "must be");
    }
    return take_artifact_line(line);
}

result<void> bundle_reader::take(std::string_view bytes) {
    while (!bytes.empty()) {
        if (state_ == state::ended) {
            return damaged("the bundle is damaged: something follows its end");
        }
        if (state_ == state::content) {
            const auto part = bytes.substr(
                0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
            left_ -= part.size();
            bytes.remove_prefix(part.size());
            if (auto taken = to_.bytes(part); !taken) {
                return taken;
            }
            state_ = left_ == 0 ? state::separator : state::content;
            continue;
        }
        const auto end = bytes.find('\n');
        line_ += bytes.substr(0, end);
        if (line_.size() > most_in_line()) {
            return state_ == state::format ? damaged("this is no bundle of Evergrass")
                                           : damaged("the bundle is damaged: a line has no end");
        }
        if (end == bytes.npos) {
            return {};
        }
        bytes.remove_prefix(end + 1);
        const auto line = std::exchange(line_, {});
        if (auto taken = take_line(line); !taken) {
            return taken;
        }
    }
    return {};
}

result<void> bundle_reader::end() const {
    if (state_ == state::ended) {
        return {};
    }
    return damaged(state_ == state::format
                       ? "this is no bundle of Evergrass"
                       : "the bundle is cut: its end is missing. Copy it again");
}

}  // namespace evergrass::contract
