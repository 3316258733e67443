#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace evergrass::cli {

struct tar_entry {
    std::string name;  // relative; its folders need no entries of their own
    std::string content;
    mode_t mode = 0644;
};

// A gzipped tar (POSIX ustar) of these files, owned by root, in the order given. Who unpacks it
// gets the modes.
result<std::string> make_tar_gz(const std::vector<tar_entry>& entries);

}  // namespace evergrass::cli
