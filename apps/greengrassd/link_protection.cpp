#include "apps/greengrassd/link_protection.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

namespace evergrass::greengrassd {

result<void> check_link_protection(const std::filesystem::path& proc) {
    for (const auto* name : {"protected_hardlinks", "protected_symlinks"}) {
        const auto value = read_file(proc / "sys/fs" / name, 64);
        if (!value || value->empty() || value->front() != '1') {
            return error{errc::denied,
                         std::string("the kernel's fs.") + name + " is off: run 'sysctl -w fs." +
                             name +
                             "=1' (and add it to /etc/sysctl.d), or start with -i to go without"};
        }
    }
    return {};
}

}  // namespace evergrass::greengrassd
