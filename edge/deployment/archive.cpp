#include "edge/deployment/archive.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <fcntl.h>
#include <locale.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;

using zip::link_stays_inside;
using zip::package_tree;
using zip::plain_name;
using zip::quoted_name;
using zip::zip_kind;

struct close_reader {
    void operator()(archive* a) const { archive_read_free(a); }
};
struct close_writer {
    void operator()(archive* a) const { archive_write_free(a); }
};

constexpr const char* pack_again =
    ". Pack the function again without it, publish a version and deploy that";

error broken(archive* a, const std::string& name, const char* next_step) {
    const char* why = archive_error_string(a);
    return {errc::invalid_input, (name.empty() ? "" : "the entry " + quoted_name(name) + ": ") +
                                     (why != nullptr ? why : "it is no zip file") + next_step};
}

error damaged(archive* reader, const std::string& name) {
    return broken(reader, name, ". Pack the function again, publish a version and deploy that");
}

error not_written(archive* writer, const std::string& name) {
    return broken(writer, name, ". Make room for it on the core's disk and deploy again");
}

error refused(const std::string& name, const std::string& why) {
    return {errc::denied, "the entry " + quoted_name(name) + " " + why + pack_again};
}

// Names are UTF-8 while a package is read, whatever the core's locale: libarchive asks the
// thread's, and in "C" it would write '?' for what isn't ASCII.
class utf8_names {
public:
    utf8_names() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (utf8_ != nullptr) {
            former_ = ::uselocale(utf8_);
        }
    }
    ~utf8_names() {
        if (utf8_ != nullptr) {
            ::uselocale(former_);
            ::freelocale(utf8_);
        }
    }
    utf8_names(const utf8_names&) = delete;
    utf8_names& operator=(const utf8_names&) = delete;

private:
    locale_t utf8_;
    locale_t former_ = nullptr;
};

enum class archive_form { zip, tar_gz };

void support(archive* reader, archive_form form) {
    if (form == archive_form::zip) {
        archive_read_support_format_zip_seekable(reader);
    } else {
        archive_read_support_filter_gzip(reader);
        archive_read_support_format_tar(reader);
    }
}

class unpacking {
public:
    unpacking(const fs::path& zip, archive_form form, const fs::path& staging,
              const package_tree& tree, const archive_limits& limits)
        : zip_(zip), form_(form), staging_(staging), tree_(tree), limits_(limits) {}

    result<void> run() {
        support(reader_.get(), form_);
        if (archive_read_open_filename(reader_.get(), zip_.c_str(), 64 * 1024) != ARCHIVE_OK) {
            return damaged(reader_.get(), "");
        }
        archive_write_disk_set_options(
            writer_.get(), ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS);
        for (;;) {
            archive_entry* entry = nullptr;
            const int read = archive_read_next_header(reader_.get(), &entry);
            if (read == ARCHIVE_EOF) {
                return {};
            }
            if (read < ARCHIVE_WARN) {
                return damaged(reader_.get(), "");
            }
            if (auto unpacked = unpack(entry); !unpacked) {
                return unpacked;
            }
        }
    }

private:
    // An entry has a name in the directory and one before its content: both must be the same.
    result<void> admit(archive_entry* entry, const std::string& name) const {
        const auto plain = plain_name(name);
        const auto known = tree_.find(plain);
        const auto type = archive_entry_filetype(entry);
        const bool is_link = type == AE_IFLNK;
        const bool is_root = plain.empty() && type == AE_IFDIR;
        if (!is_root && (known == tree_.end() || (known->second == zip_kind::link) != is_link ||
                         name.front() == '/')) {
            return refused(name, "is another one in the archive's directory");
        }
        if (archive_entry_hardlink(entry) != nullptr) {
            return refused(name, "is a hard link");
        }
        if (is_link) {
            const char* target = archive_entry_symlink(entry);
            if (target == nullptr || !link_stays_inside(plain, target)) {
                return refused(name, "is a link that leaves the package" +
                                         (target == nullptr ? "" : ", to " + quoted_name(target)));
            }
        } else if (type != AE_IFREG && type != AE_IFDIR) {
            return refused(name, "is neither a file, a directory nor a link");
        }
        const bool runs = (archive_entry_perm(entry) & 0111) != 0 || type == AE_IFDIR;
        archive_entry_set_perm(entry, runs ? 0755 : 0644);
        archive_entry_set_pathname(entry, (staging_ / plain).c_str());
        return {};
    }

    result<void> unpack(archive_entry* entry) {
        if (++entries_ > limits_.max_entries) {
            return error{errc::too_large,
                         "it holds more than " + std::to_string(limits_.max_entries) +
                             " entries. Pack fewer, publish a version and deploy that"};
        }
        const char* raw = archive_entry_pathname(entry);
        const std::string name = raw != nullptr ? raw : "";
        if (auto admitted = admit(entry, name); !admitted) {
            return admitted;
        }
        if (archive_write_header(writer_.get(), entry) != ARCHIVE_OK) {
            return not_written(writer_.get(), name);
        }
        if (auto copied = copy_data(name); !copied) {
            return copied;
        }
        if (archive_write_finish_entry(writer_.get()) != ARCHIVE_OK) {
            return not_written(writer_.get(), name);
        }
        return {};
    }

    // libarchive only warns of a wrong CRC or length, and of a disk that is full.
    result<void> copy_data(const std::string& name) {
        for (;;) {
            const void* data = nullptr;
            std::size_t size = 0;
            la_int64_t offset = 0;
            const int read = archive_read_data_block(reader_.get(), &data, &size, &offset);
            if (read == ARCHIVE_EOF) {
                return {};
            }
            if (read != ARCHIVE_OK) {
                return damaged(reader_.get(), name);
            }
            unpacked_ += size;
            if (unpacked_ > limits_.max_unpacked_bytes) {
                return error{errc::too_large, "the entry " + quoted_name(name) +
                                                  " brings it to more than " +
                                                  std::to_string(limits_.max_unpacked_bytes) +
                                                  " bytes unpacked" + pack_again};
            }
            if (archive_write_data_block(writer_.get(), data, size, offset) != ARCHIVE_OK) {
                return not_written(writer_.get(), name);
            }
        }
    }

    const fs::path& zip_;
    archive_form form_;
    const fs::path& staging_;
    const package_tree& tree_;
    const archive_limits& limits_;
    std::unique_ptr<archive, close_reader> reader_{archive_read_new()};
    std::unique_ptr<archive, close_writer> writer_{archive_write_disk_new()};
    std::uint64_t entries_ = 0;
    std::uint64_t unpacked_ = 0;
};

// The mode that everybody can read, by one open file so that nothing can come between, and fsync.
result<void> finish_file(const fs::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info {};
    bool done = file >= 0 && ::fstat(file, &info) == 0;
    if (done) {
        const bool runs = S_ISDIR(info.st_mode) || (info.st_mode & 0111) != 0;
        done = ::fchmod(file, runs ? 0755 : 0644) == 0 && ::fsync(file) == 0;
    }
    auto failed = errno_error("cannot save " + path.string());
    if (file >= 0) {
        ::close(file);
    }
    return done ? result<void>() : failed;
}

// Each file and directory below, so that the rename publishes what is on disk.
result<void> finish_tree(const fs::path& root) {
    std::error_code code;
    for (fs::recursive_directory_iterator it(root, code), end; !code && it != end;
         it.increment(code)) {
        if (it->is_symlink()) {
            continue;
        }
        if (auto finished = finish_file(it->path()); !finished) {
            return finished;
        }
    }
    if (code) {
        return error{code, "cannot read " + root.string()};
    }
    return finish_file(root);
}

// What a tar holds, as a zip's directory says it.
result<std::vector<zip::zip_entry>> read_tar_entries(const fs::path& tar,
                                                     const archive_limits& limits) {
    const std::unique_ptr<archive, close_reader> reader(archive_read_new());
    support(reader.get(), archive_form::tar_gz);
    if (archive_read_open_filename(reader.get(), tar.c_str(), 64 * 1024) != ARCHIVE_OK) {
        return damaged(reader.get(), "");
    }
    std::vector<zip::zip_entry> entries;
    std::uint64_t total = 0;
    for (;;) {
        archive_entry* entry = nullptr;
        const int read = archive_read_next_header(reader.get(), &entry);
        if (read == ARCHIVE_EOF) {
            return entries;
        }
        if (read < ARCHIVE_WARN) {
            return damaged(reader.get(), "");
        }
        zip::zip_entry made;
        const char* name = archive_entry_pathname(entry);
        made.name = name != nullptr ? name : "";
        const auto type = archive_entry_filetype(entry);
        made.kind = type == AE_IFREG   ? zip_kind::file
                    : type == AE_IFDIR ? zip_kind::directory
                    : type == AE_IFLNK ? zip_kind::link
                                       : zip_kind::other;
        made.size = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
        total += made.size;
        entries.push_back(std::move(made));
        // check_entries() says what is wrong; here it is enough not to read a bomb to its end.
        if (entries.size() > limits.max_entries || total > limits.max_unpacked_bytes) {
            return entries;
        }
    }
}

result<void> unpack_into(const fs::path& zip, archive_form form, const fs::path& staging,
                         const archive_limits& limits) {
    const utf8_names names;
    const auto entries =
        form == archive_form::zip ? zip::read_zip_directory(zip) : read_tar_entries(zip, limits);
    if (!entries) {
        return entries.error();
    }
    const auto tree = zip::check_entries(*entries, limits);
    if (!tree) {
        return tree.error();
    }
    if (::mkdir(staging.c_str(), 0755) != 0) {
        return errno_error("cannot make " + staging.string());
    }
    if (auto unpacked = unpacking(zip, form, staging, *tree, limits).run(); !unpacked) {
        return unpacked;
    }
    return finish_tree(staging);
}

result<void> unpack_archive(const fs::path& zip, archive_form form, const fs::path& destination,
                            const archive_limits& limits) {
    const auto parent = fs::absolute(destination).parent_path();
    if (auto made = make_directories(parent, 0755); !made) {
        return made;
    }
    const auto staging = parent / (".staging-" + hex_encode(random_bytes(6)));
    auto outcome = unpack_into(zip, form, staging, limits);
    if (!outcome) {
        outcome = with_context(outcome.error(),
                               "the package " + zip.filename().string() + " cannot be unpacked");
    } else if (::rename(staging.c_str(), destination.c_str()) != 0) {
        outcome = errno_error("cannot rename " + staging.string() + " to " + destination.string());
    }
    if (!outcome) {
        std::error_code ignored;
        fs::remove_all(staging, ignored);
        return outcome;
    }
    return sync_directory(parent);
}

}  // namespace

result<void> unpack_zip(const fs::path& zip, const fs::path& destination,
                        const archive_limits& limits) {
    return unpack_archive(zip, archive_form::zip, destination, limits);
}

result<void> unpack_tar_gz(const fs::path& tar, const fs::path& destination,
                           const archive_limits& limits) {
    return unpack_archive(tar, archive_form::tar_gz, destination, limits);
}

}  // namespace evergrass::edge
