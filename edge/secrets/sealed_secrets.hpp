#pragma once

#include "edge/secrets/data_key.hpp"
#include "edge/secrets/secret.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// What is in such a file, as anybody may have changed it; errors as load()'s.
result<std::vector<secret>> open_sealed_secrets(std::string_view text,
                                                const std::string& deployment,
                                                const data_key_wrapper& wrapper);

// The secrets of a deployment at rest, one file a deployment, 0600 in a directory of 0700
// (docs/formats/sealed-secrets.md): each value sealed by a data key of this file alone, with the
// names and labels that belong to it; the data key wrapped. A file is replaced whole: a power cut
// leaves the old values or the new ones.
class sealed_secrets {
public:
    explicit sealed_secrets(std::filesystem::path directory) : directory_(std::move(directory)) {}

    // Under a new data key.
    result<void> save(const std::string& deployment, const std::vector<secret>& all,
                      const data_key_wrapper& wrapper) const;

    // errc::not_found: none are kept for it. errc::corrupt, with one text whatever it is: the file
    // was changed, or is for another key.
    result<std::vector<secret>> load(const std::string& deployment,
                                     const data_key_wrapper& wrapper) const;

    // Those of all other deployments go.
    void keep_only(const std::vector<std::string>& deployments) const;

private:
    std::filesystem::path file_of(const std::string& deployment) const;

    std::filesystem::path directory_;
};

}  // namespace evergrass::edge
