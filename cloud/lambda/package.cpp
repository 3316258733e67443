#include "cloud/lambda/package.hpp"

#include "libs/base/errors.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace evergrass::cloud::lambda {
namespace {

struct archive_closer {
    void operator()(archive* open) const { archive_read_free(open); }
};
using open_archive = std::unique_ptr<archive, archive_closer>;

error unreadable(archive* from) {
    const auto* why = archive_error_string(from);
    return {errc::invalid_input, why != nullptr ? why : "not a zip archive"};
}

// A relative path without "..": the same rule that the core unpacks by.
bool stays_inside(std::string_view path) {
    if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos) {
        return false;
    }
    while (true) {
        const auto slash = path.find('/');
        if (path.substr(0, slash) == "..") {
            return false;
        }
        if (slash == std::string_view::npos) {
            return true;
        }
        path.remove_prefix(slash + 1);
    }
}

result<void> check_entry(archive_entry* entry) {
    const auto* path = archive_entry_pathname(entry);
    if (path == nullptr || !stays_inside(path)) {
        return error{errc::invalid_input, "an entry's path leads out of the package"};
    }
    const auto type = archive_entry_filetype(entry);
    const bool plain = type == AE_IFREG || type == AE_IFDIR || type == AE_IFLNK || type == 0;
    if (!plain) {
        return error{errc::invalid_input, "an entry is neither a file, a folder nor a link"};
    }
    return {};
}

result<std::uint64_t> count_content(archive* from, std::uint64_t before) {
    std::vector<char> buffer(64 * 1024);
    std::uint64_t total = before;
    while (true) {
        const auto size = archive_read_data(from, buffer.data(), buffer.size());
        if (size == 0) {
            return total;
        }
        if (size < 0) {
            return unreadable(from);
        }
        total += static_cast<std::uint64_t>(size);
        if (total > max_unpacked_bytes) {
            return error{errc::too_large, "it unpacks to more than 250 MB"};
        }
    }
}

}  // namespace

result<void> check_package(std::string_view zip) {
    if (zip.size() > max_zipped_bytes) {
        return error{errc::too_large, "it is over 50 MB"};
    }
    open_archive reader(archive_read_new());
    archive_read_support_format_zip_seekable(reader.get());
    if (archive_read_open_memory(reader.get(), zip.data(), zip.size()) != ARCHIVE_OK) {
        return unreadable(reader.get());
    }
    std::size_t entries = 0;
    std::uint64_t total = 0;
    while (true) {
        archive_entry* entry = nullptr;
        const int next = archive_read_next_header(reader.get(), &entry);
        if (next == ARCHIVE_EOF) {
            break;
        }
        if (next != ARCHIVE_OK && next != ARCHIVE_WARN) {
            return unreadable(reader.get());
        }
        if (++entries > max_entries) {
            return error{errc::too_large, "it has more than 100,000 entries"};
        }
        if (auto checked = check_entry(entry); !checked) {
            return checked;
        }
        const auto counted = count_content(reader.get(), total);
        if (!counted) {
            return counted.error();
        }
        total = *counted;
    }
    if (entries == 0) {
        return error{errc::invalid_input, "it is empty"};
    }
    return {};
}

}  // namespace evergrass::cloud::lambda
