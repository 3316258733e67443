#include "edge/resources/local_resources.hpp"

#include "contract/fields.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <charconv>
#include <grp.h>
#include <sys/stat.h>

namespace evergrass::edge {
namespace {

using contract::field_reader;

void read_group(field_reader& in, local_resource& r) {
    const auto* setting = in.object("GroupOwnerSetting");
    if (setting == nullptr) {
        return;
    }
    field_reader group(*setting, in.place("GroupOwnerSetting"));
    r.auto_add_group_owner = group.boolean("AutoAddGroupOwner", false);
    r.group_owner = group.text("GroupOwner");
    if (!group.outcome()) {
        in.fail("GroupOwnerSetting", group.outcome().error().message());
    }
}

std::string read_path(field_reader& in, std::string_view name) {
    auto path = in.required_text(name);
    if (!path.starts_with('/')) {
        in.fail(name, "is not an absolute path");
    } else if (path.find('\0') != std::string::npos) {
        in.fail(name, "holds a NUL character, which no path can");
    }
    return path;
}

result<bool> read_data(const json::object& container, const std::string& where, local_resource& r) {
    field_reader in(container, where);
    const auto* volume = in.object("LocalVolumeResourceData");
    const auto* device = in.object("LocalDeviceResourceData");
    if (!in.outcome()) {
        return in.outcome().error();
    }
    const auto* data = volume != nullptr ? volume : device;
    if (data == nullptr) {
        return false;
    }
    field_reader fields(*data, where);
    r.is_device = volume == nullptr;
    r.source = read_path(fields, "SourcePath");
    if (!r.is_device) {
        r.destination = read_path(fields, "DestinationPath");
        r.is_delivered = fields.boolean("Delivered", false);
    }
    read_group(fields, r);
    if (!fields.outcome()) {
        return fields.outcome().error();
    }
    return true;
}

error invalid(std::string why) {
    return {errc::invalid_input, "group config is invalid: " + std::move(why)};
}

bool contains_path(const std::filesystem::path& outer, const std::filesystem::path& inner) {
    const auto relative = inner.lexically_relative(outer);
    return !relative.empty() && *relative.begin() != "..";
}

// A directory that holds the core's would show them.
bool touches(const std::string& source, const std::string& hidden) {
    std::error_code code;
    const auto real = std::filesystem::weakly_canonical(source, code);
    const auto secret = std::filesystem::weakly_canonical(hidden, code);
    return contains_path(real, secret) || contains_path(secret, real);
}

result<gid_t> named_group(const std::string& name) {
    gid_t number = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (failed == std::errc{} && end == name.data() + name.size()) {
        return number;
    }
    if (const auto* group = ::getgrnam(name.c_str()); group != nullptr) {
        return group->gr_gid;
    }
    return invalid("could not find GID based on group name, groupName: " + name +
                   ": group: unknown group " + name + " (create it, or name another GroupOwner)");
}

std::string list_of(const std::vector<gid_t>& groups) {
    std::string text;
    for (const auto gid : groups) {
        text += (text.empty() ? "" : " ") + std::to_string(gid);
    }
    return "[" + text + "]";
}

result<struct stat> look_at(const local_resource& r) {
    struct stat about {};
    if (::stat(r.source.c_str(), &about) != 0) {
        return invalid("resource '" + r.id + "': there is no " + r.source + " on this core");
    }
    if (r.is_device && !S_ISCHR(about.st_mode) && !S_ISBLK(about.st_mode)) {
        return invalid("resource '" + r.id + "': " + r.source +
                       " is neither a character nor a block device");
    }
    return about;
}

result<void> check_place(const local_resource& r, bool writable,
                         const std::vector<std::string>& hidden) {
    if (r.is_delivered && writable) {
        return invalid("resource '" + r.id +
                       "' is delivered with the deployment, which is 'ro' only");
    }
    for (const auto& path : hidden) {
        if (!r.is_delivered && touches(r.source, path)) {
            return invalid("resource '" + r.id + "': " + r.source +
                           " would show the core's own files");
        }
    }
    if (r.is_device) {
        return {};
    }
    const auto in_proc = [](const std::string& path) { return contains_path("/proc", path); };
    if (in_proc(r.source) && writable) {
        return invalid("resource '" + r.id + "': " + r.source + " is of /proc, which is 'ro' only");
    }
    for (const auto* taken : {"/proc", "/sys", "/lambda", "/runtime", "/"}) {
        if (std::filesystem::path(r.destination).lexically_normal() == taken ||
            r.destination == std::string(taken) + "/") {
            return invalid("resource '" + r.id + "': DestinationPath must not be " + taken);
        }
    }
    return {};
}

}  // namespace

result<std::vector<local_resource>> read_local_resources(const json::array& resources) {
    std::vector<local_resource> all;
    for (std::size_t i = 0; i < resources.size(); ++i) {
        const auto where = "resources[" + std::to_string(i) + "]";
        const auto* object = resources[i].if_object();
        if (object == nullptr) {
            return error{errc::invalid_input, "'" + where + "' is not an object"};
        }
        field_reader in(*object, where);
        local_resource r;
        r.id = in.text("Id");
        const auto* container = in.object("ResourceDataContainer");
        if (!in.outcome()) {
            return in.outcome().error();
        }
        if (container == nullptr) {
            continue;
        }
        const auto local = read_data(*container, where, r);
        if (!local) {
            return local.error();
        }
        if (*local) {
            all.push_back(std::move(r));
        }
    }
    return all;
}

result<granted_resources> grant_resources(const std::vector<resource_request>& requests,
                                          const std::vector<local_resource>& resources,
                                          const resource_user& user,
                                          const std::vector<std::string>& hidden,
                                          const access_check& allowed) {
    granted_resources granted;
    std::vector<std::pair<const local_resource*, bool>> wanted;
    for (const auto& request : requests) {
        const auto found = std::find_if(resources.begin(), resources.end(),
                                        [&](const auto& r) { return r.id == request.resource_id; });
        if (found == resources.end()) {
            continue;
        }
        if (auto placed = check_place(*found, request.writable, hidden); !placed) {
            return placed.error();
        }
        const auto about = look_at(*found);
        if (!about) {
            return about.error();
        }
        if (found->auto_add_group_owner) {
            granted.groups.push_back(about->st_gid);
        } else if (!found->group_owner.empty()) {
            const auto gid = named_group(found->group_owner);
            if (!gid) {
                return gid.error();
            }
            granted.groups.push_back(*gid);
        }
        wanted.emplace_back(&*found, request.writable);
    }
    // With all of its groups: one may be the owner of another's file.
    for (const auto& [r, writable] : wanted) {
        if (!allowed(r->source, user, granted.groups, writable)) {
            auto groups = granted.groups;
            groups.insert(groups.begin(), user.gid);
            return invalid(std::to_string(user.uid) + " or " + list_of(groups) + " don't have " +
                           (writable ? "rw" : "ro") + " permission on the file: " + r->source);
        }
        if (r->is_device) {
            granted.devices.push_back({r->source, writable});
        } else {
            granted.mounts.push_back({r->source, r->destination, writable});
        }
    }
    return granted;
}

}  // namespace evergrass::edge
