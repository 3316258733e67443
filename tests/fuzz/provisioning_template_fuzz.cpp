#include "cloud/iot/provisioning_template.hpp"

#include <cstddef>
#include <cstdint>

// A template from an owner, then the parameters of a device, divided by a zero byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const auto middle = all.find('\0');
    const auto body = evergrass::cloud::iot::parse_provisioning_template(all.substr(0, middle));
    if (!body) {
        return 0;
    }
    static_cast<void>(evergrass::cloud::iot::check_fleet_template(*body));
    auto given = middle == std::string_view::npos
                     ? evergrass::result<evergrass::json::value>(evergrass::json::object())
                     : evergrass::parse_json(all.substr(middle + 1));
    if (given && given->is_object()) {
        static_cast<void>(evergrass::cloud::iot::plan_provisioning(
            *body, given->get_object(), {{"AWS::IoT::Certificate::Id", "ab12"}}));
    }
    return 0;
}
