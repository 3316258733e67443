#pragma once

#include "contract/manifest.hpp"
#include "libs/base/log.hpp"
#include "libs/base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

enum class endpoint_kind : std::uint8_t { device, function, connector, cloud, shadow_service };
constexpr std::size_t endpoint_kind_count = 5;

// One end of a subscription. `name`: thing name, function version ARN, connector ARN, or empty.
struct endpoint {
    endpoint_kind kind = endpoint_kind::cloud;
    std::string name;

    bool operator==(const endpoint&) const = default;
};

// A Source or Target of the group document as an endpoint. "GGShadowService" and its ARN, with and
// without a version, are the shadow service.
result<endpoint> parse_endpoint(std::string_view text);

// The subscriptions of a deployment, immutable. Threads may read one table at once.
class routing_table {
public:
    routing_table();  // empty: routes nothing
    ~routing_table();
    routing_table(const routing_table&) = delete;
    routing_table& operator=(const routing_table&) = delete;

    // The error names the subscription by its id and says what is wrong with which member.
    static result<std::shared_ptr<const routing_table>> build(
        const std::vector<contract::subscription>& subscriptions);

    // Appends each target once, whichever number of subscriptions lead to it. Cost grows with the
    // source's matching subjects, not with the table.
    void match(const endpoint& source, std::string_view topic,
               std::vector<const endpoint*>& targets) const;

    // One subscription that matches: where it leads, and its place in entries(); of several that
    // say the same the first.
    struct way {
        const endpoint* target;
        std::uint32_t entry;
    };
    // The same for those who count by subscription: all that match, those of one target together.
    void match(const endpoint& source, std::string_view topic, std::vector<way>& ways) const;

    // May this end ever publish to the topic (some subscription has it as source and matches)?
    bool may_publish(const endpoint& source, std::string_view topic) const;
    // Does what `source` publishes to the topic go to this end?
    bool leads_to(const endpoint& source, std::string_view topic, const endpoint& target) const;
    // Could a message reach this end on some topic that the filter covers? Asked at SUBSCRIBE.
    bool may_receive(const endpoint& target, std::string_view filter) const;
    // The subjects of subscriptions with this source: what the cloud link subscribes to for
    // `cloud`.
    std::vector<std::string> subjects_from(endpoint_kind source) const;

    // Does any subscription have this source?
    bool has_source(const endpoint& source) const;

    // A subscription as it was given, for those who explain the table. Valid as long as the table.
    struct entry {
        std::string id;
        std::string subject;
        const endpoint* source;
        const endpoint* target;
    };
    // In the order of the deployment, repetitions too.
    const std::vector<entry>& entries() const;
    std::size_t size() const;

private:
    struct index;
    std::unique_ptr<index> index_;
};

// Do two filters have a topic in common?
bool filters_overlap(std::string_view a, std::string_view b);
// Does `wide` match every topic that `narrow` does?
bool filter_covers(std::string_view wide, std::string_view narrow);

// Where a topic leaves a filter that does not match it.
struct level_difference {
    std::size_t level = 0;          // 1 is the first
    std::string_view filter_level;  // of the filter at that level; empty and !filter_has when none
    std::string_view topic_level;
    bool filter_has = false;  // false: the filter ends before this level
    bool topic_has = false;   // false: the topic ends before this level
    bool reserved = false;    // a leading wildcard does not match a topic that begins with '$'
};
// Nothing: the filter matches.
std::optional<level_difference> first_difference(std::string_view filter, std::string_view topic);

}  // namespace evergrass::edge
