#include "libs/shadow/stored.hpp"

#include "libs/base/errors.hpp"
#include "libs/shadow/parse.hpp"
#include "libs/shadow/print.hpp"

#include <utility>

namespace evergrass::shadow {
namespace {

// Sections only, objects all.
bool is_well_formed(const json::object& kept) {
    for (const auto& section : kept) {
        const std::string_view name(section.key());
        if ((name != "desired" && name != "reported") || !section.value().is_object()) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string to_stored_text(const document& of) {
    return R"({"state":)" + print(of.state) + R"(,"metadata":)" + print(of.metadata) + "}";
}

result<document> from_stored_text(std::string_view text, std::int64_t version) {
    auto parsed = parse(text, 32);
    if (!parsed || !parsed->is_object()) {
        return error{evergrass::errc::corrupt, "a stored shadow is no JSON object"};
    }
    auto* const state = parsed->get_object().if_contains("state");
    auto* const metadata = parsed->get_object().if_contains("metadata");
    if (state == nullptr || metadata == nullptr || !state->is_object() || !metadata->is_object() ||
        !is_well_formed(state->get_object()) || !is_well_formed(metadata->get_object())) {
        return error{evergrass::errc::corrupt, "a stored shadow has no state or no metadata"};
    }
    return document{true, version, std::move(state->get_object()),
                    std::move(metadata->get_object())};
}

}  // namespace evergrass::shadow
