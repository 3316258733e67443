#pragma once

#include "cloud/store/master_key.hpp"
#include "libs/db/sqlite.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// Seals what the database must not show to who can read it alone: under a data key, which is itself
// a setting, sealed under the master key. Immutable, any thread.
class vault {
public:
    // Makes the data key at the first use. Errors: the master key's, the database's.
    static result<vault> open(db::connection& db, master_key& master);

    // `place` is the column and row that the text is for.
    std::string seal(std::string_view plain, std::string_view place) const;
    result<std::string> unseal(std::string_view sealed, std::string_view place) const;
    // 32 bytes that nobody has without the data key.
    std::string derive(std::string_view from) const;

private:
    explicit vault(std::string data_key) : data_key_(std::move(data_key)) {}
    std::string data_key_;
};

// Where the secret of an access key is sealed for, and the key of a group's CA.
std::string access_key_place(std::string_view access_key_id);
std::string authority_place(std::string_view authority_id);

// Seals what builds before the vault left open in the database, and has SQLite overwrite it.
// Returns how many secrets there were. One transaction.
result<std::size_t> seal_open_secrets(db::connection& db, const vault& sealer);

}  // namespace evergrass::cloud
