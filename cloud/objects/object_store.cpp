#include "cloud/objects/object_store.hpp"

#include "cloud/objects/object_body.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"

#include <utility>

namespace evergrass::cloud::objects {
namespace {

constexpr std::chrono::minutes kept_unused{10};

object object_of(const db::row& row) {
    object read{row.text(0), row.text(1), row.integer(2), row.text(3), {}, row.integer(5)};
    auto headers = parse_json(row.text(4));
    if (headers && headers->is_object()) {
        read.headers = std::move(headers->get_object());
    }
    return read;
}

api_error no_such_bucket(std::string_view name) {
    return {404, "NoSuchBucket", "The specified bucket does not exist: " + std::string(name)};
}

}  // namespace

object_store::object_store(store& state, const clock& time, std::unique_ptr<body_store> bodies,
                           logger log)
    : state_(state), time_(time), log_(std::move(log)), bodies_(std::move(bodies)) {}

answer<std::vector<bucket>> object_store::list_buckets() {
    std::vector<bucket> found;
    const auto hold = state_.db().lock();
    const auto read = state_.db().query("objects.list_buckets",
                                        "SELECT name, created_at FROM buckets ORDER BY name", {},
                                        [&](const db::row& row) {
                                            found.push_back({row.text(0), row.integer(1)});
                                        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<void> object_store::create_bucket(std::string_view name) {
    const auto made = state_.db().transaction([&] {
        return state_.db().run("objects.create_bucket",
                               "INSERT OR IGNORE INTO buckets(name, created_at) VALUES(?1, ?2)",
                               {std::string(name), now()});
    });
    if (!made) {
        return internal_error(made.error());
    }
    return {};
}

answer<void> object_store::require_bucket(std::string_view name) {
    bool there = false;
    const auto hold = state_.db().lock();
    const auto read = state_.db().query("objects.bucket", "SELECT 1 FROM buckets WHERE name = ?1",
                                        {std::string(name)}, [&](const db::row&) { there = true; });
    if (!read) {
        return internal_error(read.error());
    }
    if (!there && !elsewhere_.empty()) {
        return api_error{404, "NoSuchBucket",
                         "Objects are at " + elsewhere_ +
                             " (--upstream), from where this service brings models and inputs of "
                             "bulk deployments alone"};
    }
    if (!there) {
        return no_such_bucket(name);
    }
    return {};
}

answer<void> object_store::delete_bucket(std::string_view name) {
    const auto hold = state_.db().lock();
    if (auto there = require_bucket(name); !there) {
        return there;
    }
    const auto first = first_from(name, "", "");
    if (!first) {
        return first.error();
    }
    if (*first) {
        return api_error{409, "BucketNotEmpty", "The bucket you tried to delete is not empty"};
    }
    const auto deleted = state_.db().run(
        "objects.delete_bucket", "DELETE FROM buckets WHERE name = ?1", {std::string(name)});
    if (!deleted) {
        return internal_error(deleted.error());
    }
    return {};
}

// Nobody sweeps the body away while it is being written, and a power cut leaves it to be swept.
result<void> object_store::claim(const std::string& sha256) {
    return state_.db().transaction([&] {
        return state_.db().run("objects.claim",
                               "INSERT INTO object_leftovers(sha256, since) VALUES(?1, ?2)"
                               " ON CONFLICT(sha256) DO UPDATE SET since = ?2",
                               {sha256, now()});
    });
}

// Whether something refers to it; then nobody sweeps it away for ten minutes.
result<bool> object_store::claim_if_used(const std::string& sha256) {
    bool used = false;
    const auto claimed = state_.db().transaction([&] {
        auto done =
            state_.db().run("objects.claim_used",
                            "INSERT INTO object_leftovers(sha256, since) SELECT ?1, ?2"
                            " WHERE EXISTS(SELECT 1 FROM objects WHERE sha256 = ?1)"
                            " OR EXISTS(SELECT 1 FROM upload_parts WHERE sha256 = ?1)"
                            " OR EXISTS(SELECT 1 FROM deployment_artifacts WHERE sha256 = ?1)"
                            " OR EXISTS(SELECT 1 FROM object_leftovers WHERE sha256 = ?1)"
                            " ON CONFLICT(sha256) DO UPDATE SET since = ?2",
                            {sha256, now()});
        used = done && state_.db().changes() != 0;
        return done;
    });
    return claimed ? result<bool>(used) : claimed.error();
}

// What the key had until now is left over, unless another object has the same bytes.
result<void> object_store::leave(std::string_view bucket, std::string_view key) {
    auto noted = state_.db().run(
        "objects.leave",
        "INSERT INTO object_leftovers(sha256, since)"
        " SELECT sha256, ?3 FROM objects AS o WHERE bucket = ?1 AND key = ?2 AND NOT EXISTS("
        "  SELECT 1 FROM objects WHERE sha256 = o.sha256 AND (bucket, key) <> (?1, ?2))"
        " ON CONFLICT(sha256) DO UPDATE SET since = ?3",
        {std::string(bucket), std::string(key), now()});
    if (!noted) {
        return noted;
    }
    return state_.db().run("objects.delete", "DELETE FROM objects WHERE bucket = ?1 AND key = ?2",
                           {std::string(bucket), std::string(key)});
}

result<void> object_store::insert(std::string_view bucket, const object& made) {
    if (auto left = leave(bucket, made.key); !left) {
        return left;
    }
    auto kept = state_.db().run("objects.keep", "DELETE FROM object_leftovers WHERE sha256 = ?1",
                                {made.sha256});
    if (!kept) {
        return kept;
    }
    return state_.db().run(
        "objects.insert",
        "INSERT INTO objects(bucket, key, sha256, size, etag, headers, modified_at)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        {std::string(bucket), made.key, made.sha256, made.size, made.etag,
         json::serialize(made.headers), made.modified_at});
}

answer<object> object_store::link(std::string_view bucket, std::string_view key,
                                  const object& content, json::object headers) {
    auto made = content;
    made.key = key;
    made.headers = std::move(headers);
    made.modified_at = now();
    answer<void> there;
    const auto committed = state_.db().transaction([&]() -> result<void> {
        there = require_bucket(bucket);
        return there ? insert(bucket, made) : result<void>();
    });
    if (!committed) {
        return internal_error(committed.error());
    }
    return there ? answer<object>(std::move(made)) : answer<object>(there.error());
}

answer<object> object_store::put(std::string_view bucket, std::string_view key,
                                 std::string_view content, json::object headers) {
    if (auto there = require_bucket(bucket); !there) {
        return there.error();
    }
    object made{std::string(key), sha256_hex(content), static_cast<std::int64_t>(content.size()),
                md5_hex(content), std::move(headers),  now()};
    if (auto kept = keep_body(made.sha256, content); !kept) {
        return internal_error(kept.error());
    }
    answer<void> there;
    const auto committed = state_.db().transaction([&]() -> result<void> {
        there = require_bucket(bucket);  // it may have gone meanwhile
        return there ? insert(bucket, made) : result<void>();
    });
    if (!committed) {
        return internal_error(committed.error());
    }
    if (!there) {
        return there.error();
    }
    sweep();
    return made;
}

answer<object> object_store::find(std::string_view bucket, std::string_view key) {
    const auto hold = state_.db().lock();
    if (auto there = require_bucket(bucket); !there) {
        return there.error();
    }
    std::optional<object> found;
    const auto read =
        state_.db().query("objects.find",
                          "SELECT key, sha256, size, etag, headers, modified_at FROM objects"
                          " WHERE bucket = ?1 AND key = ?2",
                          {std::string(bucket), std::string(key)},
                          [&](const db::row& row) { found = object_of(row); });
    if (!read) {
        return internal_error(read.error());
    }
    if (!found) {
        return api_error{404, "NoSuchKey", "The specified key does not exist: " + std::string(key)};
    }
    return std::move(*found);
}

answer<void> object_store::remove(std::string_view bucket, std::string_view key) {
    answer<void> there;
    const auto committed = state_.db().transaction([&]() -> result<void> {
        there = require_bucket(bucket);
        return there ? leave(bucket, key) : result<void>();
    });
    if (!committed) {
        return internal_error(committed.error());
    }
    sweep();
    return there;
}

answer<std::optional<object>> object_store::first_from(std::string_view bucket,
                                                       std::string_view prefix,
                                                       std::string_view from) {
    std::vector<object> found;
    auto start = std::max(prefix, from);
    // A key and a zero: behind that key. PostgreSQL takes no zero.
    const bool is_behind = !start.empty() && start.back() == '\0';
    start.remove_suffix(is_behind ? 1 : 0);
    const auto read = state_.db().query(
        is_behind ? "objects.first_behind" : "objects.first_from",
        is_behind ? "SELECT key, sha256, size, etag, headers, modified_at FROM objects"
                    " WHERE bucket = ?1 AND key > ?2 ORDER BY key LIMIT 1"
                  : "SELECT key, sha256, size, etag, headers, modified_at FROM objects"
                    " WHERE bucket = ?1 AND key >= ?2 ORDER BY key LIMIT 1",
        {std::string(bucket), std::string(start)},
        [&](const db::row& row) { found.push_back(object_of(row)); });
    if (!read) {
        return internal_error(read.error());
    }
    if (found.empty() || !found.front().key.starts_with(prefix)) {
        return std::optional<object>();
    }
    return std::optional(std::move(found.front()));
}

// Outside of the lock, for what is looked for on each put; then in a transaction, so that no
// service claims a body while it is removed. One that an object has is a claim that a power cut
// left behind.
void object_store::sweep() {
    const auto before = now() - std::chrono::milliseconds(kept_unused).count();
    bool any = false;
    auto done = state_.db().query("objects.old_leftovers",
                                  "SELECT 1 FROM object_leftovers WHERE since < ?1 LIMIT 1",
                                  {before}, [&](const db::row&) { any = true; });
    if (done && any) {
        done = state_.db().transaction([&] { return sweep_old(before); });
    }
    if (!done) {
        log_.warn("The bytes of what no object has any more stay.", {{"reason", done.error()}});
    }
    look_after();
}

result<void> object_store::sweep_old(std::int64_t before) {
    std::vector<std::pair<std::string, bool>> old;
    auto done = state_.db().query(
        "objects.leftovers",
        "SELECT sha256, EXISTS(SELECT 1 FROM objects AS o WHERE o.sha256 = l.sha256)"
        " OR EXISTS(SELECT 1 FROM upload_parts AS p WHERE p.sha256 = l.sha256)"
        " OR EXISTS(SELECT 1 FROM deployment_artifacts AS a WHERE a.sha256 = l.sha256)"
        " FROM object_leftovers AS l WHERE since < ?1 LIMIT 16",
        {before}, [&](const db::row& row) { old.emplace_back(row.text(0), row.integer(1) != 0); });
    for (const auto& [sha256, is_used] : old) {
        // One that cannot be removed keeps its row, and the others go.
        auto gone = is_used ? result<void>() : bodies_->remove(sha256);
        if (gone) {
            gone = state_.db().run("objects.forget",
                                   "DELETE FROM object_leftovers WHERE sha256 = ?1", {sha256});
        }
        if (!gone) {
            log_.warn("The bytes of what no object has any more stay.", {{"reason", gone.error()}});
        }
    }
    return done;
}

void object_store::look_after() {
    bodies_->look_after([this](const std::string& sha256) { return claim_if_used(sha256); });
}

result<void> object_store::forget_bodies() {
    auto forgotten = bodies_->forget();
    look_after();
    return forgotten;
}

}  // namespace evergrass::cloud::objects
