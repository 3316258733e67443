#include "libs/v1_core/package.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <map>
#include <memory>
#include <sys/stat.h>

namespace evergrass::v1 {
namespace {

namespace fs = std::filesystem;

struct found_entry {
    fs::path path;
    bool is_link = false;
    mode_t mode = 0644;
};

bool stays_inside(const fs::path& relative, const fs::path& target) {
    if (target.is_absolute()) {
        return false;
    }
    const auto end = (relative.parent_path() / target).lexically_normal();
    return end.empty() || *end.begin() != "..";
}

class collector {
public:
    collector(const fs::path& folder, const package_limits& limits)
        : folder_(folder), limits_(limits) {}

    result<void> walk(const fs::path& at, std::size_t depth) {
        if (depth > limits_.depth) {
            return error{errc::too_large, at.string() + " is nested too deep"};
        }
        std::error_code failed;
        for (fs::directory_iterator each(at, failed), end; !failed && each != end;
             each.increment(failed)) {
            if (auto taken = take(each->path(), depth); !taken) {
                return taken;
            }
        }
        if (failed) {
            return error{failed, "cannot read " + at.string()};
        }
        return {};
    }

    std::map<std::string, found_entry> entries;  // by the name in the package

private:
    result<void> take(const fs::path& path, std::size_t depth) {
        struct stat about {};
        if (::lstat(path.c_str(), &about) != 0) {
            return errno_error("cannot read " + path.string());
        }
        if (S_ISDIR(about.st_mode)) {
            return path.filename() == "__pycache__" ? result<void>() : walk(path, depth + 1);
        }
        const auto relative = path.lexically_relative(folder_);
        found_entry entry{path, S_ISLNK(about.st_mode), about.st_mode & 0777};
        if (entry.is_link) {
            std::error_code failed;
            const auto target = fs::read_symlink(path, failed);
            if (failed || !stays_inside(relative, target)) {
                return error{errc::denied, path.string() +
                                               " is a link that leaves the function's "
                                               "folder: take it out of a copy of the "
                                               "tree and read that"};
            }
        } else if (!S_ISREG(about.st_mode)) {
            return error{errc::denied, path.string() + " is neither file, folder nor link"};
        }
        total_ += static_cast<std::uint64_t>(about.st_size);
        if (total_ > limits_.unpacked_bytes || entries.size() >= limits_.entries) {
            return error{errc::too_large, folder_.string() + " is larger than a package may be"};
        }
        entries.emplace(relative.generic_string(), std::move(entry));
        return {};
    }

    fs::path folder_;
    package_limits limits_;
    std::uint64_t total_ = 0;
};

la_ssize_t append(archive*, void* into, const void* bytes, std::size_t size) {
    static_cast<std::string*>(into)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
}

struct close_writer {
    void operator()(archive* writer) const { archive_write_free(writer); }
};

result<void> add(archive* writer, const std::string& name, const found_entry& what) {
    std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                   archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_mtime(entry.get(), 315'532'800, 0);  // 1980, the first that a zip can have
    std::string content;
    if (what.is_link) {
        archive_entry_set_filetype(entry.get(), AE_IFLNK);
        archive_entry_set_perm(entry.get(), 0777);
        archive_entry_set_symlink(entry.get(), fs::read_symlink(what.path).c_str());
        archive_entry_set_size(entry.get(), 0);
    } else {
        auto read = read_file(what.path, 250ul * 1024 * 1024);
        if (!read) {
            return read.error();
        }
        content = std::move(*read);
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), (what.mode & 0111) != 0 ? 0755 : 0644);
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    }
    if (archive_write_header(writer, entry.get()) != ARCHIVE_OK ||
        (!content.empty() && archive_write_data(writer, content.data(), content.size()) !=
                                 static_cast<la_ssize_t>(content.size()))) {
        return error{errc::invalid_input,
                     "cannot pack " + what.path.string() + ": " + archive_error_string(writer)};
    }
    return {};
}

}  // namespace

result<std::string> pack_folder(const fs::path& folder, const package_limits& limits,
                                package_form form) {
    collector found(folder, limits);
    if (auto walked = found.walk(folder, 0); !walked) {
        return walked.error();
    }
    std::string zip;
    std::unique_ptr<archive, close_writer> writer(archive_write_new());
    if (form == package_form::zip) {
        archive_write_set_format_zip(writer.get());
    } else {
        archive_write_set_format_pax_restricted(writer.get());
        archive_write_add_filter_gzip(writer.get());
        archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
    }
    archive_write_set_bytes_per_block(writer.get(), 0);
    if (archive_write_open(writer.get(), &zip, nullptr, append, nullptr) != ARCHIVE_OK) {
        return error{errc::invalid_input, archive_error_string(writer.get())};
    }
    for (const auto& [name, what] : found.entries) {
        if (auto added = add(writer.get(), name, what); !added) {
            return added.error();
        }
    }
    if (archive_write_close(writer.get()) != ARCHIVE_OK) {
        return error{errc::invalid_input, archive_error_string(writer.get())};
    }
    return zip;
}

}  // namespace evergrass::v1
