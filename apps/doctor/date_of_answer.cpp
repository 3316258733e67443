#include "apps/doctor/endpoint_facts.hpp"

#include <boost/algorithm/string/predicate.hpp>

#include <algorithm>
#include <ctime>
#include <string>

namespace evergrass::doctor {

// RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<wall_time> date_of_answer(std::string_view head) {
    constexpr std::string_view name = "date:";
    while (!head.empty()) {
        const auto end = std::min(head.find("\r\n"), head.size());
        const auto line = head.substr(0, end);
        if (line.empty()) {
            return std::nullopt;  // the body begins
        }
        if (boost::algorithm::istarts_with(line, name)) {
            const auto begin = std::min(line.find_first_not_of(' ', name.size()), line.size());
            const std::string value(line.substr(begin));
            std::tm parts{};
            const auto* rest = ::strptime(value.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
            // Years that lie so far from ours that a difference of times could not hold them.
            const int year = parts.tm_year + 1900;
            if (rest == nullptr || year < 1970 || year > 2199) {
                return std::nullopt;
            }
            return std::chrono::system_clock::from_time_t(::timegm(&parts));
        }
        head.remove_prefix(std::min(end + 2, head.size()));
    }
    return std::nullopt;
}

}  // namespace evergrass::doctor
