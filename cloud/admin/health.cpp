#include "cloud/admin/admin_answers.hpp"
#include "libs/base/errors.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace evergrass::cloud {
namespace {

// Below it SQLite's next transactions fail.
constexpr std::uint64_t least_free_bytes = 1024 * 1024;

result<void> check_disk(const std::filesystem::path& data) {
    struct statvfs disk {};
    if (::statvfs(data.c_str(), &disk) != 0) {
        return errno_error("cannot look at the disk of " + data.string());
    }
    if ((disk.f_flag & ST_RDONLY) != 0) {
        return error{errc::unavailable, "the disk is mounted read-only"};
    }
    if (std::uint64_t{disk.f_bavail} * disk.f_frsize < least_free_bytes) {
        return error{errc::unavailable, "the disk is full"};
    }
    // A file system that stopped itself after an error may still call itself writable (ext4's
    // emergency_ro), so one file without a name is made. Where there are none, nothing is learned.
    const int file = ::open(data.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0) {
        ::close(file);
    } else if (errno != EOPNOTSUPP && errno != EISDIR && errno != EMFILE && errno != ENFILE) {
        return error{errc::unavailable, errno == EROFS ? "the disk has become read-only"
                                                       : "the disk takes no new files"};
    }
    return {};
}

}  // namespace

bool is_health_check(const http::request& asked) {
    return asked.method == "GET" && (asked.path() == "/healthz" || asked.path() == "/readyz");
}

http::response health_answer(const admin_parts& parts, std::string_view path) {
    http::response answer;
    answer.headers.add("content-type", "application/json");
    answer.headers.add("cache-control", "no-store");
    answer.body = R"({"status":"ok"})";
    if (path == "/healthz") {
        return answer;
    }
    auto ready = parts.state.db().query("health.read", "SELECT 1", {}, [](const db::row&) {});
    std::string reason = "the database cannot be read";
    if (ready) {
        ready = check_disk(parts.data);
        reason = ready ? "" : ready.error().context;
    }
    if (ready && parts.hears_others && !parts.hears_others()) {
        reason = "the bus cannot be reached";
        ready = error{errc::unavailable, reason};
    }
    if (!ready) {
        answer.status = 503;
        answer.body = json::serialize(json::object{{"status", "not ready"}, {"reason", reason}});
    }
    return answer;
}

}  // namespace evergrass::cloud
