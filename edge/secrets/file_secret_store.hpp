#pragma once

#include "edge/secrets/secret_store.hpp"

#include <filesystem>
#include <map>

namespace evergrass::edge {

// One file a secret in a directory of their own, mode 0600, not encrypted: docs/formats/secrets.md.
// A file is replaced whole: a power cut leaves the old secret or the new one.
class file_secret_store final : public secret_store {
public:
    explicit file_secret_store(std::filesystem::path directory);

    // Reads every NAME.json of the directory anew; a directory that is missing holds none. A file
    // that is damaged, or that others may read, is left out and told; the rest is there.
    std::vector<error> load();

    const secret* find(std::string_view name_or_arn) const override;
    std::vector<const secret*> all() const override;
    result<void> put(secret s) override;
    result<void> remove(std::string_view arn) override;

private:
    struct stored {
        secret content;
        std::filesystem::path file;
    };
    result<void> take(const std::filesystem::path& file);
    void remove_leftovers();

    std::filesystem::path directory_;
    std::map<std::string, stored, std::less<>> by_arn_;
    std::map<std::string, std::string, std::less<>> arn_by_name_;
};

}  // namespace evergrass::edge
