#include "edge/deployment/archive.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;

struct close_reader {
    void operator()(archive* a) const { archive_read_free(a); }
};
struct close_writer {
    void operator()(archive* a) const { archive_write_free(a); }
};

error broken(archive* a, const fs::path& zip, const std::string& entry) {
    const char* why = archive_error_string(a);
    return {errc::invalid_input, "the package " + zip.filename().string() +
                                     (entry.empty() ? "" : ", entry '" + entry + "'") +
                                     " cannot be unpacked (" +
                                     (why != nullptr ? why : "not a zip file") + ")"};
}

error refused(const fs::path& zip, const std::string& entry, const std::string& why) {
    return {errc::denied,
            "the package " + zip.filename().string() + " holds '" + entry + "', " + why};
}

bool name_is_safe(const fs::path& name) {
    if (name.empty() || name.is_absolute()) {
        return false;
    }
    for (const auto& part : name) {
        if (part == "..") {
            return false;
        }
    }
    return true;
}

// Checks one entry and makes its name one below `staging`.
result<void> admit(const fs::path& zip, archive_entry* entry, const fs::path& staging) {
    const char* raw = archive_entry_pathname(entry);
    const std::string name = raw != nullptr ? raw : "";
    if (!name_is_safe(name) || name.find('\0') != std::string::npos) {
        return refused(zip, name, "a name that leaves the package");
    }
    if (archive_entry_hardlink(entry) != nullptr) {
        return refused(zip, name, "a hard link, which a package may not hold");
    }
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFLNK) {
        const char* target = archive_entry_symlink(entry);
        if (target == nullptr || !link_stays_inside(name, target)) {
            return refused(zip, name, "a link that leaves the package");
        }
    } else if (type != AE_IFREG && type != AE_IFDIR) {
        return refused(zip, name, "which is neither a file, a directory nor a link");
    }
    const auto mode = archive_entry_perm(entry);
    const mode_t runnable = (mode & 0111) != 0 || type == AE_IFDIR ? 0755 : 0644;
    archive_entry_set_perm(entry, type == AE_IFLNK ? 0777 : runnable);
    archive_entry_set_pathname(entry, (staging / name).c_str());
    return {};
}

class unpacking {
public:
    unpacking(const fs::path& zip, const fs::path& staging, const archive_limits& limits)
        : zip_(zip), staging_(staging), limits_(limits) {}

    result<void> run() {
        archive_read_support_format_zip_seekable(reader_.get());
        if (archive_read_open_filename(reader_.get(), zip_.c_str(), 64 * 1024) != ARCHIVE_OK) {
            return broken(reader_.get(), zip_, "");
        }
        archive_write_disk_set_options(writer_.get(), ARCHIVE_EXTRACT_PERM |
                                                          ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                                                          ARCHIVE_EXTRACT_SECURE_SYMLINKS);
        for (;;) {
            archive_entry* entry = nullptr;
            const int read = archive_read_next_header(reader_.get(), &entry);
            if (read == ARCHIVE_EOF) {
                return {};
            }
            if (read < ARCHIVE_WARN) {
                return broken(reader_.get(), zip_, "");
            }
            if (auto unpacked = unpack(entry); !unpacked) {
                return unpacked;
            }
        }
    }

private:
    result<void> unpack(archive_entry* entry) {
        if (++entries_ > limits_.max_entries) {
            return error{errc::too_large, "the package " + zip_.filename().string() +
                                              " holds more than " +
                                              std::to_string(limits_.max_entries) + " entries"};
        }
        const char* raw = archive_entry_pathname(entry);
        const std::string name = raw != nullptr ? raw : "";
        if (auto admitted = admit(zip_, entry, staging_); !admitted) {
            return admitted;
        }
        if (archive_write_header(writer_.get(), entry) < ARCHIVE_WARN) {
            return broken(writer_.get(), zip_, name);
        }
        if (auto copied = copy_data(name); !copied) {
            return copied;
        }
        if (archive_write_finish_entry(writer_.get()) < ARCHIVE_WARN) {
            return broken(writer_.get(), zip_, name);
        }
        return {};
    }

    // Counts what comes out of the package, whatever the entry's header promised: a bomb lies
    // there.
    result<void> copy_data(const std::string& name) {
        for (;;) {
            const void* data = nullptr;
            std::size_t size = 0;
            la_int64_t offset = 0;
            const int read = archive_read_data_block(reader_.get(), &data, &size, &offset);
            if (read == ARCHIVE_EOF) {
                return {};
            }
            if (read < ARCHIVE_WARN) {
                return broken(reader_.get(), zip_, name);
            }
            unpacked_ += size;
            if (unpacked_ > limits_.max_unpacked_bytes) {
                return error{errc::too_large,
                             "the package " + zip_.filename().string() + " unpacks to more than " +
                                 std::to_string(limits_.max_unpacked_bytes) + " bytes"};
            }
            if (archive_write_data_block(writer_.get(), data, size, offset) < ARCHIVE_WARN) {
                return broken(writer_.get(), zip_, name);
            }
        }
    }

    const fs::path& zip_;
    const fs::path& staging_;
    const archive_limits& limits_;
    std::unique_ptr<archive, close_reader> reader_{archive_read_new()};
    std::unique_ptr<archive, close_writer> writer_{archive_write_disk_new()};
    std::uint64_t entries_ = 0;
    std::uint64_t unpacked_ = 0;
};

// fsync of each file and directory below, so that the rename publishes what is on disk.
result<void> sync_tree(const fs::path& root) {
    std::error_code code;
    for (fs::recursive_directory_iterator it(root, code), end; !code && it != end;
         it.increment(code)) {
        if (it->is_symlink()) {
            continue;
        }
        const int file = ::open(it->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        const bool synced = file >= 0 && ::fsync(file) == 0;
        if (!synced) {
            auto failed = errno_error("cannot save " + it->path().string());
            if (file >= 0) {
                ::close(file);
            }
            return failed;
        }
        ::close(file);
    }
    if (code) {
        return error{code, "cannot read " + root.string()};
    }
    return sync_directory(root);
}

}  // namespace

bool link_stays_inside(const fs::path& entry, const fs::path& target) {
    if (target.empty() || target.is_absolute()) {
        return false;
    }
    // Depth of the place that has been reached, counted from the package's root.
    long depth = 0;
    for (const auto& part : entry.parent_path()) {
        depth += part == "." || part.empty() ? 0 : 1;
    }
    for (const auto& part : target) {
        if (part == "..") {
            if (--depth < 0) {
                return false;
            }
        } else if (part != "." && !part.empty()) {
            ++depth;
        }
    }
    return true;
}

result<void> unpack_zip(const fs::path& zip, const fs::path& destination,
                        const archive_limits& limits) {
    const auto parent = fs::absolute(destination).parent_path();
    if (auto made = make_directories(parent, 0755); !made) {
        return made;
    }
    const auto staging = parent / (".staging-" + hex_encode(random_bytes(6)));
    if (::mkdir(staging.c_str(), 0755) != 0) {
        return errno_error("cannot make " + staging.string());
    }
    auto outcome = unpacking(zip, staging, limits).run();
    if (outcome) {
        outcome = sync_tree(staging);
    }
    if (outcome && ::rename(staging.c_str(), destination.c_str()) != 0) {
        outcome = errno_error("cannot rename " + staging.string() + " to " + destination.string());
    }
    if (!outcome) {
        std::error_code ignored;
        fs::remove_all(staging, ignored);
        return outcome;
    }
    return sync_directory(parent);
}

}  // namespace evergrass::edge
