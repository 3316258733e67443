#include "libs/base/errors.hpp"
#include "libs/mqtt/client_session.hpp"
#include "libs/mqtt/client_tell.hpp"

#include <utility>

// SUBSCRIBE -> SUBACK and UNSUBSCRIBE -> UNSUBACK. What is wanted of each filter is remembered, and
// asked for until the server's session has it so.
namespace evergrass::mqtt {
namespace {

constexpr std::size_t max_questions = 1'000;  // unanswered; more wait
constexpr std::uint32_t max_subscription_id = 268'435'455;

result<void> check_options(std::string_view filter, const subscribe_options& o,
                           protocol_version version) {
    if (const auto checked = check_topic_filter(filter); !checked) {
        return checked;
    }
    if (version == protocol_version::v3_1_1) {
        subscription_options plain;
        plain.level = o.options.level;
        return o.id == 0 && o.options == plain
                   ? result<void>()
                   : error{errc::unsupported,
                           "subscription options and identifiers need MQTT 5.0; this is 3.1.1"};
    }
    const auto shared = parse_shared_filter(filter);
    if (!shared) {
        return shared.error();
    }
    if (*shared && o.options.no_local) {
        return error{errc::invalid_input,
                     "a shared subscription cannot be 'no local' [MQTT-3.8.3-4]"};
    }
    if (o.id > max_subscription_id) {
        return error{errc::invalid_input,
                     "a subscription identifier is at most 268435455 (MQTT5 3.8.2.1.2)"};
    }
    return {};
}

std::string named(std::string_view filter) {
    return "the subscription to '" + std::string(filter) + "'";
}

}  // namespace

void client_session::subscribe(std::string filter, subscribe_options options, granted_callback done,
                               mono_time now) {
    if (const auto checked = check_options(filter, options, options_.version); !checked) {
        tell_later(std::move(done), result<qos>(checked.error()));
        return tell();
    }
    auto& i = interests_[filter];
    for (auto& before : std::exchange(i.unsubscribing, {})) {
        tell_later(std::move(before),
                   result<void>(error{errc::closed, named(filter) + " was made once more"}));
    }
    i.wanted = true;
    i.options = options;
    i.change = ++changes_;
    i.settled = false;
    if (done) {
        i.subscribing.push_back(std::move(done));
    }
    if (connected() && !std::exchange(i.queued, true)) {
        to_ask_.push_back(std::move(filter));
    }
    ask_waiting(now);
    tell();
}

void client_session::unsubscribe(std::string_view filter, unsubscribed_callback done,
                                 mono_time now) {
    if (const auto checked = check_topic_filter(filter); !checked) {
        tell_later(std::move(done), result<void>(checked.error()));
        return tell();
    }
    const auto at = interests_.try_emplace(std::string(filter)).first;
    auto& i = at->second;
    for (auto& before : std::exchange(i.subscribing, {})) {
        tell_later(std::move(before),
                   result<qos>(error{errc::closed, named(filter) + " was ended "
                                                                   "before the server "
                                                                   "answered"}));
    }
    // A session that an earlier process left may have it all the same.
    const bool own_session = options_.clean_start || was_connected_;
    const bool made_offline = own_session && i.wanted && i.change != 0 && !i.asked && !connected();
    if (made_offline) {
        interests_.erase(at);
        tell_later(std::move(done), result<void>());
        return tell();
    }
    i.wanted = false;
    i.change = ++changes_;
    i.settled = false;
    if (done) {
        i.unsubscribing.push_back(std::move(done));
    }
    if (connected() && !std::exchange(i.queued, true)) {
        to_ask_.emplace_back(filter);
    }
    ask_waiting(now);
    tell();
}

// A new connection: all that the server has not answered in this session.
void client_session::ask_again() {
    for (auto& [filter, i] : interests_) {
        if (!i.settled && !std::exchange(i.queued, true)) {
            to_ask_.push_back(filter);
        }
    }
}

void client_session::ask_waiting(mono_time now) {
    while (connected() && !to_ask_.empty() && asked_.size() < max_questions) {
        const auto filter = std::move(to_ask_.front());
        to_ask_.pop_front();
        const auto at = interests_.find(filter);
        if (at == interests_.end()) {
            continue;
        }
        at->second.queued = false;
        if (!ask(filter, at->second, now) && !at->second.wanted) {
            interests_.erase(at);
        }
    }
}

// False: the server does not take it, and who waits for it has been told.
bool client_session::ask(const std::string& filter, interest& i, mono_time now) {
    const auto type = i.wanted ? packet_type::subscribe : packet_type::unsubscribe;
    auto possible = check_capabilities(filter, i);
    const auto id = take_packet_id();
    std::string bytes;
    if (i.wanted) {
        encode_subscribe(bytes, options_.version,
                         {id, {{filter, i.options.options}}, i.options.id});
    } else {
        encode_unsubscribe(bytes, options_.version, id, filter);
    }
    if (possible && server_.maximum_packet_size && bytes.size() > *server_.maximum_packet_size) {
        possible =
            error{errc::too_large, std::string(to_string(type)) + " takes " +
                                       std::to_string(bytes.size()) + " bytes; the server takes " +
                                       std::to_string(*server_.maximum_packet_size)};
    }
    if (!possible) {
        const auto why = with_context(possible.error(), named(filter));
        for (auto& done : std::exchange(i.subscribing, {})) {
            tell_later(std::move(done), result<qos>(why));
        }
        for (auto& done : std::exchange(i.unsubscribing, {})) {
            tell_later(std::move(done), result<void>(why));
        }
        return false;
    }
    output_.tail() += bytes;
    await_answer(now);
    asked_.emplace(id, question{type, filter, i.change});
    i.asked = true;
    return true;
}

result<void> client_session::check_capabilities(std::string_view filter, const interest& i) const {
    if (!i.wanted) {
        return {};
    }
    if (!server_.wildcard_subscription_available &&
        filter.find_first_of("+#") != std::string_view::npos) {
        return error{errc::unsupported, "the server has no wildcard subscriptions"};
    }
    if (!server_.shared_subscription_available && filter.starts_with("$share/")) {
        return error{errc::unsupported, "the server has no shared subscriptions"};
    }
    if (!server_.subscription_identifiers_available && i.options.id != 0) {
        return error{errc::unsupported, "the server has no subscription identifiers"};
    }
    return {};
}

// The question that this is the answer to, unless it is nothing of ours.
std::optional<client_session::question> client_session::answered(std::uint16_t id, packet_type type,
                                                                 mono_time now) {
    const auto at = asked_.find(id);
    if (at == asked_.end()) {
        return std::nullopt;
    }
    if (at->second.type != type) {
        fail(reason::protocol_error, "the answer to " + std::string(to_string(at->second.type)) +
                                         " is of another kind [MQTT-3.8.4-1]");
        return std::nullopt;
    }
    auto q = std::move(at->second);
    asked_.erase(at);
    answers_.since = now;
    return q;
}

void client_session::handle_suback(const frame& f, mono_time now) {
    const auto p = decode_suback(f, options_.version);
    if (!p) {
        return fail(p.error());
    }
    const auto q = answered(p->id, packet_type::subscribe, now);
    if (!q) {
        return;
    }
    if (p->codes.size() != 1) {
        return fail(reason::protocol_error, "SUBACK has " + std::to_string(p->codes.size()) +
                                                " reason codes for one filter [MQTT-3.8.4-6]");
    }
    const auto code = static_cast<reason>(p->codes[0]);
    if (!is_failure(code) && code > reason::granted_qos_2) {
        return fail(reason::protocol_error, "SUBACK has a reason code that does not exist");
    }
    const auto at = interests_.find(q->filter);
    if (at != interests_.end() && at->second.change == q->change) {
        at->second.settled = !is_failure(code);
        result<qos> granted = static_cast<qos>(code);
        if (is_failure(code)) {
            granted = refusal(named(q->filter), packet_type::suback, code, p->reason_string);
        }
        for (auto& done : std::exchange(at->second.subscribing, {})) {
            tell_later(std::move(done), granted);
        }
    }
    ask_waiting(now);
}

void client_session::handle_unsuback(const frame& f, mono_time now) {
    const auto p = decode_unsuback(f, options_.version);
    if (!p) {
        return fail(p.error());
    }
    const auto q = answered(p->id, packet_type::unsubscribe, now);
    if (!q) {
        return;
    }
    if (speaks_5() && p->codes.size() != 1) {
        return fail(reason::protocol_error, "UNSUBACK has " + std::to_string(p->codes.size()) +
                                                " reason codes for one filter [MQTT-3.11.3-1]");
    }
    const auto code = p->codes.empty() ? reason::success : static_cast<reason>(p->codes[0]);
    const auto at = interests_.find(q->filter);
    if (at != interests_.end() && at->second.change == q->change) {
        result<void> outcome;
        if (is_failure(code)) {
            outcome = refusal("to end " + named(q->filter), packet_type::unsuback, code,
                              p->reason_string);
        }
        for (auto& done : std::exchange(at->second.unsubscribing, {})) {
            tell_later(std::move(done), outcome);
        }
        interests_.erase(at);
    }
    ask_waiting(now);
}

}  // namespace evergrass::mqtt
