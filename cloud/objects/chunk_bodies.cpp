#include "cloud/objects/chunk_bodies.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/http/body_source.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace evergrass::cloud::objects {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;

// Of new bodies. Each row says its own, so that it may change.
constexpr std::uint64_t chunk_bytes = 1024 * 1024;

// For the log: what look_after() could not finish is not lost.
constexpr std::string_view next_try = "it is tried again when an object is put, and at the start";

// Arguments of PostgreSQL's lock of a body: the first number is all bodies', the second the body's.
const std::string of_body = "(731057962, (CAST(?1 AS BIGINT) % 2147483647)::INT)";

// Where it fails, the lock goes with the session.
void unlock(db::byte_link& on, std::int64_t id) {
    (void)on.run("bodies.unlock", "SELECT pg_advisory_unlock" + of_body, {id});
}

void unlock_shared(db::byte_link& on, std::int64_t id) {
    (void)on.run("bodies.unlock_shared", "SELECT pg_advisory_unlock_shared" + of_body, {id});
}

class open_chunks_body final : public open_body {
public:
    // `is_locked`: by `on`.
    open_chunks_body(std::shared_ptr<db::byte_link> on, std::int64_t id, bool is_locked,
                     std::uint64_t size, std::uint64_t chunk_size, std::string name)
        : on_(std::move(on)),
          id_(id),
          is_locked_(is_locked),
          size_(size),
          chunk_size_(chunk_size),
          name_(std::move(name)) {}
    ~open_chunks_body() override {
        if (is_locked_) {
            unlock_shared(*on_, id_);
        }
    }

    std::uint64_t size() const override { return size_; }

    // One chunk, or a part of it.
    result<std::string> read(std::uint64_t offset, std::size_t most) override {
        const auto number = offset / chunk_size_;
        const auto first = offset % chunk_size_;
        const auto there = std::min(chunk_size_, size_ - number * chunk_size_) - first;
        const auto wanted = std::min<std::uint64_t>(most, there);
        auto bytes =
            on_->bytes("bodies.read",
                       "SELECT substr(bytes, ?3, ?4) FROM object_chunks"
                       " WHERE body = ?1 AND number = ?2",
                       {id_, static_cast<std::int64_t>(number),
                        static_cast<std::int64_t>(first + 1), static_cast<std::int64_t>(wanted)});
        if (!bytes) {
            return bytes.error();
        }
        if (!*bytes || (*bytes)->size() != wanted) {
            return error{errc::corrupt, "chunk " + std::to_string(number) + " of the " + name_ +
                                            (*bytes ? " has another size" : " is missing") +
                                            "; put the object again"};
        }
        return std::move(**bytes);
    }

private:
    std::shared_ptr<db::byte_link> on_;
    const std::int64_t id_;
    const bool is_locked_;
    const std::uint64_t size_;
    const std::uint64_t chunk_size_;
    const std::string name_;
};

// A body for the HTTP server: whose thread must not wait for PostgreSQL, not for the unlocking
// either. Nothing is fetched ahead: while the next chunk is, the socket's buffer empties.
class sent_body final : public http::body_source {
public:
    sent_body(std::shared_ptr<open_body> body, const std::shared_ptr<asio::thread_pool>& senders)
        : body_(std::move(body)), senders_(senders), where_(senders->get_executor()) {}

    ~sent_body() override {
        if (const auto there = senders_.lock()) {
            asio::post(*there, [done = std::move(body_)] {});
        }
    }

    std::uint64_t size() const override { return body_->size(); }
    asio::any_io_executor where() const override { return where_; }
    result<std::string> read(std::uint64_t offset, std::size_t most) override {
        return body_->read(offset, most);
    }

private:
    std::shared_ptr<open_body> body_;
    std::weak_ptr<asio::thread_pool> senders_;
    asio::any_io_executor where_;
};

class new_chunks final : public new_body {
public:
    // The body is locked by `on`.
    new_chunks(store& state, std::shared_ptr<db::byte_link> on, std::int64_t id)
        : state_(state), on_(std::move(on)), id_(id) {}
    ~new_chunks() override { unlock(*on_, id_); }

    result<void> append(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto some = bytes.substr(0, chunk_bytes - pending_.size());
            pending_ += some;
            bytes.remove_prefix(some.size());
            if (pending_.size() == chunk_bytes) {
                if (auto put = put_chunk(); !put) {
                    return put;
                }
            }
        }
        return {};
    }

    // Its chunks may not be on the disk yet, but are in PostgreSQL's log before what is written
    // here, and that is when the transaction returns.
    result<void> keep(const std::string& sha256) override {
        if (!pending_.empty()) {
            if (auto put = put_chunk(); !put) {
                return put;
            }
        }
        auto& db = state_.db();
        return db.transaction([&]() -> result<void> {
            auto named =
                db.run("bodies.replace", "UPDATE object_bodies SET sha256 = NULL WHERE sha256 = ?1",
                       {sha256});
            if (!named) {
                return named;
            }
            named = db.run("bodies.name",
                           "UPDATE object_bodies SET sha256 = ?1, size = ?2 WHERE id = ?3"
                           " AND sha256 IS NULL AND chunk_size > 0"
                           " AND (SELECT count(*) FROM object_chunks WHERE body = ?3) = ?4",
                           {sha256, size_, id_, chunks_});
            if (named && db.changes() != 1) {
                return error{errc::unavailable,
                             "what was written of a body was removed, as its session with the "
                             "database was lost meanwhile; try again"};
            }
            return named;
        });
    }

private:
    result<void> put_chunk() {
        const auto bytes = static_cast<std::int64_t>(pending_.size());
        auto put = on_->run("bodies.put_chunk",
                            "INSERT INTO object_chunks(body, number, bytes) VALUES(?1, ?2, ?3)",
                            {id_, chunks_, db::blob{std::move(pending_)}});
        pending_.clear();
        if (!put) {
            // A conflict: the body is gone, as its lock was, with the session.
            return put.error().code == errc::conflict
                       ? error{errc::unavailable, std::move(put.error().context)}
                       : put.error();
        }
        ++chunks_;
        size_ += bytes;
        return {};
    }

    store& state_;
    std::shared_ptr<db::byte_link> on_;
    const std::int64_t id_;
    std::string pending_;
    std::int64_t chunks_ = 0;
    std::int64_t size_ = 0;
};

bool is_body_name(std::string_view name) {
    return name.size() == 64 &&
           name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

// Bytes that are packed already would only cost time to compress, and a part of a chunk is read
// without the rest where it is not compressed.
result<std::unique_ptr<chunk_bodies>> chunk_bodies::open(store& state, const std::string& url,
                                                         fs::path folder, logger log) {
    std::unique_ptr<chunk_bodies> made(new chunk_bodies(state, std::move(folder), std::move(log)));
    auto writing = db::byte_link::open(url);
    auto reading = writing ? db::byte_link::open(url) : writing.error();
    auto freeing = reading ? db::byte_link::open(url) : reading.error();
    if (!freeing) {
        return freeing.error();
    }
    const auto is_plain =
        (*freeing)->run("bodies.storage",
                        "SELECT attstorage = 'e' FROM pg_attribute WHERE attname ="
                        " 'bytes' AND attrelid = 'object_chunks'::REGCLASS");
    if (!is_plain) {
        return is_plain.error();
    }
    if (is_plain->empty() || is_plain->front().front() == 0) {
        const auto set =
            (*freeing)->run("bodies.store_plain",
                            "ALTER TABLE object_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL");
        if (!set) {
            return set.error();
        }
    }
    made->writing_ = std::move(*writing);
    made->reading_ = std::move(*reading);
    made->freeing_ = std::move(*freeing);
    return made;
}

chunk_bodies::~chunk_bodies() {
    stopping_ = true;
    background_.join();
    senders_->join();
}

std::string chunk_bodies::place_of(std::string_view sha256) const {
    return "body " + std::string(sha256) + " in the database's object_chunks";
}

// Its row is on the disk before a chunk is written: else a crash of PostgreSQL might give its
// number to another body. Chunks are not waited for one by one: see new_chunks::keep(). The first
// statement is asked again by itself where the session was lost.
result<std::unique_ptr<new_body>> chunk_bodies::begin() {
    const auto wait =
        writing_->run("bodies.wait", "SELECT set_config('synchronous_commit', 'on', false)");
    if (!wait) {
        return wait.error();
    }
    const auto begun = writing_->run(
        "bodies.begin",
        "WITH made AS (INSERT INTO object_bodies(size, chunk_size) VALUES(0, ?1) RETURNING id)"
        " SELECT id, pg_try_advisory_lock(731057962, (id % 2147483647)::INT) FROM made",
        {static_cast<std::int64_t>(chunk_bytes)});
    if (!begun) {
        return begun.error();
    }
    auto made = std::make_unique<new_chunks>(state_, writing_, begun->front().front());
    const auto go_on =
        writing_->run("bodies.go_on", "SELECT set_config('synchronous_commit', 'off', false)");
    if (!go_on) {
        return go_on.error();
    }
    return std::unique_ptr<new_body>(std::move(made));
}

// The lock comes before the look whether all is there: who frees a body has it locked before.
result<std::shared_ptr<open_body>> chunk_bodies::open_chunks(std::string_view sha256) {
    const std::string name(sha256);
    for (;;) {
        const auto found = reading_->run(
            "bodies.find", "SELECT id, size, chunk_size FROM object_bodies WHERE sha256 = ?1",
            {name});
        if (!found) {
            return found.error();
        }
        if (found->empty()) {
            return std::shared_ptr<open_body>();
        }
        const auto id = found->front()[0];
        const auto size = found->front()[1];
        const auto chunk_size = found->front()[2];
        // Not had: by who has just named it, for a moment more, or because it has no name any more.
        const auto locked =
            reading_->run("bodies.lock", "SELECT pg_try_advisory_lock_shared" + of_body, {id});
        if (!locked) {
            return locked.error();
        }
        auto body = std::make_shared<open_chunks_body>(
            reading_, id, locked->front().front() != 0, static_cast<std::uint64_t>(size),
            static_cast<std::uint64_t>(chunk_size), place_of(sha256));
        const auto whole =
            reading_->run("bodies.check",
                          "SELECT count(*), coalesce(sum(octet_length(bytes)), 0),"
                          " (SELECT count(*) FROM object_bodies WHERE id = ?1 AND sha256 = ?2)"
                          " FROM object_chunks WHERE body = ?1",
                          {id, name});
        if (!whole) {
            return whole.error();
        }
        if (whole->front()[2] == 0) {
            continue;
        }
        if (chunk_size <= 0 || whole->front()[0] != (size + chunk_size - 1) / chunk_size ||
            whole->front()[1] != size) {
            return error{errc::corrupt, place_of(sha256) + " has " +
                                            std::to_string(whole->front()[0]) + " chunks with " +
                                            std::to_string(whole->front()[1]) + " of " +
                                            std::to_string(size) + " bytes; put the object again"};
        }
        return std::shared_ptr<open_body>(std::move(body));
    }
}

// A file that is gone may have been taken in between the two looks.
result<std::shared_ptr<open_body>> chunk_bodies::open(std::string_view sha256) {
    auto there = open_chunks(sha256);
    if (!there || *there) {
        return there;
    }
    auto before = before_.open(sha256);
    if (before || before.error().code != errc::not_found) {
        return before;
    }
    there = open_chunks(sha256);
    if (there && !*there) {
        return error{errc::not_found, place_of(sha256) + " is not there; put the object again"};
    }
    return there;
}

result<std::uint64_t> chunk_bodies::serve(std::string_view sha256, http::response& into) {
    auto there = open_chunks(sha256);
    if (there && !*there) {
        const auto before = before_.serve(sha256, into);
        if (before || before.error().code != errc::not_found) {
            return before;
        }
        there = open_chunks(sha256);
    }
    if (!there) {
        return there.error();
    }
    if (!*there) {
        return error{errc::not_found, place_of(sha256) + " is not there; put the object again"};
    }
    const auto size = (*there)->size();
    into.source = std::make_shared<sent_body>(std::move(*there), senders_);
    return size;
}

result<bool> chunk_bodies::holds(const std::string& sha256, std::string_view content) {
    const auto there = open_chunks(sha256);
    if (!there) {
        return there.error().code == errc::corrupt ? result<bool>(false) : there.error();
    }
    if (!*there || (*there)->size() != content.size()) {
        return false;
    }
    while (!content.empty()) {
        const auto piece = (*there)->read((*there)->size() - content.size(), content.size());
        if (!piece) {
            return piece.error().code == errc::corrupt ? result<bool>(false) : piece.error();
        }
        if (!content.starts_with(*piece)) {
            return false;
        }
        content.remove_prefix(piece->size());
    }
    return true;
}

result<void> chunk_bodies::write(const std::string& sha256, std::string_view content) {
    const auto held = holds(sha256, content);
    if (!held || *held) {
        return held ? result<void>() : held.error();
    }
    auto made = begin();
    if (!made) {
        return made.error();
    }
    auto written = (*made)->append(content);
    return written ? (*made)->keep(sha256) : written;
}

result<void> chunk_bodies::adopt(const fs::path& fresh, const std::string& sha256) {
    const auto from = file_bodies::open_path(fresh);
    if (!from) {
        return from.error();
    }
    auto made = begin();
    if (!made) {
        return made.error();
    }
    for (std::uint64_t at = 0; at < (*from)->size();) {
        if (stopping_) {
            return error{errc::closed, "the service stops"};
        }
        const auto piece = (*from)->read(at, chunk_bytes);
        if (!piece) {
            return piece.error();
        }
        if (auto put = (*made)->append(*piece); !put) {
            return put;
        }
        at += piece->size();
    }
    if (auto kept = (*made)->keep(sha256); !kept) {
        return kept;
    }
    std::error_code failed;
    fs::remove(fresh, failed);
    return failed ? result<void>(error{failed, "cannot remove " + fresh.string()}) : result<void>();
}

result<void> chunk_bodies::remove(const std::string& sha256) {
    auto done = state_.db().run(
        "bodies.remove", "UPDATE object_bodies SET sha256 = NULL WHERE sha256 = ?1", {sha256});
    return done ? before_.remove(sha256) : done;
}

result<void> chunk_bodies::forget() {
    auto done = state_.db().run("bodies.forget",
                                "UPDATE object_bodies SET sha256 = NULL WHERE sha256 IS NOT NULL");
    return done ? before_.forget() : done;
}

void chunk_bodies::look_after(claim_function claim) {
    if (is_looked_after_.exchange(true)) {
        return;
    }
    asio::post(background_, [this, claim = std::move(claim)] {
        is_looked_after_ = false;  // what comes from here on is seen below, or by the next
        if (auto done = free_unnamed(); !done && !stopping_) {
            log_.warn("Bytes that no object has any more stay in the database for now.",
                      {{"reason", done.error()}, {"next", next_try}});
        }
        if (all_taken_in_ || stopping_) {
            return;
        }
        const auto done = take_in(claim);
        all_taken_in_ = done.has_value();
        if (!done && !stopping_) {
            log_.warn(
                "Objects of an earlier build stay files of this folder for now.",
                {{"folder", folder().string()}, {"reason", done.error()}, {"next", next_try}});
        }
    });
}

result<void> chunk_bodies::free_unnamed() {
    const auto unnamed =
        freeing_->run("bodies.unnamed",
                      "SELECT id FROM object_bodies WHERE sha256 IS NULL ORDER BY id LIMIT 1000");
    if (!unnamed) {
        return unnamed.error();
    }
    for (const auto& row : *unnamed) {
        if (stopping_) {
            return error{errc::closed, "the service stops"};
        }
        const auto id = row.front();
        const auto locked =
            freeing_->run("bodies.lock_unnamed", "SELECT pg_try_advisory_lock" + of_body, {id});
        if (!locked) {
            return locked.error();
        }
        if (locked->front().front() == 0) {
            continue;  // it is written, read, or freed by another service
        }
        const auto freed = free_body(id);
        unlock(*freeing_, id);
        if (!freed) {
            return freed;
        }
    }
    return {};
}

// A few chunks at a time: many would take longer than a statement may. chunk_size 0: it will not
// be named, though its writer lost its lock and does not know.
result<void> chunk_bodies::free_body(std::int64_t id) {
    const auto dead = freeing_->run(
        "bodies.condemn",
        "UPDATE object_bodies SET chunk_size = 0 WHERE id = ?1 AND sha256 IS NULL RETURNING id",
        {id});
    if (!dead || dead->empty()) {
        return dead ? result<void>() : dead.error();
    }
    for (;;) {
        const auto some = freeing_->run(
            "bodies.free_chunks",
            "DELETE FROM object_chunks WHERE body = ?1 AND number IN (SELECT number FROM"
            " object_chunks WHERE body = ?1 ORDER BY number LIMIT 64) RETURNING number",
            {id});
        if (!some) {
            return some.error();
        }
        if (some->empty()) {
            break;
        }
        if (stopping_) {
            return error{errc::closed, "the service stops"};
        }
    }
    const auto gone = freeing_->run(
        "bodies.free", "DELETE FROM object_bodies WHERE id = ?1 AND sha256 IS NULL", {id});
    return gone ? result<void>() : gone.error();
}

// Of the files, those that the store knows of; whose else they are is not known.
result<void> chunk_bodies::take_in(const claim_function& claim) {
    std::error_code failed;
    std::size_t taken = 0;
    for (auto each = fs::recursive_directory_iterator(folder(), failed);
         !failed && each != fs::recursive_directory_iterator(); each.increment(failed)) {
        if (stopping_) {
            return error{errc::closed, "the service stops"};
        }
        if (!is_body_name(each->path().filename().string())) {
            continue;
        }
        const auto moved = take_in_file(each->path(), claim);
        if (!moved) {
            return moved.error();
        }
        taken += *moved ? 1 : 0;
    }
    if (failed && failed != std::errc::no_such_file_or_directory) {
        return error{failed, "cannot read " + folder().string()};
    }
    if (taken != 0) {
        log_.info("Objects that an earlier build kept as files are in the database now.",
                  {{"folder", folder().string()}, {"count", taken}});
    }
    return {};
}

result<bool> chunk_bodies::take_in_file(const fs::path& file, const claim_function& claim) {
    const auto sha256 = file.filename().string();
    const auto used = claim(sha256);
    if (!used || !*used) {
        return used;
    }
    const auto digest = sha256_hex_of_file(file.string());
    std::error_code unknown;
    if (!digest && !fs::exists(file, unknown)) {
        return false;  // another service has the same folder, and was faster
    }
    if (!digest || *digest != sha256) {
        log_.warn("A file of an object is damaged, and stays where it is; put the object again.",
                  {{"file", file.string()}});
        return false;
    }
    const auto there = open_chunks(sha256);
    if (there && *there) {
        std::error_code failed;
        fs::remove(file, failed);
        return failed ? result<bool>(error{failed, "cannot remove " + file.string()}) : false;
    }
    if (!there && there.error().code != errc::corrupt) {
        return there.error();
    }
    auto moved = adopt(file, sha256);
    return moved ? result<bool>(true) : moved.error();
}

}  // namespace evergrass::cloud::objects
