#include "apps/jail/confinement.hpp"

#include "apps/jail/words.hpp"
#include "edge/isolation/jail_order.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {
extern const sock_filter evergrass_seccomp_filter[];
extern const sock_filter evergrass_seccomp_filter_end[];
}

namespace evergrass::jail {

namespace {

// Of linux/landlock.h as it is since 6.12; Debian 12's is older.
struct landlock_scopes {
    std::uint64_t files;
    std::uint64_t network;
    std::uint64_t scoped;
};
constexpr long create_ruleset = 444;
constexpr long restrict_self = 446;
constexpr unsigned ask_version = 1;
constexpr long first_version_with_scopes = 6;
constexpr std::uint64_t abstract_sockets = 1;
constexpr std::uint64_t signals = 2;

constexpr int highest_capability = 63;

void drop_bounding_set() {
    for (int capability = 0; capability <= highest_capability; ++capability) {
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            if (errno == EINVAL) {
                break;  // the kernel knows no more
            }
            give_up("drop capabilities");
        }
    }
}

void clear_capabilities() {
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    if (::syscall(SYS_capset, &header, none) != 0) {
        give_up("drop capabilities");
    }
}

}  // namespace

void drop_capabilities() {
    drop_bounding_set();
    clear_capabilities();
}

void take_identity(const edge::isolation::jail_order& order, bool keep_groups) {
    if (!keep_groups && ::setgroups(order.groups.size(), order.groups.data()) != 0) {
        give_up("set the groups of ", "the function");
    }
    drop_bounding_set();  // before the uid is another: then it can't be any more
    if (::setresgid(order.gid, order.gid, order.gid) != 0) {
        give_up("set the gid of ", "the function");
    }
    if (::setresuid(order.uid, order.uid, order.uid) != 0) {
        give_up("set the uid of ", "the function");
    }
    clear_capabilities();
}

void set_no_new_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        give_up("set no_new_privs");
    }
}

bool scope_sockets() {
    if (::syscall(create_ruleset, nullptr, 0, ask_version) < first_version_with_scopes) {
        return false;
    }
    const landlock_scopes wanted{0, 0, abstract_sockets | signals};
    const auto rules = static_cast<int>(::syscall(create_ruleset, &wanted, sizeof wanted, 0));
    if (rules < 0) {
        return false;
    }
    const bool scoped = ::syscall(restrict_self, rules, 0) == 0;
    ::close(rules);
    return scoped;
}

void filter_system_calls() {
    const auto count =
        static_cast<std::size_t>(evergrass_seccomp_filter_end - evergrass_seccomp_filter);
    const sock_fprog program{static_cast<unsigned short>(count),
                             const_cast<sock_filter*>(evergrass_seccomp_filter)};
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        give_up("filter system calls");
    }
}

}  // namespace evergrass::jail
