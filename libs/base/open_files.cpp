#include "libs/base/open_files.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace evergrass {

std::uint64_t allow_open_files(std::uint64_t wanted) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return 0;
    }
    if (files.rlim_cur >= wanted) {
        return files.rlim_cur;
    }
    const auto before = files.rlim_cur;
    files.rlim_cur = std::min<rlim_t>(wanted, files.rlim_max);
    return ::setrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : before;
}

}  // namespace evergrass
