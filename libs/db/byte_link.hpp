#pragma once

#include "libs/base/result.hpp"
#include "libs/db/sqlite.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::db {

// A way into a database of PostgreSQL's beside the store's connection, for many bytes: it waits for
// no transaction and holds none up. One session, at which threads take turns; made anew when it was
// lost, and what was set in it, or locked by it, is lost with it. Any thread.
class byte_link {
public:
    // `url` as connection::open() takes it. errc::unavailable.
    static result<std::unique_ptr<byte_link>> open(const std::string& url);
    ~byte_link();
    byte_link(const byte_link&) = delete;
    byte_link& operator=(const byte_link&) = delete;

    // Statements as connection::run() takes them, but for PRAGMA. Each is a transaction of its own
    // and committed when this returns: without the store's lock, so for rows that no transaction
    // reads and changes. The answer's rows, whose columns are numbers or truths; null is 0.
    result<std::vector<std::vector<std::int64_t>>> run(std::string_view name, std::string_view sql,
                                                       const std::vector<value>& bound = {});
    // The first column of the first row, a BLOB; nullopt: there is no row.
    result<std::optional<std::string>> bytes(std::string_view name, std::string_view sql,
                                             const std::vector<value>& bound = {});

private:
    struct implementation;
    explicit byte_link(std::unique_ptr<implementation> implementation);
    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::db
