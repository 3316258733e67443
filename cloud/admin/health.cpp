#include "cloud/admin/admin_answers.hpp"
#include "libs/base/errors.hpp"

#include <sys/statvfs.h>

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
