#include "cloud/backup/backup.hpp"
#include "cloud/backup/manifest.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::cloud {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> sealed_files = {"ca.key", "device-ca.key",
                                                     "deployment-signing.key"};

struct archive_closer {
    void operator()(archive* open) const { archive_write_free(open); }
};
struct entry_closer {
    void operator()(archive_entry* made) const { archive_entry_free(made); }
};

// Removes what is half done on every way out but success.
struct unfinished {
    fs::path path;
    ~unfinished() {
        std::error_code ignored;
        fs::remove(path, ignored);
    }
};

class tar_writer {
public:
    explicit tar_writer(fs::path path) : path_(std::move(path)) {}
    ~tar_writer() {
        open_.reset();  // writes what it has not yet
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    tar_writer(const tar_writer&) = delete;
    tar_writer& operator=(const tar_writer&) = delete;

    result<void> begin() {
        descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (descriptor_ < 0) {
            return errno_error("cannot make the backup " + path_.string());
        }
        open_.reset(archive_write_new());
        if (archive_write_set_format_pax_restricted(open_.get()) != ARCHIVE_OK ||
            archive_write_open_fd(open_.get(), descriptor_) != ARCHIVE_OK) {
            return failed();
        }
        return {};
    }

    result<void> add(const std::string& name, std::string_view content) {
        if (auto begun = add_header(name, static_cast<std::int64_t>(content.size())); !begun) {
            return begun;
        }
        return add_bytes(content);
    }

    // Of the size that the list says: the file is one that nobody changes.
    result<void> add_file(const std::string& name, const fs::path& from, std::int64_t size) {
        if (auto begun = add_header(name, size); !begun) {
            return begun;
        }
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(from.c_str(), "rbe"),
                                                                   std::fclose);
        if (!file) {
            return errno_error("cannot read " + from.string());
        }
        std::vector<char> part(256 * 1024);
        while (size > 0) {
            const auto got = std::fread(part.data(), 1, part.size(), file.get());
            if (got == 0) {
                return error{errc::unavailable,
                             from.string() + " went away or shrank meanwhile; try again"};
            }
            size -= static_cast<std::int64_t>(got);
            if (auto written = add_bytes({part.data(), got}); !written) {
                return written;
            }
        }
        return {};
    }

    result<void> end() {
        if (archive_write_close(open_.get()) != ARCHIVE_OK) {
            return failed();
        }
        if (::fsync(descriptor_) != 0) {
            return errno_error("cannot write the backup " + path_.string());
        }
        return {};
    }

private:
    error failed() const {
        const auto* const why = archive_error_string(open_.get());
        return {errc::unavailable, "cannot write the backup " + path_.string() + ": " +
                                       (why != nullptr ? why : "unknown reason")};
    }

    result<void> add_header(const std::string& name, std::int64_t size) {
        const std::unique_ptr<archive_entry, entry_closer> entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), name.c_str());
        archive_entry_set_size(entry.get(), size);
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0600);
        return archive_write_header(open_.get(), entry.get()) == ARCHIVE_OK ? result<void>()
                                                                            : failed();
    }

    result<void> add_bytes(std::string_view bytes) {
        const auto written = archive_write_data(open_.get(), bytes.data(), bytes.size());
        return written == static_cast<la_ssize_t>(bytes.size()) ? result<void>() : failed();
    }

    fs::path path_;
    int descriptor_ = -1;
    std::unique_ptr<archive, archive_closer> open_;
};

// What a folder's keys are in a backup: one object, sealed as the database's secrets are.
result<std::string> seal_keys(const store& state, const fs::path& data) {
    json::object keys;
    for (const auto* name : sealed_files) {
        auto key = read_file(data / name, 64 * 1024);
        if (!key) {
            return key.error();
        }
        keys[name] = std::move(*key);
    }
    return state.secrets().seal(json::serialize(keys), "backup/keys");
}

struct object_file {
    std::string sha256;
    std::int64_t size = 0;
};

// Every file that the copied database refers to.
result<std::vector<object_file>> objects_of(db::connection& copy) {
    std::vector<object_file> found;
    auto read = copy.query("backup.objects", "SELECT DISTINCT sha256, size FROM objects ORDER BY 1",
                           {}, [&](const db::row& row) {
                               found.push_back({row.text(0), row.integer(1)});
                           });
    if (!read) {
        return read.error();
    }
    return found;
}

result<std::int64_t> schema_of(db::connection& copy) {
    std::int64_t schema = 0;
    auto read = copy.query("backup.schema", "PRAGMA user_version", {},
                           [&](const db::row& row) { schema = row.integer(0); });
    if (!read) {
        return read.error();
    }
    return schema;
}

struct plan {
    backup_manifest manifest;
    std::vector<std::string> contents;  // of the first files, in their order; the rest are objects
};

result<void> plan_file(plan& made, const std::string& name, std::string content) {
    made.manifest.files.push_back(
        {name, static_cast<std::int64_t>(content.size()), sha256_hex(content)});
    made.contents.push_back(std::move(content));
    return {};
}

result<void> plan_keys(plan& made, const store& state, const fs::path& data) {
    for (const auto* name : {"ca.pem", "device-ca.pem"}) {
        auto content = read_file(data / name, 1024 * 1024);
        if (!content) {
            return content.error();
        }
        if (auto planned = plan_file(made, name, std::move(*content)); !planned) {
            return planned;
        }
    }
    auto sealed = seal_keys(state, data);
    return sealed ? plan_file(made, "keys.sealed", std::move(*sealed)) : sealed.error();
}

result<void> plan_objects(plan& made, const std::vector<object_file>& objects, const fs::path& data,
                          backup_summary& summary) {
    for (const auto& [sha256, size] : objects) {
        const auto name = "objects/" + sha256.substr(0, 2) + "/" + sha256;
        const auto digest = sha256_hex_of_file((data / name).string());
        if (!digest || *digest != sha256) {
            summary.left_out.push_back(sha256);
            continue;
        }
        made.manifest.files.push_back({name, size, sha256});
        ++summary.objects;
    }
    return {};
}

result<void> write_tar(const plan& made, const fs::path& database, const fs::path& data,
                       tar_writer& tar) {
    const auto list = to_text(made.manifest);
    auto written = tar.add(std::string(manifest_name), list);
    std::size_t next = 0;
    for (const auto& file : made.manifest.files) {
        if (!written) {
            return written;
        }
        if (file.name == "service.db") {
            written = tar.add_file(file.name, database, file.size);
        } else if (next < made.contents.size()) {
            written = tar.add(file.name, made.contents[next++]);
        } else {
            written = tar.add_file(file.name, data / file.name, file.size);
        }
    }
    if (written) {
        written = tar.add(std::string(seal_name), sha256_hex(list) + "\n");
    }
    return written ? tar.end() : written;
}

}  // namespace

result<backup_summary> write_backup(store& state, const fs::path& data, const fs::path& to,
                                    wall_time now) {
    std::error_code ignored;
    if (fs::exists(to, ignored)) {
        return error{errc::conflict, to.string() + " is there already; name another file"};
    }
    const unfinished database{to.string() + ".db"};
    const unfinished partial{to.string() + ".partial"};
    fs::remove(partial.path, ignored);
    if (auto copied = state.db().back_up(database.path.string()); !copied) {
        return copied.error();
    }
    plan made;
    made.manifest.version = EVERGRASS_VERSION;
    made.manifest.created = format_iso8601(now);
    backup_summary summary{to, 0, 0, {}};
    {
        auto copy = db::connection::open(database.path.string());
        if (!copy) {
            return copy.error();
        }
        const auto schema = schema_of(**copy);
        const auto objects = objects_of(**copy);
        if (!schema || !objects) {
            return schema ? objects.error() : schema.error();
        }
        made.manifest.schema = *schema;
        // Opening it made a log, which goes with the connection.
        if (auto plain = (*copy)->run("backup.plain", "PRAGMA journal_mode=DELETE"); !plain) {
            return plain.error();
        }
        if (auto planned = plan_keys(made, state, data); !planned) {
            return planned.error();
        }
        if (auto planned = plan_objects(made, *objects, data, summary); !planned) {
            return planned.error();
        }
    }
    const auto digest = sha256_hex_of_file(database.path.string());
    if (!digest) {
        return digest.error();
    }
    made.manifest.files.insert(
        made.manifest.files.begin(),
        {"service.db", static_cast<std::int64_t>(fs::file_size(database.path, ignored)), *digest});
    {
        tar_writer tar(partial.path);
        auto written = tar.begin();
        if (written) {
            written = write_tar(made, database.path, data, tar);
        }
        if (!written) {
            return written.error();
        }
    }
    if (::link(partial.path.c_str(), to.c_str()) != 0) {
        return errno_error("cannot put the backup at " + to.string());
    }
    const auto parent = fs::absolute(to).parent_path();
    if (auto synced = sync_directory(parent); !synced) {
        return synced.error();
    }
    summary.bytes = static_cast<std::int64_t>(fs::file_size(to, ignored));
    return summary;
}

}  // namespace evergrass::cloud
