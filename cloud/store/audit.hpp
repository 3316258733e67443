#pragma once

#include "libs/base/time.hpp"
#include "libs/db/sqlite.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace evergrass::cloud {

// Who changed what, docs/access.md. Never a secret: of a request only the names in it.
struct audit_entry {
    wall_time at;
    std::string actor;   // an access key id, a session's ARN, or local:UID
    std::string origin;  // address and port, or the local socket
    std::string request_id;
    std::string operation;  // greengrass:CreateGroup, keys:Revoke
    std::string target;
    int status = 200;           // for every success
    std::string code{};         // of an error
    std::int64_t sequence = 0;  // given when it is written; grows
};

struct audit_limits {
    std::chrono::hours longest{24 * 365};
    std::int64_t most_entries = 500'000;  // some 100 MiB
};

struct audit_question {
    std::optional<wall_time> since;
    std::string by;          // an actor; empty: all
    std::int64_t after = 0;  // a sequence
    std::size_t most = 1000;
};

// The audit's table. Any thread; as long as the connection.
class audit_trail {
public:
    explicit audit_trail(db::connection& db);
    audit_trail(const audit_trail&) = delete;
    audit_trail& operator=(const audit_trail&) = delete;
    ~audit_trail();

    // Older and more entries are removed now and then; before the first change.
    void set_limits(audit_limits limits) { limits_ = limits; }

    // One change while it is made, on the thread that makes it. Its entry, as a success, is part of
    // the first transaction that the thread commits meanwhile: there is no change without an entry.
    class change {
    public:
        change(audit_trail& trail, audit_entry what);
        change(const change&) = delete;
        change& operator=(const change&) = delete;
        ~change();

        // How it ended, where that is another way; writes the entry where no transaction did.
        result<void> end(int status, std::string code);

    private:
        friend class audit_trail;
        audit_trail& trail_;
        audit_entry entry_;
    };

    // Adds to what the change of this thread is about: what it made, say, which has its name only
    // now. Before its transaction is committed; without a change, and a second time, nothing is
    // done.
    void add_to_target(std::string_view text);

    // Oldest first.
    result<std::vector<audit_entry>> list(const audit_question& asked) const;

private:
    result<void> write(audit_entry& entry);
    result<void> write_pending();
    result<void> prune(const audit_entry& newest);

    db::connection& db_;
    audit_limits limits_;
    std::mutex mutex_;
    std::map<std::thread::id, change*> pending_;
};

}  // namespace evergrass::cloud
