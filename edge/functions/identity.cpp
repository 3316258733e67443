#include "edge/functions/identity.hpp"

#include "libs/base/errors.hpp"

#include <grp.h>
#include <pwd.h>

namespace evergrass::edge::functions {

namespace {

constexpr const char* default_user = "ggc_user";
constexpr const char* default_group = "ggc_group";

result<uid_t> uid_of(const contract::function& f) {
    if (f.identity.uid) {
        return static_cast<uid_t>(*f.identity.uid);
    }
    if (const auto* user = ::getpwnam(default_user); user != nullptr) {
        return user->pw_uid;
    }
    return error{errc::not_found,
                 "could not find UID based on user name, userName: ggc_user: user: unknown user "
                 "ggc_user (create it, or give the function a Uid)"};
}

result<gid_t> gid_of(const contract::function& f) {
    if (f.identity.gid) {
        return static_cast<gid_t>(*f.identity.gid);
    }
    if (const auto* group = ::getgrnam(default_group); group != nullptr) {
        return group->gr_gid;
    }
    return error{errc::not_found,
                 "could not find GID based on group name, groupName: ggc_group: group: unknown "
                 "group ggc_group (create it, or give the function a Gid)"};
}

}  // namespace

result<std::optional<process_identity>> resolve_identity(const contract::function& f,
                                                         bool allow_root, bool core_is_root) {
    if ((f.identity.uid == 0 || f.identity.gid == 0) && !allow_root) {
        return error{errc::denied,
                     f.arn +
                         " are configured to run as root but Greengrass is not configured to "
                         "run Lambda functions with root permissions"};
    }
    if (!core_is_root) {
        return std::optional<process_identity>{};
    }
    const auto uid = uid_of(f);
    if (!uid) {
        return uid.error();
    }
    const auto gid = gid_of(f);
    if (!gid) {
        return gid.error();
    }
    return std::optional(process_identity{*uid, *gid});
}

}  // namespace evergrass::edge::functions
