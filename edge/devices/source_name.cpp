#include "edge/devices/source_name.hpp"

#include "edge/router/end_name.hpp"

namespace evergrass::edge {

std::string source_name(const endpoint& source) {
    if (source.kind == endpoint_kind::device) {
        return source.name;
    }
    std::string name(kind_name(source.kind));
    name += '/';
    name += source.name;
    return name;
}

endpoint_kind source_kind(std::string_view name) {
    const auto slash = name.find('/');
    if (slash != std::string_view::npos) {
        const auto prefix = name.substr(0, slash);
        for (const auto kind : {endpoint_kind::function, endpoint_kind::connector,
                                endpoint_kind::cloud, endpoint_kind::shadow_service}) {
            if (prefix == kind_name(kind)) {
                return kind;
            }
        }
    }
    return endpoint_kind::device;
}

endpoint source_end(std::string_view name) {
    const auto kind = source_kind(name);
    if (kind != endpoint_kind::device) {
        name.remove_prefix(name.find('/') + 1);
    }
    return {kind, std::string(name)};
}

}  // namespace evergrass::edge
