#include "libs/mqtt/testing/fake_policy.hpp"

#include <algorithm>

namespace evergrass::mqtt::testing {
namespace {

bool matches(const fake_policy::entry& row, std::string_view source, std::string_view topic) {
    return (row.source == "*" || row.source == source) && topic_matches(row.filter, topic);
}

}  // namespace

void fake_target::deliver(const publication& message, const receipt& pending) {
    got.push_back(std::string(message.topic()) + " " + std::string(message.payload()));
    if (slow) {
        receipts.push_back(pending);
    }
}

void fake_policy::use_table(std::vector<entry> rows) {
    table_ = std::move(rows);
    has_table_ = true;
    ++generation_;
}

void fake_policy::set_rights(right receive) {
    may_receive_ = std::move(receive);
    ++generation_;
}

void fake_policy::set_rights_by_info(std::function<bool(const client_info&)> receive) {
    may_receive_by_info_ = std::move(receive);
    ++generation_;
}

std::shared_ptr<fake_target> fake_policy::external(const std::string& name) {
    auto& target = externals_[name];
    if (!target) {
        target = std::make_shared<fake_target>();
    }
    return target;
}

admission fake_policy::admit(const client_identity&, std::string_view client_id,
                             const connect_packet& packet) {
    return admits ? admits(client_id, packet) : admission{};
}

void fake_policy::connected(const client_info& who, bool session_present) {
    events.push_back("connected " + who.id + (session_present ? " again" : ""));
}

void fake_policy::disconnected(const client_info& who, bool clean, std::string_view) {
    events.push_back((clean ? "goodbye of " : "lost ") + who.id);
}

publish_verdict fake_policy::may_publish(const client_info& from, const publish_view& message) {
    return publishes ? publishes(from.id, message) : publish_verdict{};
}

reason fake_policy::may_subscribe(const client_info& who, std::string_view filter,
                                  const subscription_options& wanted, bool) {
    return subscribes ? subscribes(who.id, filter, wanted.level)
                      : static_cast<reason>(wanted.level);
}

bool fake_policy::may_receive(const client_info& who, std::string_view source,
                              std::string_view topic) {
    if (has_table_) {
        return std::any_of(table_.begin(), table_.end(), [&](const entry& row) {
            return row.target == who.id && matches(row, source, topic);
        });
    }
    if (may_receive_by_info_ && !may_receive_by_info_(who)) {
        return false;
    }
    return !may_receive_ || may_receive_(who.id, source, topic);
}

void fake_policy::resolve(const client_info*, std::string_view source, std::string_view topic,
                          route_builder& to) {
    if (!has_table_) {
        to.subscribers();
    }
    for (const auto& row : table_) {
        const auto mark = static_cast<std::uint32_t>(&row - table_.data());
        if (!matches(row, source, topic)) {
            continue;
        }
        if (const auto other = externals_.find(row.target); other != externals_.end()) {
            to.external(other->second);
        } else {
            to.client(row.target, {&mark, 1});
        }
    }
    if (nobody && nobody(source) != reason::success) {
        to.nobody(nobody(source));
    }
}

void fake_policy::lost(loss why, std::string_view, std::string_view topic,
                       std::string_view client_id) {
    ++losses[std::string(to_string(why)) + ": " + std::string(topic) + " for " +
             std::string(client_id)];
    ++losses_of[std::string(client_id)];
}

void fake_policy::routed(std::string_view, const client_info*, std::size_t clients,
                         std::span<const std::uint32_t> marks) {
    routed_clients += clients;
    if (clients != 0) {
        routed_marks.insert(routed_marks.end(), marks.begin(), marks.end());
    }
}

}  // namespace evergrass::mqtt::testing
