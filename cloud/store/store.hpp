#pragma once

#include "cloud/store/audit.hpp"
#include "cloud/store/vault.hpp"
#include "libs/db/sqlite.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

// The service's whole state in one SQLite file, docs/formats/service-database.md. Answered means
// committed: an operation returns success only after its transaction did.
//
// Threads: operations run on several threads; each takes `db().lock()` for as long as it reads or
// writes (transaction() does). No lock is held while waiting for anything else.
class store {
public:
    // Makes and migrates the file. `master_key_file` (empty: master.key beside the file) is made
    // when nothing is sealed yet; it may be a pkcs11: URI instead (token_master_key.hpp).
    static result<std::unique_ptr<store>> open(const std::string& path,
                                               const std::filesystem::path& master_key_file = {});

    db::connection& db() { return *db_; }
    const vault& secrets() const { return secrets_; }
    audit_trail& audit() { return audit_; }
    // Secrets that an earlier build had left readable, and open() sealed.
    std::size_t sealed_at_open() const { return sealed_at_open_; }

    // Empties every table but those that hold access keys, settings and the audit
    // (`--allow-reset`).
    result<void> reset();

private:
    store(std::unique_ptr<db::connection> db, vault secrets, std::size_t sealed_at_open)
        : db_(std::move(db)), secrets_(std::move(secrets)), sealed_at_open_(sealed_at_open) {}
    std::unique_ptr<db::connection> db_;
    vault secrets_;
    audit_trail audit_{*db_};
    std::size_t sealed_at_open_;
};

// What every operation needs to know about the service it belongs to. Immutable after start-up.
struct service_identity {
    std::string account = "123456789012";
    std::string region = "us-east-1";
    std::string partition = "aws";

    std::string iot_arn(std::string_view resource) const;         // arn:aws:iot:R:A:resource
    std::string lambda_arn(std::string_view resource) const;      // arn:aws:lambda:R:A:resource
    std::string greengrass_arn(std::string_view resource) const;  // arn:aws:greengrass:R:A:resource
};

// The numbered migrations, oldest first; never edited once released, only added to.
const std::vector<std::string_view>& migrations();

}  // namespace evergrass::cloud
