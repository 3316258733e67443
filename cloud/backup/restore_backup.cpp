#include "cloud/backup/backup.hpp"
#include "cloud/backup/manifest.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/base/random.hpp"
#include "libs/pkcs11/uri.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::cloud {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_list = 512U * 1024 * 1024;

struct archive_closer {
    void operator()(archive* open) const { archive_read_free(open); }
};

struct removed_at_end {
    fs::path path;
    ~removed_at_end() {
        std::error_code ignored;
        if (!path.empty()) {
            fs::remove_all(path, ignored);
        }
    }
};

error damaged(const fs::path& backup, const std::string& what) {
    return {errc::corrupt,
            "the backup " + backup.string() + " is damaged: " + what + "; use another copy of it"};
}

class tar_reader {
public:
    explicit tar_reader(fs::path path) : path_(std::move(path)), open_(archive_read_new()) {}

    result<void> begin() {
        std::error_code missing;
        if (!fs::is_regular_file(path_, missing)) {
            return error{errc::not_found, "there is no backup " + path_.string()};
        }
        archive_read_support_format_tar(open_.get());
        if (archive_read_open_filename(open_.get(), path_.c_str(), 64 * 1024) != ARCHIVE_OK) {
            return error{errc::invalid_input, path_.string() + " is no backup of Evergrass"};
        }
        return {};
    }

    // The next file must have this name.
    result<void> expect(std::string_view name) {
        archive_entry* entry = nullptr;
        const int code = archive_read_next_header(open_.get(), &entry);
        if (code == ARCHIVE_EOF) {
            return damaged(path_, "it ends before '" + std::string(name) + "'");
        }
        const auto* const found = code == ARCHIVE_OK ? archive_entry_pathname(entry) : nullptr;
        if (found == nullptr || found != name) {
            return damaged(path_, "'" + std::string(name) + "' is not where it belongs");
        }
        return {};
    }

    result<std::string> read(std::string_view name, std::size_t most) {
        if (auto there = expect(name); !there) {
            return there.error();
        }
        std::string content;
        std::vector<char> part(64 * 1024);
        for (;;) {
            const auto got = archive_read_data(open_.get(), part.data(), part.size());
            if (got < 0 ||
                content.size() + static_cast<std::size_t>(std::max<la_ssize_t>(got, 0)) > most) {
                return damaged(path_, "'" + std::string(name) + "' cannot be read");
            }
            if (got == 0) {
                return content;
            }
            content.append(part.data(), static_cast<std::size_t>(got));
        }
    }

    result<void> extract(const backup_manifest::file& file, const fs::path& to) {
        if (auto there = expect(file.name); !there) {
            return there;
        }
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(to.c_str(), "wbxe"),
                                                                  std::fclose);
        if (!out || ::fchmod(::fileno(out.get()), 0600) != 0) {
            return errno_error("cannot make " + to.string());
        }
        std::vector<char> part(256 * 1024);
        for (std::int64_t left = file.size;;) {
            const auto got = archive_read_data(open_.get(), part.data(), part.size());
            if (got < 0 || got > left) {
                return damaged(path_, "'" + file.name + "' has not the size it had");
            }
            if (got == 0) {
                break;
            }
            left -= got;
            if (std::fwrite(part.data(), 1, static_cast<std::size_t>(got), out.get()) !=
                static_cast<std::size_t>(got)) {
                return errno_error("cannot write " + to.string());
            }
        }
        if (std::fflush(out.get()) != 0 || ::fsync(::fileno(out.get())) != 0) {
            return errno_error("cannot write " + to.string());
        }
        const auto digest = sha256_hex_of_file(to.string());
        if (!digest || *digest != file.sha256) {
            return damaged(path_, "'" + file.name + "' has not the content it had");
        }
        return {};
    }

private:
    fs::path path_;
    std::unique_ptr<archive, archive_closer> open_;
};

result<backup_manifest> read_manifest(tar_reader& tar) {
    const auto list = tar.read(manifest_name, longest_list);
    if (!list) {
        return list.error();
    }
    auto manifest = parse_backup_manifest(*list);
    const auto known = static_cast<std::int64_t>(migrations().size());
    if (manifest && manifest->schema > known) {
        return error{errc::unsupported, "the backup is of a later build (" + manifest->version +
                                            ", schema " + std::to_string(manifest->schema) +
                                            "; this one knows up to " + std::to_string(known) +
                                            "); restore it with that build or a later one"};
    }
    return manifest;
}

// The list itself is checked last, by the digest at the end.
result<void> extract_all(const restore_order& order, const fs::path& into,
                         restore_summary& summary) {
    tar_reader tar(order.backup);
    if (auto begun = tar.begin(); !begun) {
        return begun;
    }
    const auto manifest = read_manifest(tar);
    if (!manifest) {
        return manifest.error().code == make_error_code(errc::corrupt) &&
                       manifest.error().context.starts_with("the backup's list")
                   ? damaged(order.backup, manifest.error().context)
                   : manifest.error();
    }
    summary.created = manifest->created;
    for (const auto& file : manifest->files) {
        const auto to = into / file.name;
        if (auto made = make_directories(to.parent_path(), 0700); !made) {
            return made;
        }
        if (auto extracted = tar.extract(file, to); !extracted) {
            return extracted;
        }
        summary.objects += file.name.starts_with("objects/") ? 1 : 0;
    }
    const auto seal = tar.read(seal_name, 1024);
    if (!seal) {
        return seal.error();
    }
    if (*seal != sha256_hex(to_text(*manifest)) + "\n") {
        return damaged(order.backup, "its list of files has not the content it had");
    }
    return {};
}

// Which file the new folder's master key comes from. One in a token stays there.
result<void> bring_master_key(const restore_order& order, const fs::path& into) {
    if (pkcs11::is_uri(order.master_key.string())) {
        return {};
    }
    const auto from = order.master_key.empty() ? order.data / "master.key" : order.master_key;
    const auto key = read_file(from, 1024);
    if (!key) {
        return error{errc::not_found, "the master key that seals the backup's secrets is not at " +
                                          from.string() +
                                          ": it is in no backup; name its file with --master-key"};
    }
    return write_file_atomically(into / "master.key", *key, 0600);
}

// Opens the database as the service will, and takes the keys out of their seal.
result<void> unseal_keys(const restore_order& order, const fs::path& into) {
    const bool is_in_token = pkcs11::is_uri(order.master_key.string());
    const auto state =
        store::open((into / "service.db").string(), is_in_token ? order.master_key : fs::path());
    if (!state) {
        return state.error();
    }
    const auto sealed = read_file(into / "keys.sealed", 1024 * 1024);
    if (!sealed) {
        return sealed.error();
    }
    const auto opened = (*state)->secrets().unseal(*sealed, "backup/keys");
    const auto keys = opened ? parse_json(*opened) : result<json::value>(opened.error());
    if (!keys || !keys->is_object()) {
        return error{errc::corrupt, "the keys in the backup cannot be opened by its master key"};
    }
    for (const auto& [name, value] : keys->get_object()) {
        const std::string file(name);
        if (file.find('/') != std::string::npos || !value.is_string()) {
            return error{errc::corrupt, "the keys in the backup are not as they were"};
        }
        auto written = write_file_atomically(into / file, std::string(value.get_string()), 0600);
        if (!written) {
            return written;
        }
    }
    std::error_code failed;
    fs::remove(into / "keys.sealed", failed);
    for (const auto* name : {"ca.pem", "device-ca.pem"}) {
        fs::permissions(into / name, fs::perms(0644), failed);
    }
    return sync_directory(into);
}

}  // namespace

result<restore_summary> restore_backup(const restore_order& order, wall_time now) {
    std::error_code failed;
    const auto data = fs::absolute(order.data).lexically_normal();
    const auto place = data.filename().empty() ? data.parent_path() : data;
    if (fs::exists(place / "service.db", failed) && !order.force) {
        return error{errc::conflict, place.string() +
                                         " has a database already; --force puts the backup in its "
                                         "place and keeps what is there beside it"};
    }
    if (auto made = make_directories(place.parent_path(), 0755); !made) {
        return made.error();
    }
    removed_at_end fresh{place.string() + ".restore-" + uuid_v4().substr(0, 8)};
    if (auto made = make_directories(fresh.path, 0700); !made) {
        return made.error();
    }
    restore_summary summary;
    auto done = extract_all(order, fresh.path, summary);
    if (done) {
        done = bring_master_key(order, fresh.path);
    }
    if (done) {
        done = unseal_keys(order, fresh.path);
    }
    if (!done) {
        return done.error();
    }
    if (fs::exists(place, failed)) {
        summary.undo = place.string() + ".before-" + format_basic_iso8601(now);
        for (int i = 1; fs::exists(summary.undo, failed); ++i) {
            summary.undo =
                place.string() + ".before-" + format_basic_iso8601(now) + "-" + std::to_string(i);
        }
        fs::rename(place, summary.undo, failed);
        if (failed) {
            return error{failed, "cannot move " + place.string() + " out of the way"};
        }
    }
    fs::rename(fresh.path, place, failed);
    if (failed) {
        return error{failed, "cannot put the restored folder at " + place.string() +
                                 "; what was there is " + summary.undo.string()};
    }
    fresh.path.clear();
    if (auto synced = sync_directory(place.parent_path()); !synced) {
        return synced.error();
    }
    return summary;
}

}  // namespace evergrass::cloud
