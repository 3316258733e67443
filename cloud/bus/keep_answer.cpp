#include "cloud/bus/keep_answer.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <string>

namespace evergrass::cloud {

result<std::uint64_t> parse_keep_answer(std::string_view answer) {
    if (answer.empty()) {
        return error{errc::unavailable, "no stream of NATS takes the message"};
    }
    const auto read = parse_json(answer);
    if (!read || !read->is_object()) {
        return error{errc::unavailable, "NATS's answer cannot be read"};
    }
    const auto& fields = read->get_object();
    if (const auto* const refused = fields.if_contains("error")) {
        const auto why = refused->is_object() ? string_member(refused->get_object(), "description")
                                              : std::nullopt;
        return error{errc::unavailable, "NATS refuses to keep it: " + why.value_or("no reason")};
    }
    const auto at = int_member(fields, "seq");
    if (!at || *at <= 0) {
        return error{errc::unavailable, "NATS's answer says no place in the stream"};
    }
    return static_cast<std::uint64_t>(*at);
}

}  // namespace evergrass::cloud
