#include "libs/v1_core/backup_archive.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace evergrass::v1 {
namespace {

namespace fs = std::filesystem;

struct close_reader {
    void operator()(archive* reader) const { archive_read_free(reader); }
};
using reader_ptr = std::unique_ptr<archive, close_reader>;

reader_ptr new_reader() {
    reader_ptr reader(archive_read_new());
    archive_read_support_format_tar(reader.get());
    archive_read_support_format_zip(reader.get());
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_bzip2(reader.get());
    archive_read_support_filter_xz(reader.get());
    archive_read_support_filter_zstd(reader.get());
    return reader;
}

error fault(archive* reader, const std::string& name) {
    const char* why = archive_error_string(reader);
    return {errc::invalid_input, "the archive cannot be read" +
                                     (name.empty() ? "" : " at '" + name + "'") + ": " +
                                     (why != nullptr ? why : "it is damaged")};
}

// nullopt: a name that would land outside.
std::optional<std::string> inside(std::string_view name, std::size_t deepest) {
    std::string out;
    std::size_t depth = 0;
    while (!name.empty()) {
        const auto end = name.find('/');
        const auto part = name.substr(0, end);
        name = end == std::string_view::npos ? std::string_view() : name.substr(end + 1);
        if (part.empty() || part == ".") {
            continue;
        }
        if (part == ".." || part.find('\0') != std::string_view::npos || ++depth > deepest) {
            return std::nullopt;
        }
        out += (out.empty() ? "" : "/") + std::string(part);
    }
    return out.empty() ? std::nullopt : std::optional(out);
}

class walker {
public:
    walker(archive* reader, const archive_sink& sink, const archive_limits& limits)
        : reader_(reader), sink_(sink), limits_(limits) {}

    result<void> walk() {
        for (std::size_t count = 0;; ++count) {
            archive_entry* entry = nullptr;
            const int next = archive_read_next_header(reader_, &entry);
            if (next == ARCHIVE_EOF) {
                return count == 0 ? result<void>(error{errc::invalid_input, "the archive is empty"})
                                  : result<void>();
            }
            if (next != ARCHIVE_OK && next != ARCHIVE_WARN) {
                return fault(reader_, last_);
            }
            if (count >= limits_.entries) {
                return error{errc::too_large, "the archive has more than " +
                                                  std::to_string(limits_.entries) + " members"};
            }
            if (auto taken = take(entry); !taken) {
                return taken;
            }
        }
    }

private:
    result<void> take(archive_entry* entry) {
        const char* raw = archive_entry_pathname(entry);
        const auto name = inside(raw != nullptr ? raw : "", limits_.depth);
        if (!name || archive_entry_hardlink(entry) != nullptr) {
            return {};
        }
        last_ = *name;
        archive_visit visit{archive_member::file, *name, "",
                            static_cast<unsigned>(archive_entry_perm(entry)) & 0777u};
        switch (archive_entry_filetype(entry)) {
            case AE_IFREG:
                break;
            case AE_IFDIR:
                visit.what = archive_member::folder;
                break;
            case AE_IFLNK: {
                visit.what = archive_member::link;
                const char* target = archive_entry_symlink(entry);
                visit.target = target != nullptr ? target : "";
                if (visit.target.empty()) {
                    return {};
                }
                break;
            }
            default:
                return {};
        }
        buffer_.resize(64 * 1024);
        return sink_(visit, [&]() -> result<std::string_view> {
            const auto got = archive_read_data(reader_, buffer_.data(), buffer_.size());
            if (got < 0) {
                return fault(reader_, last_);
            }
            total_ += static_cast<std::uint64_t>(got);
            if (total_ > limits_.unpacked_bytes) {
                return error{errc::too_large, "the archive unpacks to more than " +
                                                  std::to_string(limits_.unpacked_bytes) +
                                                  " bytes"};
            }
            return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
        });
    }

    archive* reader_;
    const archive_sink& sink_;
    archive_limits limits_;
    std::vector<char> buffer_;
    std::string last_;
    std::uint64_t total_ = 0;
};

// The folder of a member, made where it is missing, and held open: each part is opened without
// following links, so that a link in the archive is no way out.
result<int> open_parent(int root, const std::string& name) {
    int at = ::dup(root);
    std::string_view rest = name;
    for (auto slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
        const std::string part(rest.substr(0, slash));
        rest.remove_prefix(slash + 1);
        ::mkdirat(at, part.c_str(), 0700);
        const int next =
            ::openat(at, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        ::close(at);
        if (next < 0) {
            return errno_error("cannot make the folder of '" + name + "'");
        }
        at = next;
    }
    return at;
}

result<void> write_member(int folder, const std::string& base, const archive_visit& member,
                          const std::function<result<std::string_view>()>& read) {
    if (member.what == archive_member::folder) {
        ::mkdirat(folder, base.c_str(), 0700);
        return {};
    }
    ::unlinkat(folder, base.c_str(), 0);  // a later member of the same name counts, as with tar
    if (member.what == archive_member::link) {
        return ::symlinkat(member.target.c_str(), folder, base.c_str()) == 0
                   ? result<void>()
                   : errno_error("cannot make the link '" + member.name + "'");
    }
    const int file =
        ::openat(folder, base.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 (member.mode & 0111u) != 0 ? 0700 : 0600);
    if (file < 0) {
        return errno_error("cannot write '" + member.name + "'");
    }
    const std::unique_ptr<const int, void (*)(const int*)> closing(
        &file, [](const int* open) { ::close(*open); });
    for (;;) {
        auto piece = read();
        if (!piece) {
            return piece.error();
        }
        if (piece->empty()) {
            return {};
        }
        while (!piece->empty()) {
            const auto written = ::write(file, piece->data(), piece->size());
            if (written <= 0) {
                return errno_error("cannot write '" + member.name + "'");
            }
            piece->remove_prefix(static_cast<std::size_t>(written));
        }
    }
}

}  // namespace

result<void> read_archive(const fs::path& file, const archive_sink& sink,
                          const archive_limits& limits) {
    const auto reader = new_reader();
    if (archive_read_open_filename(reader.get(), file.c_str(), 64 * 1024) != ARCHIVE_OK) {
        return with_context(fault(reader.get(), ""), file.string());
    }
    auto walked = walker(reader.get(), sink, limits).walk();
    return walked ? walked : with_context(walked.error(), file.string());
}

result<void> read_archive_bytes(std::string_view bytes, const archive_sink& sink,
                                const archive_limits& limits) {
    const auto reader = new_reader();
    if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
        return fault(reader.get(), "");
    }
    return walker(reader.get(), sink, limits).walk();
}

result<void> unpack_archive(const fs::path& file, const fs::path& into,
                            const archive_limits& limits) {
    const int root = ::open(into.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        return errno_error("cannot open " + into.string());
    }
    auto done = read_archive(
        file,
        [root](const archive_visit& member, const auto& read) -> result<void> {
            auto folder = open_parent(root, member.name);
            if (!folder) {
                return folder.error();
            }
            const auto base = member.name.substr(member.name.rfind('/') + 1);
            auto written = write_member(*folder, base, member, read);
            ::close(*folder);
            return written;
        },
        limits);
    ::close(root);
    return done;
}

}  // namespace evergrass::v1
