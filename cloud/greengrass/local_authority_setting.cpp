#include "cloud/greengrass/local_authority_setting.hpp"

#include "libs/base/errors.hpp"

#include <charconv>

namespace evergrass::cloud::greengrass {
namespace {

// Twice the longest life of a server's certificate would be 60; a shorter one still works.
constexpr int fewest_days = 30;
constexpr int most_days = 36'500;

}  // namespace

result<local_authority_setting> parse_local_authority_setting(std::string_view text) {
    if (text == "none") {
        return local_authority_setting{false, {}};
    }
    int days = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, days);
    if (read.ec != std::errc() || read.ptr != end || days < fewest_days || days > most_days) {
        return error{errc::invalid_input,
                     "it is neither 'none' nor a number of days from 30 to 36500"};
    }
    return local_authority_setting{true, std::chrono::hours(24) * days};
}

}  // namespace evergrass::cloud::greengrass
