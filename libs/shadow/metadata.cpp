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

}  // namespace evergrass::shadow
