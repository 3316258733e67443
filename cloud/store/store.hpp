#pragma once

#include "libs/db/sqlite.hpp"

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
    static result<std::unique_ptr<store>> open(const std::string& path);

    db::connection& db() { return *db_; }

    // Empties every table but those that hold access keys and settings (`--allow-reset`).
    result<void> reset();

private:
    explicit store(std::unique_ptr<db::connection> db) : db_(std::move(db)) {}
    std::unique_ptr<db::connection> db_;
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
