#include "cloud/store/audit.hpp"

#include <utility>

namespace evergrass::cloud {
namespace {

// How many entries are written between two looks at what is too old.
constexpr std::int64_t entries_between_pruning = 128;

}  // namespace

audit_trail::audit_trail(db::connection& db) : db_(db) {
    db_.set_before_commit([this] { return write_pending(); });
}

audit_trail::~audit_trail() {
    db_.set_before_commit({});
}

audit_trail::change::change(audit_trail& trail, audit_entry what)
    : trail_(trail), entry_(std::move(what)) {
    const std::lock_guard hold(trail_.mutex_);
    trail_.pending_[std::this_thread::get_id()] = this;
}

audit_trail::change::~change() {
    const std::lock_guard hold(trail_.mutex_);
    trail_.pending_.erase(std::this_thread::get_id());
}

result<void> audit_trail::change::end(int status, std::string code) {
    {
        const std::lock_guard hold(trail_.mutex_);
        trail_.pending_.erase(std::this_thread::get_id());
    }
    const bool succeeded = status < 400;
    if (succeeded && entry_.sequence != 0) {
        return {};
    }
    entry_.status = succeeded ? 200 : status;
    entry_.code = std::move(code);
    return trail_.db_.transaction([&]() -> result<void> {
        auto corrected =
            trail_.db_.run("audit.correct",
                           "UPDATE audit SET status = ?2, code = ?3 WHERE sequence = ?1"
                           " AND request_id = ?4",
                           {entry_.sequence, std::int64_t{status}, entry_.code, entry_.request_id});
        if (!corrected || trail_.db_.changes() == 1) {
            return corrected;
        }
        return trail_.write(entry_);  // it was rolled back, or never begun
    });
}

void audit_trail::add_to_target(std::string_view text) {
    const std::lock_guard hold(mutex_);
    const auto found = pending_.find(std::this_thread::get_id());
    if (found == pending_.end() || found->second->entry_.sequence != 0) {
        return;
    }
    auto& target = found->second->entry_.target;
    if (target.find(text) == std::string::npos) {
        target.append(target.empty() ? "" : " ").append(text);
    }
}

result<void> audit_trail::write_pending() {
    change* mine = nullptr;
    {
        const std::lock_guard hold(mutex_);
        const auto found = pending_.find(std::this_thread::get_id());
        mine = found == pending_.end() ? nullptr : found->second;
    }
    return mine == nullptr || mine->entry_.sequence != 0 ? result<void>{} : write(mine->entry_);
}

result<void> audit_trail::write(audit_entry& entry) {
    auto written =
        db_.run("audit.write",
                "INSERT INTO audit(at, actor, origin, request_id, operation, target, status, code)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                {to_epoch_milliseconds(entry.at), entry.actor, entry.origin, entry.request_id,
                 entry.operation, entry.target, std::int64_t{entry.status}, entry.code});
    if (!written) {
        return written;
    }
    entry.sequence = db_.last_inserted();
    return entry.sequence % entries_between_pruning == 0 ? prune(entry) : result<void>{};
}

result<void> audit_trail::prune(const audit_entry& newest) {
    return db_.run("audit.prune", "DELETE FROM audit WHERE sequence <= ?1 OR at < ?2",
                   {newest.sequence - limits_.most_entries,
                    to_epoch_milliseconds(newest.at - limits_.longest)});
}

result<std::vector<audit_entry>> audit_trail::list(const audit_question& asked) const {
    std::vector<audit_entry> found;
    auto read = db_.query(
        "audit.list",
        "SELECT sequence, at, actor, origin, request_id, operation, target, status, code FROM audit"
        " WHERE sequence > ?1 AND at >= ?2 AND (?3 = '' OR actor = ?3) ORDER BY sequence LIMIT ?4",
        {asked.after, asked.since ? to_epoch_milliseconds(*asked.since) : std::int64_t{0}, asked.by,
         static_cast<std::int64_t>(asked.most)},
        [&](const db::row& row) {
            found.push_back({wall_time(std::chrono::milliseconds(row.integer(1))), row.text(2),
                             row.text(3), row.text(4), row.text(5), row.text(6),
                             static_cast<int>(row.integer(7)), row.text(8), row.integer(0)});
        });
    if (!read) {
        return read.error();
    }
    return found;
}

}  // namespace evergrass::cloud
