#include "edge/cloud_link/subscription_quality.hpp"

#include "libs/base/errors.hpp"

#include <string_view>

namespace evergrass::edge {
namespace {

constexpr std::string_view variable = "GG_CONFIG_SUBSCRIPTION_QUALITY";

// arn:aws:lambda:::function:GGCloudSpooler:1, with and without its version.
bool is_spooler(std::string_view arn) {
    constexpr std::string_view name = ":function:GGCloudSpooler";
    const auto at = arn.find(name);
    return at != std::string_view::npos &&
           (at + name.size() == arn.size() || arn[at + name.size()] == ':');
}

}  // namespace

result<bool> wants_kept_sessions(const std::vector<contract::function>& functions) {
    for (const auto& function : functions) {
        if (!is_spooler(function.arn)) {
            continue;
        }
        for (const auto& [name, value] : function.variables) {
            if (name != variable || value.empty() || value == "AtMostOnce") {
                continue;
            }
            if (value != "AtLeastOncePersistent") {
                return error{errc::invalid_input,
                             std::string(variable) + " of GGCloudSpooler is '" + value +
                                 "'; allowed is AtMostOnce and AtLeastOncePersistent"};
            }
            return true;
        }
    }
    return false;
}

}  // namespace evergrass::edge
