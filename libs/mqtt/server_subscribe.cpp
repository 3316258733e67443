#include "libs/mqtt/server_link.hpp"

#include <algorithm>

namespace evergrass::mqtt {
namespace {

bool has_wildcard(std::string_view filter) {
    return filter.find_first_of("+#") != std::string_view::npos;
}

}  // namespace

// The code for one filter, and what it changes.
reason server_link::subscribe_one(const subscribe_packet::request& wanted, std::uint32_t id,
                                  session_journal::sequence& seq, bool& is_new,
                                  const receipt& until) {
    const auto& limits = shard_.shared.options;
    const auto share = parse_shared_filter(wanted.filter);
    if (!share) {
        return reason::topic_filter_invalid;
    }
    const auto filter = *share ? (*share)->filter : wanted.filter;
    const auto levels = 1 + static_cast<std::size_t>(std::count(filter.begin(), filter.end(), '/'));
    if (filter.size() > limits.max_topic_bytes || levels > limits.max_topic_levels) {
        return reason::topic_filter_invalid;
    }
    if (*share && limits.behaviour == profile::v1) {
        return reason::shared_subscriptions_not_supported;
    }
    const bool known = session_->subscriptions.contains(wanted.filter);
    if (!known && session_->subscriptions.size() >= limits.max_filters) {
        return reason::quota_exceeded;
    }
    const auto granted = shard_.shared.rules.may_subscribe(session_->info, filter, wanted.options,
                                                           share->has_value());
    if (is_failure(granted)) {
        return granted;
    }
    held_subscription held{wanted.options, id};
    held.options.level =
        std::min({held.options.level, static_cast<qos>(granted), limits.maximum_qos,
                  limits.behaviour == profile::v1 ? qos::at_least_once : qos::exactly_once});
    is_new = shard_.subscribe(*session_, wanted.filter, held);
    if (session_->journaled) {
        seq = shard_.shared.journal->subscribed(session_->info.id,
                                                {std::string(wanted.filter), held.options, id});
    }
    if (*share && shard_.shared.exchange != nullptr) {
        shard_.shared.exchange->joined(std::string(wanted.filter), session_->info.id,
                                       session_->outlives_connection(), until);
    }
    return static_cast<reason>(held.options.level);
}

void server_link::handle_subscribe(const frame& f) {
    const auto p = decode_subscribe(f, version_);
    if (!p) {
        violation(p.error());
        return;
    }
    // Also until what is shared with other servers comes here.
    const bool waits = session_->journaled ||
                       (shard_.shared.exchange != nullptr &&
                        std::any_of(p->requests.begin(), p->requests.end(), [](const auto& each) {
                            return each.filter.starts_with("$share/");
                        }));
    auto until = waits ? make_receipt() : nullptr;
    session_journal::sequence seq = 0;
    std::string codes;
    std::vector<bool> send_retained;
    std::vector<std::string_view> granted;
    for (const auto& wanted : p->requests) {
        bool is_new = false;
        const auto code = subscribe_one(wanted, p->subscription_id, seq, is_new, until);
        codes += static_cast<char>(is_failure(code) && !is_v5() ? reason::unspecified_error : code);
        if (!is_failure(code)) {
            granted.push_back(wanted.filter);
        }
        const bool is_shared = wanted.filter.starts_with("$share/");
        const bool asked = wanted.options.retained == retain_handling::send_at_subscribe ||
                           (wanted.options.retained == retain_handling::send_if_new && is_new);
        send_retained.push_back(
            !is_failure(code) && !is_shared && asked &&  // [MQTT5 3.8.4: not of shared ones]
            (shard_.shared.options.retained_for_wildcards || !has_wildcard(wanted.filter)));
    }
    if (!granted.empty()) {
        shard_.shared.rules.subscribed(session_->info, granted);
    }
    shard_.keep_until(seq, until);
    std::string bytes;
    encode_suback(bytes, version_, p->id, codes);
    reply(bytes, std::move(until));
    for (std::size_t i = 0; i < p->requests.size() && session_ != nullptr; ++i) {
        const auto held = session_->subscriptions.find(p->requests[i].filter);
        if (send_retained[i] && held != session_->subscriptions.end()) {
            shard_.send_retained(*session_, p->requests[i].filter, held->second);
        }
    }
}

void server_link::handle_unsubscribe(const frame& f) {
    const auto p = decode_unsubscribe(f, version_);
    if (!p) {
        violation(p.error());
        return;
    }
    auto until = session_->journaled ? make_receipt() : nullptr;
    session_journal::sequence seq = 0;
    std::string codes;
    std::vector<std::string_view> left;
    for (const auto filter : p->filters) {
        const bool was_there = shard_.unsubscribe(*session_, filter);
        if (was_there && session_->journaled) {
            seq = shard_.shared.journal->unsubscribed(session_->info.id, filter);
        }
        if (was_there) {
            left.push_back(filter);
        }
        codes += static_cast<char>(was_there ? reason::success : reason::no_subscription_existed);
    }
    if (!left.empty()) {
        shard_.shared.rules.unsubscribed(session_->info, left);
    }
    shard_.keep_until(seq, until);
    std::string bytes;
    encode_unsuback(bytes, version_, p->id, codes);
    reply(bytes, std::move(until));
}

}  // namespace evergrass::mqtt
