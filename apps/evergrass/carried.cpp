#include "apps/evergrass/carried.hpp"

#include <algorithm>

namespace evergrass::cli {
namespace {

bool may_be_quiet(const wanted_messages& wanted, const std::string& id) {
    return std::ranges::find(wanted.may_be_quiet, id) != wanted.may_be_quiet.end();
}

}  // namespace

carried_by_subscription read_carried(const json::object& answer) {
    carried_by_subscription out;
    const auto* all = array_member(answer, "subscriptions");
    for (const auto& each : all != nullptr ? *all : json::array()) {
        const auto* one = each.if_object();
        if (one == nullptr) {
            continue;
        }
        ++out.all;
        const auto text = [&](const char* member) {
            return string_member(*one, member).value_or("");
        };
        if (int_member(*one, "messages").value_or(0) == 0) {
            out.quiet.push_back({text("subscription"), text("source") + " --[" + text("subject") +
                                                           "]--> " + text("target")});
        }
    }
    return out;
}

bool is_enough(const carried_by_subscription& seen, const wanted_messages& wanted) {
    if (!wanted.on_all) {
        return seen.all == 0 || seen.quiet.size() < seen.all;
    }
    return std::ranges::all_of(seen.quiet,
                               [&](const auto& one) { return may_be_quiet(wanted, one.id); });
}

std::string quiet_text(const carried_by_subscription& seen, const wanted_messages& wanted) {
    auto text = std::to_string(seen.quiet.size()) + " of " + std::to_string(seen.all) +
                " subscriptions have carried no message:";
    for (const auto& one : seen.quiet) {
        text += "\n    '" + one.id + "'  " + one.way +
                (may_be_quiet(wanted, one.id) ? "  (may be quiet)" : "");
    }
    return text;
}

}  // namespace evergrass::cli
