#include "cloud/greengrass/device_path.hpp"

#include "libs/base/encoding.hpp"

#include <array>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

struct pattern {
    std::string_view method;
    std::string_view path;
    device_route route;
};

constexpr std::array<pattern, 14> patterns = {{
    {"GET", "/greengrass/discover/thing/{thing}", device_route::discover},
    {"GET", "/evergrass/v1/cores/{thing}/deployment", device_route::deployment},
    {"GET", "/evergrass/v1/cores/{thing}/artifacts/{part}", device_route::artifact},
    {"PUT", "/evergrass/v1/cores/{thing}/deployments/{part}/status",
     device_route::deployment_status},
    {"POST", "/evergrass/v1/cores/{thing}/server-certificate", device_route::server_certificate},
    {"POST", "/evergrass/v1/cores/{thing}/local-authority", device_route::local_authority},
    {"PUT", "/evergrass/v1/cores/{thing}/connectivity", device_route::connectivity},
    {"GET", "/evergrass/v1/cores/{thing}/credentials", device_route::credentials},
    {"GET", "/evergrass/v1/cores/{thing}/invocations", device_route::invocations},
    {"POST", "/evergrass/v1/cores/{thing}/invocations/{part}", device_route::invocation_outcome},
    {"GET", "/evergrass/v1/cores/{thing}/secrets", device_route::secrets},
    {"POST", "/evergrass/v1/cores/{thing}/secrets", device_route::secrets},
    {"GET", "/evergrass/v1/cores/{thing}/denied-certificates", device_route::denied_certificates},
    {"GET", "/evergrass/v1/signing-key", device_route::signing_key},
}};

std::string_view take_segment(std::string_view& rest) {
    const auto end = rest.find('/');
    const auto segment = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return segment;
}

bool take(std::string& into, std::string_view segment) {
    const auto decoded = percent_decode(segment);
    if (!decoded || decoded->empty()) {
        return false;
    }
    into = *decoded;
    return true;
}

std::optional<device_path> match(const pattern& wanted, std::string_view path) {
    device_path found{wanted.route, {}, {}};
    auto rest = wanted.path;
    while (!rest.empty()) {
        const auto expected = take_segment(rest);
        const bool last = path.find('/') == std::string_view::npos;
        if (last != rest.empty()) {
            return std::nullopt;
        }
        const auto segment = take_segment(path);
        const bool matches = expected == "{thing}"  ? take(found.thing, segment)
                             : expected == "{part}" ? take(found.part, segment)
                                                    : expected == segment;
        if (!matches) {
            return std::nullopt;
        }
    }
    return found;
}

}  // namespace

std::optional<device_path> parse_device_path(std::string_view method, std::string_view path) {
    for (const auto& wanted : patterns) {
        if (method != wanted.method) {
            continue;
        }
        if (auto found = match(wanted, path)) {
            return found;
        }
    }
    return std::nullopt;
}

}  // namespace evergrass::cloud::greengrass
