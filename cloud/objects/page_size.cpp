#include "cloud/objects/page_size.hpp"

#include <algorithm>
#include <charconv>

namespace evergrass::cloud::objects {
namespace {

constexpr std::int64_t largest_page = 1000;

}  // namespace

answer<std::int64_t> number_of(const s3_request& what, std::string_view parameter) {
    const auto text = what.parameter(parameter).value_or("0");
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, wrong] = std::from_chars(text.data(), end, number);
    if (wrong != std::errc() || stop != end || number < 0) {
        return api_error{400, "InvalidArgument",
                         std::string(parameter) + " must be a number from 0 on."};
    }
    return answer<std::int64_t>(boost::system::in_place_value, number);
}

answer<std::int64_t> page_size(const s3_request& what, std::string_view parameter) {
    if (!what.parameter(parameter)) {
        return answer<std::int64_t>(boost::system::in_place_value, largest_page);
    }
    const auto number = number_of(what, parameter);
    return number ? answer<std::int64_t>(boost::system::in_place_value,
                                         std::min(*number, largest_page))
                  : number;
}

}  // namespace evergrass::cloud::objects
