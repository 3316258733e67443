#include "cloud/objects/uploads.hpp"

#include "cloud/objects/object_body.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"

#include <algorithm>
#include <chrono>

namespace evergrass::cloud::objects {
namespace {

constexpr std::int64_t least_part = 5 * 1024 * 1024;  // S3's; the last may be smaller
constexpr std::chrono::hours kept_unfinished{24 * 7};

upload upload_of(const db::row& row) {
    upload read{row.text(0), row.text(1), row.text(2), {}, row.integer(4)};
    auto headers = parse_json(row.text(3));
    if (headers && headers->is_object()) {
        read.headers = std::move(headers->get_object());
    }
    return read;
}

std::int64_t now(const object_store& objects) {
    return to_epoch_milliseconds(objects.time().now());
}

}  // namespace

answer<upload> upload_store::begin(const std::string& bucket, const std::string& key,
                                   json::object headers) {
    upload made{base64_encode(random_bytes(24)), bucket, key, std::move(headers), now(objects_)};
    // Ids stand in queries and in XML: letters and digits alone.
    std::ranges::replace(made.id, '+', 'A');
    std::ranges::replace(made.id, '/', 'B');
    answer<void> there;
    const auto committed = objects_.state().db().transaction([&]() -> result<void> {
        there = objects_.require_bucket(bucket);
        if (!there) {
            return {};
        }
        if (auto old = forget_old(); !old) {
            return old;
        }
        return objects_.state().db().run(
            "uploads.begin",
            "INSERT INTO uploads(id, bucket, key, headers, started_at) VALUES(?1, ?2, ?3, ?4, ?5)",
            {made.id, bucket, key, json::serialize(made.headers), made.started_at});
    });
    if (!committed) {
        return internal_error(committed.error());
    }
    return there ? answer<upload>(std::move(made)) : answer<upload>(there.error());
}

answer<upload> upload_store::find(const std::string& bucket, const std::string& key,
                                  const std::string& id) {
    std::optional<upload> found;
    const auto hold = objects_.state().db().lock();
    if (auto there = objects_.require_bucket(bucket); !there) {
        return there.error();
    }
    const auto read = objects_.state().db().query(
        "uploads.find",
        "SELECT id, bucket, key, headers, started_at FROM uploads"
        " WHERE id = ?1 AND bucket = ?2 AND key = ?3",
        {id, bucket, key}, [&](const db::row& row) { found = upload_of(row); });
    if (!read) {
        return internal_error(read.error());
    }
    if (!found) {
        return api_error{
            404, "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the "
            "upload may have been aborted or completed."};
    }
    return std::move(*found);
}

answer<stored_part> upload_store::put(const upload& into, std::int64_t number,
                                      std::string_view content) {
    stored_part made{number, sha256_hex(content), static_cast<std::int64_t>(content.size()),
                     md5_hex(content), now(objects_)};
    if (auto kept = objects_.keep_body(made.sha256, content); !kept) {
        return internal_error(kept.error());
    }
    return commit(into, std::move(made));
}

answer<stored_part> upload_store::put_copy(const upload& into, std::int64_t number,
                                           const std::string& sha256, std::uint64_t first,
                                           std::uint64_t size) {
    auto copied = objects_.copy_range(sha256, first, size);
    if (!copied) {
        return internal_error(copied.error());
    }
    return commit(into, {number, std::move(copied->sha256), copied->size, std::move(copied->md5),
                         now(objects_)});
}

// Its body is kept.
answer<stored_part> upload_store::commit(const upload& into, stored_part made) {
    answer<upload> there = into;
    const auto committed = objects_.state().db().transaction([&]() -> result<void> {
        there = find(into.bucket, into.key, into.id);  // it may have ended meanwhile
        if (!there) {
            return {};
        }
        auto& db = objects_.state().db();
        auto left = db.run("uploads.leave_part",
                           "INSERT INTO object_leftovers(sha256, since) SELECT sha256, ?3 FROM"
                           " upload_parts WHERE upload = ?1 AND number = ?2 AND sha256 <> ?4"
                           " ON CONFLICT(sha256) DO UPDATE SET since = ?3",
                           {into.id, made.number, made.modified_at, made.sha256});
        if (!left) {
            return left;
        }
        return db.run("uploads.put_part",
                      "INSERT OR REPLACE INTO upload_parts(upload, number, sha256, size, etag,"
                      " modified_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                      {into.id, made.number, made.sha256, made.size, made.etag, made.modified_at});
    });
    if (!committed) {
        return internal_error(committed.error());
    }
    if (!there) {
        return there.error();
    }
    objects_.sweep();
    return made;
}

answer<std::vector<stored_part>> upload_store::parts(const upload& of, std::int64_t after,
                                                     std::int64_t most) {
    std::vector<stored_part> found;
    const auto hold = objects_.state().db().lock();
    const auto read = objects_.state().db().query(
        "uploads.parts",
        "SELECT number, sha256, size, etag, modified_at FROM upload_parts"
        " WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
        {of.id, after, most}, [&](const db::row& row) {
            found.push_back(
                {row.integer(0), row.text(1), row.integer(2), row.text(3), row.integer(4)});
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<std::vector<stored_part>> upload_store::chosen(const upload& of,
                                                      const std::vector<named_part>& wanted) {
    const auto have = parts(of, 0, 10'000);
    if (!have) {
        return have.error();
    }
    std::vector<stored_part> found;
    for (const auto& each : wanted) {
        const auto part = std::ranges::find(*have, each.number, &stored_part::number);
        if (part == have->end() || part->etag != each.etag) {
            return api_error{
                400, "InvalidPart",
                "One or more of the specified parts could not be found. The part may "
                "not have been uploaded, or the specified entity tag may not match the "
                "part's entity tag: part " +
                    std::to_string(each.number)};
        }
        if (!found.empty() && found.back().number >= part->number) {
            return api_error{400, "InvalidPartOrder",
                             "The list of parts was not in ascending order. Parts must be ordered "
                             "by part number."};
        }
        found.push_back(*part);
    }
    if (found.empty()) {
        return api_error{400, "MalformedXML", "You must specify at least one part."};
    }
    for (const auto& part : found) {
        if (&part != &found.back() && part.size < least_part) {
            return api_error{
                400, "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size: part " +
                    std::to_string(part.number) + " has " + std::to_string(part.size) +
                    " bytes, the least is 5242880"};
        }
    }
    return found;
}

answer<object> upload_store::complete(const upload& of, const std::vector<named_part>& wanted) {
    const auto all = chosen(of, wanted);
    if (!all) {
        return all.error();
    }
    std::vector<std::string> bodies;
    std::string digests;
    std::int64_t size = 0;
    for (const auto& part : *all) {
        bodies.push_back(part.sha256);
        if (const auto raw = hex_decode(part.etag)) {
            digests += *raw;
        }
        size += part.size;
    }
    const auto joined = objects_.join_bodies(bodies);
    if (!joined) {
        return internal_error(joined.error());
    }
    if (joined->size != size) {
        return internal_error(error{errc::corrupt, "the parts of the upload of " + of.bucket + "/" +
                                                       of.key + " are not whole; upload it again"});
    }
    object made{of.key,     joined->sha256,
                size,       md5_hex(digests) + "-" + std::to_string(all->size()),
                of.headers, now(objects_)};
    answer<upload> there = of;
    const auto committed = objects_.state().db().transaction([&]() -> result<void> {
        there = find(of.bucket, of.key, of.id);
        if (!there) {
            return {};
        }
        auto done = forget(of.id);
        return done ? objects_.insert(of.bucket, made) : done;
    });
    if (!committed) {
        return internal_error(committed.error());
    }
    if (!there) {
        return there.error();
    }
    objects_.sweep();
    return made;
}

answer<void> upload_store::abort(const upload& of) {
    const auto committed = objects_.state().db().transaction([&] { return forget(of.id); });
    if (!committed) {
        return internal_error(committed.error());
    }
    objects_.sweep();
    return {};
}

answer<std::vector<upload>> upload_store::list(const std::string& bucket, const std::string& prefix,
                                               const std::string& key, const std::string& id,
                                               std::int64_t most) {
    std::vector<upload> found;
    const auto hold = objects_.state().db().lock();
    if (auto there = objects_.require_bucket(bucket); !there) {
        return there.error();
    }
    const auto read = objects_.state().db().query(
        "uploads.list",
        "SELECT id, bucket, key, headers, started_at FROM uploads WHERE bucket = ?1"
        " AND substr(key, 1, length(?2)) = ?2 AND (key, id) > (?3, ?4)"
        " ORDER BY key, id LIMIT ?5",
        {bucket, prefix, key, id, most},
        [&](const db::row& row) { found.push_back(upload_of(row)); });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

// Its parts are left over. The caller is in a transaction.
result<void> upload_store::forget(const std::string& id) {
    auto& db = objects_.state().db();
    auto done =
        db.run("uploads.leave_parts",
               "INSERT INTO object_leftovers(sha256, since) SELECT sha256, ?2 FROM upload_parts"
               " WHERE upload = ?1 GROUP BY sha256 ON CONFLICT(sha256) DO UPDATE SET since = ?2",
               {id, now(objects_)});
    if (done) {
        done = db.run("uploads.forget_parts", "DELETE FROM upload_parts WHERE upload = ?1", {id});
    }
    return done ? db.run("uploads.forget", "DELETE FROM uploads WHERE id = ?1", {id}) : done;
}

result<void> upload_store::forget_old() {
    std::vector<std::string> old;
    auto done = objects_.state().db().query(
        "uploads.old", "SELECT id FROM uploads WHERE started_at < ?1",
        {now(objects_) - std::chrono::milliseconds(kept_unfinished).count()},
        [&](const db::row& row) { old.push_back(row.text(0)); });
    for (const auto& id : old) {
        if (done) {
            done = forget(id);
        }
    }
    return done;
}

}  // namespace evergrass::cloud::objects
