#include "cloud/lambda/package.hpp"

#include "libs/base/errors.hpp"
#include "libs/zip/zip_directory.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>
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

// What of an entry the zip's directory does not say.
result<void> check_link(archive_entry* entry) {
    const auto* target = archive_entry_symlink(entry);
    const auto* name = archive_entry_pathname(entry);
    if (archive_entry_filetype(entry) != AE_IFLNK) {
        return {};
    }
    if (name == nullptr || target == nullptr ||
        !zip::link_stays_inside(zip::plain_name(name), target)) {
        return error{errc::denied, "the entry " + zip::quoted_name(name == nullptr ? "" : name) +
                                       " is a link that leaves the package"};
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

result<void> check_package(std::string_view package) {
    if (package.size() > max_zipped_bytes) {
        return error{errc::too_large, "it is over 50 MB"};
    }
    // By the same rules as the core, so that what it would refuse never gets there.
    const auto entries_of_directory = zip::read_zip_directory_of(package);
    if (!entries_of_directory) {
        return entries_of_directory.error();
    }
    const zip::archive_limits limits{max_unpacked_bytes, max_entries};
    if (const auto tree = zip::check_entries(*entries_of_directory, limits); !tree) {
        return tree.error();
    }
    open_archive reader(archive_read_new());
    archive_read_support_format_zip_seekable(reader.get());
    if (archive_read_open_memory(reader.get(), package.data(), package.size()) != ARCHIVE_OK) {
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
        if (auto checked = check_link(entry); !checked) {
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
