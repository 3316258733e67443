#pragma once

#include "libs/base/result.hpp"
#include "libs/zip/zip_directory.hpp"

#include <filesystem>

namespace evergrass::edge {

using zip::archive_limits;

// Unpacks a function's zip into `destination`, which must not exist. Everything goes to a new
// directory beside it first, is fsynced and renamed: after a power cut `destination` is whole or
// missing. A failure leaves nothing behind, and its error names the entry and the next step.
//
// The whole directory of the zip is checked before anything is written (check_entries); then each
// entry is checked again as it is read, its content by its CRC, and the bytes that come out are
// counted. What is unpacked belongs to the caller and can be read by everybody, whatever the
// zip's modes and the umask are: directories 0755, files 0644, or 0755 when any execute bit is set.
result<void> unpack_zip(const std::filesystem::path& zip, const std::filesystem::path& destination,
                        const archive_limits& limits = {});

// The same of a tar that is compressed by gzip, as models of machine learning come. It has no
// directory, so it is read twice.
result<void> unpack_tar_gz(const std::filesystem::path& tar,
                           const std::filesystem::path& destination,
                           const archive_limits& limits = {});

}  // namespace evergrass::edge
