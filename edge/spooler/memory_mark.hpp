#pragma once

#include "libs/base/result.hpp"
#include "libs/log_store/file_system.hpp"

#include <string>

namespace evergrass::edge {

// The file `memory` in the spooler's directory: there as long as a run keeps messages in memory
// alone, so that the next one knows it when that run was killed (docs/formats/spool.md).
class memory_mark {
public:
    // `disk` must outlive this.
    memory_mark(log_store::file_system& disk, std::string directory);

    // Makes the directory when missing and looks. True: an earlier run left the mark. An error of
    // the directory alone: a mark that cannot be seen is none.
    result<bool> look();
    // Makes or removes it, durably; nothing when it is so already. After an error it is tried again
    // by the next call, unless the error was of the saving alone.
    result<void> set(bool wanted);

private:
    log_store::file_system& disk_;
    const std::string directory_;
    const std::string path_;
    bool there_ = false;
};

}  // namespace evergrass::edge
