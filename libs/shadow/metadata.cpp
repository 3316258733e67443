#include "libs/shadow/metadata.hpp"

namespace evergrass::shadow {

json::value stamp(const json::value& written, std::int64_t now) {
    if (const auto* object = written.if_object()) {
        json::object stamped;
        for (const auto& member : *object) {
            stamped[member.key()] = stamp(member.value(), now);
        }
        return stamped;
    }
    if (const auto* array = written.if_array()) {
        json::array stamped;
        for (const auto& element : *array) {
            stamped.push_back(stamp(element, now));
        }
        return stamped;
    }
    return json::object{{"timestamp", now}};
}

void stamp_again(json::value& metadata, const json::value& written, std::int64_t now) {
    auto* const before = written.is_structured() ? nullptr : metadata.if_object();
    auto* const time =
        before != nullptr && before->size() == 1 ? before->if_contains("timestamp") : nullptr;
    // An object of the state may have a member of that name too: there it is no number.
    if (time != nullptr && time->is_int64()) {
        time->get_int64() = now;
    } else {
        metadata = stamp(written, now);
    }
}

}  // namespace evergrass::shadow
