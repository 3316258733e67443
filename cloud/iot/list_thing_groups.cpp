#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {
namespace {

// Without a parent: all groups, or with recursive=false the roots. With one: its children, or with
// `recursive` all below it.
constexpr std::string_view all_groups =
    "SELECT name AS key FROM thing_groups WHERE (?3 IS NULL OR substr(name, 1, length(?3)) = ?3)"
    " AND (?4 OR parent IS NULL)";
constexpr std::string_view below_parent =
    "SELECT name AS key FROM (WITH RECURSIVE below(name) AS"
    " (SELECT name FROM thing_groups WHERE parent = ?5"
    "  UNION SELECT g.name FROM thing_groups g JOIN below b ON g.parent = b.name WHERE ?4)"
    " SELECT name FROM below)"
    " WHERE (?3 IS NULL OR substr(name, 1, length(?3)) = ?3)";

}  // namespace

api_result list_thing_groups(registry& in, const call& from) {
    const auto parent = string_member(from.input, "parentGroup");
    const auto prefix = string_member(from.input, "namePrefixFilter");
    const auto hold = in.state.db().lock();
    if (parent) {
        const auto found = require_thing_group(in, *parent);
        if (!found) {
            return found.error();
        }
    }
    listing wanted;
    wanted.statement = parent ? "iot.list_groups_below" : "iot.list_thing_groups";
    wanted.rows = parent ? below_parent : all_groups;
    wanted.bound = {prefix ? db::value(*prefix) : db::value(),
                    std::int64_t{bool_member(from.input, "recursive").value_or(!parent)}};
    if (parent) {
        wanted.bound.emplace_back(*parent);
    }
    wanted.member = "thingGroups";
    wanted.item = [&in](const db::row& row) { return json::value(name_and_arn(in, row.text(0))); };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
