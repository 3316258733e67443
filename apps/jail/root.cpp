#include "apps/jail/root.hpp"

#include "apps/jail/small_files.hpp"
#include "apps/jail/words.hpp"
#include "edge/isolation/host_mounts.hpp"
#include "edge/isolation/jail_order.hpp"

#include <climits>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <vector>

namespace evergrass::jail {

namespace isolation = edge::isolation;

namespace {

// The host's root, while the jail's is put together; nobody but root comes past the first folder.
constexpr const char* host_door = "/.host";
constexpr const char* host = "/.host/root";
// What functions write to the root's copy, besides /tmp. It is in memory, of the function's limit.
constexpr const char* copy_options = "mode=0755,size=64m,nr_inodes=64k";
constexpr unsigned long plain = MS_NOSUID | MS_NODEV;
constexpr unsigned long plainest = MS_NOSUID | MS_NODEV | MS_NOEXEC;

// Of the kernel's own tables: what tells of the whole host, or changes it.
constexpr const char* hidden_of_proc[] = {
    "/proc/acpi",       "/proc/kcore",       "/proc/keys",        "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
};
constexpr const char* fixed_of_proc[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

struct node {
    const char* path;
    unsigned major;
    unsigned minor;
};
constexpr node nodes[] = {
    {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

void mount_or_give_up(const char* source, const std::string& target, const char* type,
                      unsigned long flags, const char* options) {
    if (::mount(source, target.c_str(), type, flags, options) != 0) {
        give_up("mount ", target);
    }
}

// A thing of the host that is held while paths change under it.
class held {
public:
    explicit held(const std::string& path) : fd_(::open(path.c_str(), O_PATH | O_CLOEXEC)) {}
    held(held&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    held(const held&) = delete;
    held& operator=(const held&) = delete;
    ~held() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    bool is_there() const { return fd_ >= 0; }
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
    struct stat about() const {
        struct stat found {};
        ::fstat(fd_, &found);
        return found;
    }

private:
    int fd_;
};

held hold(const std::string& path) {
    held thing(path);
    if (!thing.is_there()) {
        give_up("open ", path);
    }
    return thing;
}

void make_parents(const std::string& path) {
    for (auto slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        if (::mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) {
            give_up("make ", path.substr(0, slash));
        }
    }
}

// Something to mount on.
void make_place(const std::string& path, bool directory) {
    make_parents(path);
    if (directory) {
        if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
            give_up("make ", path);
        }
        return;
    }
    const int fd = ::open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 && errno != EEXIST && errno != ELOOP && errno != ENXIO) {
        give_up("make ", path);
    }
    ::close(fd);
}

// Of a mount that was made by somebody else for a user namespace, the flags it has must stay.
void restrict_mount(const std::string& path, unsigned long flags) {
    if (::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) == 0) {
        return;
    }
    if (errno == EPERM) {
        flags |= MS_NOEXEC | MS_RELATIME;
        if (::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) == 0) {
            return;
        }
    }
    give_up("restrict the mount of ", path);
}

// Mounts inside of it too, for which there is a system call since Linux 5.12.
bool restrict_all(const std::string& path, bool writable) {
    struct {
        std::uint64_t set;
        std::uint64_t clear;
        std::uint64_t propagation;
        std::uint64_t user_namespace;
    } attributes{};
    constexpr long mount_setattr_call = 442;
    constexpr std::uint64_t read_only = 1;
    constexpr std::uint64_t no_set_uid = 2;
    constexpr std::uint64_t no_devices = 4;
    attributes.set = no_set_uid | no_devices | (writable ? 0 : read_only);
    return ::syscall(mount_setattr_call, AT_FDCWD, path.c_str(), AT_RECURSIVE, &attributes,
                     sizeof attributes) == 0;
}

void stand_in(const held& source, const std::string& target, bool writable, bool whole = false) {
    make_place(target, S_ISDIR(source.about().st_mode));
    if (whole) {
        mount_or_give_up(source.path().c_str(), target, nullptr, MS_BIND | MS_REC, nullptr);
        if (restrict_all(target, writable)) {
            return;
        }
        // An older kernel: without what is mounted inside, which could not be made read-only.
        ::umount2(target.c_str(), MNT_DETACH);
    }
    mount_or_give_up(source.path().c_str(), target, nullptr, MS_BIND, nullptr);
    restrict_mount(target, plain | (writable ? 0 : MS_RDONLY));
}

void hide(const std::string& path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        return;  // it isn't there to be seen
    }
    if (S_ISDIR(about.st_mode)) {
        mount_or_give_up("tmpfs", path, "tmpfs", plainest | MS_RDONLY, "mode=0,size=4k");
    } else {
        mount_or_give_up("/dev/null", path, nullptr, MS_BIND, nullptr);
    }
}

// What the host's root does not contain itself: /usr and friends on file systems of their own.
// resolv.conf is often in /run.
struct host_parts {
    std::vector<std::pair<std::string, held>> programs;
    std::string resolver;  // where it is, when in /run
    std::vector<held> resolver_file;
};

host_parts hold_host_parts() {
    host_parts parts;
    for (auto& path : isolation::program_mounts(read_small_file("/proc/self/mountinfo"))) {
        held thing(path);
        if (thing.is_there()) {
            parts.programs.emplace_back(std::move(path), std::move(thing));
        }
    }
    char found[PATH_MAX];
    if (::realpath("/etc/resolv.conf", found) != nullptr &&
        std::string_view(found).starts_with("/run/")) {
        parts.resolver = found;
        parts.resolver_file.emplace_back(found);
    }
    return parts;
}

// Of the host's root what a jail has of its own.
bool is_of_the_jail(const std::string& name) {
    constexpr std::string_view own[] = {"dev", "proc", "run", "sys", "tmp"};
    return std::find(std::begin(own), std::end(own), name) != std::end(own);
}

// In a user namespace "/" is no layer of an overlay: the kernel refuses one whose mounts could be
// uncovered by it. So each thing in it is mounted, read-only: who isn't root could write little
// more.
void stand_in_for_root(const std::string& root) {
    mount_or_give_up("tmpfs", root, "tmpfs", plain, copy_options);
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator("/", failed)) {
        const auto name = entry.path().filename().string();
        const auto target = root + "/" + name;
        std::error_code unknown;
        if (entry.is_symlink(unknown)) {
            const auto to = std::filesystem::read_symlink(entry.path(), unknown);
            if (::symlink(to.c_str(), target.c_str()) != 0) {
                give_up("make ", target);
            }
        } else if (is_of_the_jail(name)) {
            make_place(target, true);
        } else if (entry.is_directory(unknown) || entry.is_regular_file(unknown)) {
            stand_in(hold(entry.path()), target, false, true);
        }
    }
    if (failed) {
        errno = failed.value();
        give_up("list ", "/");
    }
}

void overlay_root() {
    for (const auto* name : {"upper", "work"}) {
        if (::mkdir(name, 0755) != 0) {
            give_up("make ", name);
        }
    }
    mount_or_give_up("overlay", "root", "overlay", plain, "lowerdir=/,upperdir=upper,workdir=work");
}

void take_root(const std::string& place, bool rootless) {
    mount_or_give_up("tmpfs", place, "tmpfs", plain, copy_options);
    if (::chdir(place.c_str()) != 0 || ::mkdir("root", 0755) != 0) {
        give_up("enter ", place);
    }
    if (rootless) {
        stand_in_for_root("root");
    } else {
        overlay_root();
    }
    if (::chdir("root") != 0 || (::mkdir(host_door + 1, 0700) != 0 && errno != EEXIST) ||
        ::chmod(host_door + 1, 0700) != 0 || (::mkdir(host + 1, 0700) != 0 && errno != EEXIST)) {
        give_up("make ", host);
    }
    if (::syscall(SYS_pivot_root, ".", host + 1) != 0 || ::chdir("/") != 0) {
        give_up("change the root of ", "the function");
    }
}

void mount_devices() {
    mount_or_give_up("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k");
    for (const auto& n : nodes) {
        if (::mknod(n.path, S_IFCHR | 0666, makedev(n.major, n.minor)) == 0 &&
            ::chmod(n.path, 0666) == 0) {
            continue;
        }
        // Only root of the host may make one.
        make_place(n.path, false);
        mount_or_give_up((host + std::string(n.path)).c_str(), n.path, nullptr, MS_BIND, nullptr);
    }
    ::mkdir("/dev/pts", 0755);
    mount_or_give_up("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                     "newinstance,ptmxmode=0666,mode=0620");
    ::mkdir("/dev/shm", 01777);
    mount_or_give_up("tmpfs", "/dev/shm", "tmpfs", plainest, "mode=1777");
    constexpr std::pair<const char*, const char*> links[] = {{"pts/ptmx", "/dev/ptmx"},
                                                             {"/proc/self/fd", "/dev/fd"},
                                                             {"/proc/self/fd/0", "/dev/stdin"},
                                                             {"/proc/self/fd/1", "/dev/stdout"},
                                                             {"/proc/self/fd/2", "/dev/stderr"}};
    for (const auto& [to, from] : links) {
        if (::symlink(to, from) != 0) {
            give_up("make ", from);
        }
    }
}

void mount_run(const host_parts& parts) {
    mount_or_give_up("tmpfs", "/run", "tmpfs", plain, "mode=0755,size=4m");
    struct stat about {};
    if (::lstat("/var/run", &about) == 0 && S_ISDIR(about.st_mode)) {
        mount_or_give_up("tmpfs", "/var/run", "tmpfs", plain, "mode=0755,size=4m");
    }
    if (!parts.resolver_file.empty() && parts.resolver_file.front().is_there()) {
        stand_in(parts.resolver_file.front(), parts.resolver, false);
    }
}

void mount_proc() {
    mount_or_give_up("proc", "/proc", "proc", plainest, nullptr);
}

void restrict_proc() {
    for (const auto* path : fixed_of_proc) {
        struct stat about {};
        if (::stat(path, &about) == 0) {
            mount_or_give_up(path, path, nullptr, MS_BIND, nullptr);
            restrict_mount(path, plainest | MS_RDONLY);
        }
    }
    for (const auto* path : hidden_of_proc) {
        hide(path);
    }
}

// What an order has of the host's, held under its paths there.
struct wanted {
    std::vector<std::pair<isolation::jail_mount, held>> mounts;
    std::vector<std::pair<std::string, held>> devices;
    bool sysfs = false;
};

// Without what `had` mounted already.
wanted hold_wanted(const isolation::jail_order& order, const isolation::jail_order& had) {
    wanted all;
    for (const auto& m : order.mounts) {
        if (std::find(had.mounts.begin(), had.mounts.end(), m) == had.mounts.end()) {
            all.mounts.emplace_back(m, hold(m.source));
        }
    }
    for (const auto& d : order.devices) {
        all.devices.emplace_back(d.path, hold(d.path));
    }
    all.sysfs = order.sysfs;
    return all;
}

void mount_wanted(const wanted& all) {
    for (const auto& [path, thing] : all.devices) {
        make_place(path, false);
        mount_or_give_up(thing.path().c_str(), path, nullptr, MS_BIND, nullptr);
    }
    for (const auto& [m, thing] : all.mounts) {
        stand_in(thing, m.destination, m.writable, true);
    }
    if (all.sysfs) {
        mount_or_give_up((host + std::string("/sys")).c_str(), "/sys", nullptr, MS_BIND, nullptr);
        restrict_mount("/sys", plainest | MS_RDONLY);
    }
}

void take_host_away() {
    if (::umount2(host, MNT_DETACH) != 0) {
        give_up("take the host's root away from ", "the function");
    }
    ::rmdir(host);
    ::rmdir(host_door);
}

}  // namespace

void enter_root(const isolation::jail_order& order, bool rootless) {
    ::umask(0);
    // What waits sees what the host mounts meanwhile: it may be a volume of its function.
    const unsigned long propagation = order.waits ? MS_SLAVE : MS_PRIVATE;
    mount_or_give_up(nullptr, "/", nullptr, MS_REC | propagation, nullptr);
    const auto parts = hold_host_parts();
    const auto temporary = hold(order.work_directory + "/tmp");
    const auto lasting = hold(order.work_directory + "/var_tmp");
    const auto own = hold_wanted(order, {});
    take_root(order.work_directory + "/jail", rootless);
    mount_proc();  // first: things that are held are mounted by way of it
    for (const auto& [path, thing] : parts.programs) {
        if (!rootless) {  // there they came with the root's
            stand_in(thing, path, false, true);
        }
    }
    mount_devices();
    mount_run(parts);
    stand_in(temporary, "/tmp", true);
    stand_in(lasting, "/var/tmp", true);
    for (const auto& path : order.hidden) {
        hide(path);
    }
    mount_wanted(own);
    restrict_proc();
    if (!order.waits) {
        take_host_away();
    }
    ::umask(0022);
}

void complete_root(const isolation::jail_order& first, const isolation::jail_order& order) {
    ::umask(0);
    const int inside = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    // Links among the host's paths lead where they do there.
    if (inside < 0 || ::chroot(host) != 0 || ::chdir("/") != 0) {
        give_up("look at the host's files for ", "the function");
    }
    const auto own = hold_wanted(order, first);
    if (::fchdir(inside) != 0 || ::chroot(".") != 0) {
        give_up("return to the root of ", "the function");
    }
    ::close(inside);
    mount_wanted(own);
    mount_or_give_up(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    take_host_away();
    ::umask(0022);
}

}  // namespace evergrass::jail
