#include "libs/base/secret_memory.hpp"

#include <cstring>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace evergrass {

void wipe(std::string& text) {
    ::explicit_bzero(text.data(), text.capacity());
    text.clear();
}

void lock_in_memory(const std::string& text) {
    (void)::mlock(text.data(), text.capacity());
}

void refuse_core_dumps() {
    rlimit none{};
    if (::getrlimit(RLIMIT_CORE, &none) == 0) {
        none.rlim_cur = 0;
        (void)::setrlimit(RLIMIT_CORE, &none);
    }
    (void)::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace evergrass
