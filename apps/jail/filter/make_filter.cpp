// Runs while Evergrass is built: writes the jail's system call filter, a BPF program for
// seccomp(2), so that a function's start doesn't pay for making it.
//
//     make_filter ARCHITECTURE FILE

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <sched.h>
#include <seccomp.h>
#include <set>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// Past the numbers that any architecture of Linux has given out; the x32 ones are another range.
constexpr int highest_number = 1024;

// Refused with EPERM. Each changes the host or another process, needs a capability that a function
// hasn't, or is a large part of the kernel that functions have no use for.
const std::set<std::string> refused = {
    // other processes
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_getfd",
    "process_madvise",
    // file systems, roots and namespaces
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "setns",
    "unshare",
    "open_by_handle_at",
    "quotactl",
    "quotactl_fd",
    "swapon",
    "swapoff",
    "fanotify_init",
    // the kernel and the host
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "query_module",
    "get_kernel_syms",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "acct",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "iopl",
    "ioperm",
    "lookup_dcookie",
    "nfsservctl",
    "syslog",
    "vhangup",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "stime",
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "adjtimex",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "modify_ldt",
    "vm86",
    "vm86old",
    "add_key",
    "request_key",
    "keyctl",
    "move_pages",
    "migrate_pages",
    "mbind",
    "set_mempolicy",
    "set_mempolicy_home_node",
};

// Answered as by a kernel that doesn't have them, so that libraries fall back on what is older.
const std::set<std::string> unknown = {
    "clone3",  // its flags are in memory, where a filter can't see them
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
};

constexpr unsigned long namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                     CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

// Families of sockets that reach into the kernel or the machine rather than the network.
constexpr std::initializer_list<int> refused_families = {
    AF_ALG,   AF_KEY,    AF_PACKET, AF_RDS,  AF_TIPC,     AF_VSOCK, AF_XDP,
    AF_PPPOX, AF_NFC,    AF_ROSE,   AF_AX25, AF_NETROM,   AF_X25,   AF_DECnet,
    AF_LLC,   AF_ATMPVC, AF_ATMSVC, AF_IPX,  AF_APPLETALK};

// Personalities that change no more than how a program is laid out: 0 and Linux's 32-bit one, each
// with or without fixed addresses, and the question.
constexpr std::initializer_list<unsigned long> personalities = {
    0x0, 0x8, 0x20000, 0x20008, 0xffffffff, 0x40000, 0x40008};

[[noreturn]] void fail(const char* what, int code) {
    std::fprintf(stderr, "make_filter: %s: %s\n", what, std::strerror(-code));
    std::exit(EXIT_FAILURE);
}

void must(const char* what, int code) {
    if (code < 0) {
        fail(what, code);
    }
}

class filter {
public:
    explicit filter(std::uint32_t architecture) : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS))) {
        if (context_ == nullptr) {
            fail("seccomp_init", -ENOMEM);
        }
        if (architecture != seccomp_arch_native()) {
            must("remove", seccomp_arch_remove(context_, seccomp_arch_native()));
            must("add", seccomp_arch_add(context_, architecture));
        }
        // A search tree instead of a list.
        must("optimize", seccomp_attr_set(context_, SCMP_FLTATR_CTL_OPTIMIZE, 2));
        must("bad arch",
             seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
        add_all(architecture);
    }
    filter(const filter&) = delete;
    filter& operator=(const filter&) = delete;
    ~filter() { seccomp_release(context_); }

    void write(const char* path) const {
        const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (fd < 0) {
            fail(path, -errno);
        }
        must("export", seccomp_export_bpf(context_, fd));
        ::close(fd);
    }

private:
    void add_all(std::uint32_t architecture) {
        for (int number = 0; number < highest_number; ++number) {
            char* name = seccomp_syscall_resolve_num_arch(architecture, number);
            if (name == nullptr) {
                continue;
            }
            // Numbers are the target's; rules take the native ones.
            add(name, seccomp_syscall_resolve_name(name));
            std::free(name);
        }
    }

    void add(const std::string& name, int call) {
        if (unknown.count(name) != 0) {
            return;
        }
        if (refused.count(name) != 0) {
            must(name.c_str(), seccomp_rule_add(context_, SCMP_ACT_ERRNO(EPERM), call, 0));
        } else if (name == "clone") {
            add_clone(call);
        } else if (name == "socket") {
            add_socket(call);
        } else if (name == "personality") {
            add_personality(call);
        } else {
            must(name.c_str(), seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 0));
        }
    }

    // clone's flags are its first argument everywhere but on s390.
    void add_clone(int call) {
        must("clone", seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 1,
                                       SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0)));
        for (unsigned long bit = 1; bit <= namespaces; bit <<= 1) {
            if ((namespaces & bit) != 0) {
                must("clone", seccomp_rule_add(context_, SCMP_ACT_ERRNO(EPERM), call, 1,
                                               SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit)));
            }
        }
    }

    void add_socket(int call) {
        std::set<int> families(refused_families);
        for (int family = 0; family < AF_MAX; ++family) {
            const auto action =
                families.count(family) != 0 ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW;
            must("socket",
                 seccomp_rule_add(context_, action, call, 1,
                                  SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family), 0)));
        }
    }

    void add_personality(int call) {
        for (const auto value : personalities) {
            must("personality", seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 1,
                                                 SCMP_A0(SCMP_CMP_EQ, value, 0)));
        }
    }

    scmp_filter_ctx context_;
};

std::uint32_t architecture_of(const std::string& processor) {
    if (processor == "x86_64") {
        return SCMP_ARCH_X86_64;
    }
    if (processor == "aarch64") {
        return SCMP_ARCH_AARCH64;
    }
    if (processor.rfind("arm", 0) == 0) {
        return SCMP_ARCH_ARM;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto architecture = argc == 3 ? architecture_of(argv[1]) : 0;
    if (architecture == 0) {
        std::fprintf(stderr, "usage: make_filter x86_64|aarch64|armv7l|armv6l FILE\n");
        return EXIT_FAILURE;
    }
    filter(architecture).write(argv[2]);
    return EXIT_SUCCESS;
}
