#include "apps/evergrass/carry_over.hpp"

#include "edge/shadows/shadow_store.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/shadow/document.hpp"

#include <set>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

// So much stays free beside a copy: our core has to write too.
constexpr std::uint64_t room_to_spare = 64ULL * 1024 * 1024;

// The document of `old` in the place of the one before; nullopt: it has this state already.
result<std::optional<shadow::document>> successor(const v1::old_shadow& old,
                                                  const shadow::document& before, wall_time now) {
    const auto parsed = parse_json(old.document);
    const auto* state =
        parsed && parsed->is_object() ? object_member(parsed->get_object(), "state") : nullptr;
    if (state == nullptr) {
        return error{errc::corrupt, old.where + " holds no shadow"};
    }
    json::object wanted;  // without `delta`, which is not the store's
    for (const auto* section : {"desired", "reported"}) {
        if (const auto* part = object_member(*state, section)) {
            wanted[section] = *part;
        }
    }
    shadow::document gone;
    gone.version = before.version;
    auto after = shadow::apply(std::move(gone), {wanted, std::nullopt}, to_epoch_seconds(now));
    if (!after) {
        return with_context(after.error(), old.where);
    }
    if (before.exists && before.state == after->state) {
        return std::optional<shadow::document>();
    }
    return std::optional(std::move(*after));
}

struct stream_files {
    std::vector<fs::path> files;  // relative
    std::uint64_t bytes = 0;
    std::size_t left_out = 0;
};

result<stream_files> list_files(const fs::path& store) {
    stream_files out;
    std::error_code failed;
    for (fs::recursive_directory_iterator each(store, failed), end; !failed && each != end;
         each.increment(failed)) {
        std::error_code none;
        const auto kind = each->symlink_status(none).type();
        if (kind == fs::file_type::regular) {
            out.files.push_back(each->path().lexically_relative(store));
            out.bytes += each->file_size(none);
        } else if (kind != fs::file_type::directory) {
            ++out.left_out;
        }
    }
    if (failed) {
        return error{failed, "cannot read " + store.string()};
    }
    return out;
}

}  // namespace

result<std::size_t> carry_shadows(const std::vector<v1::old_shadow>& shadows,
                                  const fs::path& our_root, wall_time now) {
    if (shadows.empty()) {
        return std::size_t{0};
    }
    auto store = edge::shadow_store::open(our_root / "ggc/var/state/shadows/shadows.db");
    if (!store) {
        return store.error();
    }
    std::set<std::string> seen;
    std::size_t written = 0;
    for (const auto& old : shadows) {
        if (!seen.insert(old.thing).second) {
            continue;  // found twice: the first, as at the service
        }
        const shadow::shadow_id which{old.thing, ""};
        const auto before = (*store)->load(which, now);
        if (!before) {
            return before.error();
        }
        const auto after = successor(old, *before, now);
        if (!after) {
            return after.error();
        }
        if (*after) {
            if (auto saved = (*store)->save(which, **after, now); !saved) {
                return saved.error();
            }
            ++written;
        }
    }
    return written;
}

result<carried_streams> carry_streams(const fs::path& store, const fs::path& our_root) {
    const auto found = list_files(store);
    if (!found) {
        return found.error();
    }
    const auto state = our_root / "ggc/var/state";
    const auto place = state / "stream_manager";
    const auto fresh = state / ".new-stream_manager";
    std::error_code failed;
    fs::create_directories(state, failed);
    if (failed) {
        return error{failed, "cannot make " + state.string()};
    }
    const auto room = fs::space(state, failed);
    if (!failed && room.available < found->bytes + room_to_spare) {
        return error{errc::too_large, "the streams have " + std::to_string(found->bytes) +
                                          " bytes, and " + std::to_string(room.available) +
                                          " are free at " + state.string()};
    }
    fs::remove_all(fresh, failed);
    fs::create_directory(fresh, failed);
    fs::permissions(fresh, fs::perms::owner_all, failed);
    for (const auto& file : found->files) {
        fs::create_directories((fresh / file).parent_path(), failed);
        if (!failed) {
            fs::copy_file(store / file, fresh / file, failed);
        }
        if (failed) {
            const error why{failed, "cannot copy " + (store / file).string()};
            std::error_code none;
            fs::remove_all(fresh, none);
            return why;
        }
    }
    fs::remove_all(place, failed);
    fs::rename(fresh, place, failed);
    if (failed) {
        return error{failed, "cannot put the streams at " + place.string()};
    }
    return carried_streams{found->files.size(), found->bytes, found->left_out};
}

}  // namespace evergrass::cli
