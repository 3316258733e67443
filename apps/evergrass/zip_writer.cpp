#include "apps/evergrass/zip_writer.hpp"

#include "libs/base/errors.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

namespace evergrass::cli {
namespace {

// Zip times begin in 1980; a fixed one, after that in every time zone.
constexpr std::time_t fixed_time = 946'771'200;  // 2000-01-02

using archive_writer = std::unique_ptr<archive, decltype(&archive_write_free)>;
using entry_handle = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

la_ssize_t append(archive*, void* output, const void* bytes, std::size_t count) {
    static_cast<std::string*>(output)->append(static_cast<const char*>(bytes), count);
    return static_cast<la_ssize_t>(count);
}

error archive_failure(archive* a) {
    const char* why = archive_error_string(a);
    return {errc::invalid_input, std::string("Cannot make the zip: ") + (why ? why : "unknown")};
}

bool write_entry(archive* a, const zip_entry& file) {
    entry_handle entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), file.executable ? 0755 : 0644);
    archive_entry_set_mtime(entry.get(), fixed_time, 0);
    return archive_write_header(a, entry.get()) == ARCHIVE_OK &&
           archive_write_data(a, file.content.data(), file.content.size()) ==
               static_cast<la_ssize_t>(file.content.size());
}

}  // namespace

result<std::string> make_zip(const std::vector<zip_entry>& entries) {
    std::string output;
    archive_writer writer(archive_write_new(), archive_write_free);
    archive* a = writer.get();
    archive_write_set_bytes_in_last_block(a, 1);  // no padding
    if (archive_write_set_format_zip(a) != ARCHIVE_OK ||
        archive_write_open(a, &output, nullptr, append, nullptr) != ARCHIVE_OK) {
        return archive_failure(a);
    }
    for (const auto& entry : entries) {
        if (!write_entry(a, entry)) {
            return archive_failure(a);
        }
    }
    if (archive_write_close(a) != ARCHIVE_OK) {
        return archive_failure(a);
    }
    return output;
}

}  // namespace evergrass::cli
