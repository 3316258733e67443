#include "apps/evergrass/tar_writer.hpp"

#include "libs/base/errors.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <ctime>
#include <memory>

namespace evergrass::cli {
namespace {

using archive_writer = std::unique_ptr<archive, decltype(&archive_write_free)>;
using entry_handle = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

la_ssize_t append(archive*, void* output, const void* bytes, std::size_t count) {
    static_cast<std::string*>(output)->append(static_cast<const char*>(bytes), count);
    return static_cast<la_ssize_t>(count);
}

error tar_failure(archive* a) {
    const char* why = archive_error_string(a);
    return {errc::invalid_input, std::string("Cannot make the tar: ") + (why ? why : "unknown")};
}

bool write_entry(archive* a, const tar_entry& file) {
    entry_handle entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), file.mode);
    archive_entry_set_uname(entry.get(), "root");
    archive_entry_set_gname(entry.get(), "root");
    archive_entry_set_mtime(entry.get(), std::time(nullptr), 0);
    return archive_write_header(a, entry.get()) == ARCHIVE_OK &&
           archive_write_data(a, file.content.data(), file.content.size()) ==
               static_cast<la_ssize_t>(file.content.size());
}

}  // namespace

result<std::string> make_tar_gz(const std::vector<tar_entry>& entries) {
    std::string output;
    archive_writer writer(archive_write_new(), archive_write_free);
    archive* a = writer.get();
    archive_write_set_bytes_in_last_block(a, 1);  // no padding
    if (archive_write_set_format_ustar(a) != ARCHIVE_OK ||
        archive_write_add_filter_gzip(a) != ARCHIVE_OK ||
        archive_write_open(a, &output, nullptr, append, nullptr) != ARCHIVE_OK) {
        return tar_failure(a);
    }
    for (const auto& entry : entries) {
        if (!write_entry(a, entry)) {
            return tar_failure(a);
        }
    }
    if (archive_write_close(a) != ARCHIVE_OK) {
        return tar_failure(a);
    }
    return output;
}

}  // namespace evergrass::cli
