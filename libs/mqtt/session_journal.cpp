#include "libs/mqtt/session_journal.hpp"

#include "libs/mqtt/session_journal_disk.hpp"

#include <algorithm>
#include <utility>

// The calls of the session journal, as records.
namespace evergrass::mqtt {
namespace journal {

std::vector<session_journal::kept_session> disk_journal::take_sessions() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(sessions_taken_, true)) {
        return {};
    }
    auto all = model_.sessions();
    const bool any_connected =
        std::any_of(all.begin(), all.end(), [](const auto& s) { return !s.left_at; });
    if (any_connected) {
        // Their time runs from now on. Were this not said, each restart would begin it anew.
        save(started_record{time_.now()});
    }
    return all;
}

std::vector<message_ptr> disk_journal::take_retained() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(retained_taken_, true)) {
        return {};
    }
    return model_.retained();
}

void disk_journal::on_durable(std::function<void(sequence)> call) {
    const std::lock_guard lock(mutex_);
    tell_durable_ = std::make_shared<const std::function<void(sequence)>>(std::move(call));
}

session_journal::statistics disk_journal::numbers() const {
    const std::lock_guard lock(mutex_);
    auto now = counted_;
    now.log_bytes = end_ - begin_;
    now.live_bytes = model_.live_bytes();
    if (failing_) {
        now.failing = failing_->message();
    }
    return now;
}

// --- Sessions ------------------------------------------------------------------------------------

sequence disk_journal::session_begun(std::string_view client_id, protocol_version version,
                                     std::uint32_t expiry_seconds) {
    const std::lock_guard lock(mutex_);
    return save(
        session_record{model_.next_session(), client_id, version, expiry_seconds, 0, {}, {}, {}});
}

sequence disk_journal::session_resumed(std::string_view client_id, protocol_version version,
                                       std::uint32_t expiry_seconds) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    auto header = s != nullptr
                      ? s->header()
                      : session_record{model_.next_session(), client_id, version, 0, 0, {}, {}, {}};
    header.version = version;
    header.expiry_seconds = expiry_seconds;
    header.left_at.reset();
    header.will = {};  // [MQTT-3.1.3-9]
    return save(std::move(header));
}

sequence disk_journal::session_left(std::string_view client_id, std::uint32_t expiry_seconds,
                                    wall_time at, const std::optional<will>& delayed) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    if (s == nullptr) {
        return newest();
    }
    auto header = s->header();
    header.expiry_seconds = expiry_seconds;
    header.left_at = at;
    header.will = delayed ? keep(delayed->message) : kept_message{};
    header.will_due = delayed ? delayed->due : wall_time{};
    return save(std::move(header));
}

sequence disk_journal::will_done(std::string_view client_id) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    return s != nullptr && s->will.what ? save(will_done_record{s->id}) : newest();
}

sequence disk_journal::session_ended(std::string_view client_id) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    return s != nullptr ? save(session_ended_record{s->id}) : newest();
}

sequence disk_journal::subscribed(std::string_view client_id, const subscription& added) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    if (s == nullptr) {
        return newest();
    }
    const auto count = s->subscriptions.size() + (s->subscriptions.contains(added.filter) ? 0 : 1);
    return save(
        subscription_record{s->id, count, added.filter, added.options, added.subscription_id});
}

sequence disk_journal::unsubscribed(std::string_view client_id, std::string_view filter) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    if (s == nullptr || !s->subscriptions.contains(filter)) {
        return newest();
    }
    return save(unsubscribed_record{s->id, s->subscriptions.size() - 1, filter});
}

// --- Messages ------------------------------------------------------------------------------------

kept_message disk_journal::keep(const message_ptr& what) const {
    return {what, what->expires_at ? time_.now() : wall_time{}};
}

result<sequence> disk_journal::message(const message_ptr& what, std::span<const delivery> to,
                                       std::optional<received_id> from) {
    const std::lock_guard lock(mutex_);
    if (auto refused = refusal()) {
        return *std::move(refused);
    }
    message_record r;
    parts_.clear();
    for (const auto& d : to) {
        if (const auto* s = model_.find(d.client_id)) {
            parts_.push_back(
                {s->id, d.order, d.packet_id, d.level, d.retain, d.state, d.subscription_ids});
        }
    }
    if (const auto* s = from ? model_.find(from->client_id) : nullptr) {
        r.from = received_record{s->id, from->packet_id};
    }
    if (parts_.empty()) {  // nobody needs the message
        return r.from ? save(*r.from) : newest();
    }
    r.message = keep(what);
    r.deliveries = parts_;
    return save_or_refuse(std::move(r), 0);
}

sequence disk_journal::released(std::string_view client_id, std::uint16_t packet_id) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    return s != nullptr && s->received.contains(packet_id) ? save(released_record{s->id, packet_id})
                                                           : newest();
}

const journal::kept_delivery* disk_journal::delivery_of(const journal::kept_session* s,
                                                        std::uint64_t order) const {
    if (s == nullptr) {
        return nullptr;
    }
    const auto found = s->deliveries.find(order);
    return found != s->deliveries.end() ? &found->second : nullptr;
}

sequence disk_journal::sent(std::string_view client_id, std::uint64_t order) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    const auto* d = delivery_of(s, order);
    return d != nullptr && !d->sent ? save(sent_record{s->id, order}) : newest();
}

sequence disk_journal::pubrec_came(std::string_view client_id, std::uint64_t order) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    const auto* d = delivery_of(s, order);
    if (d == nullptr || d->alone) {
        return newest();
    }
    return save(pubrec_record{s->id, order, d->packet_id, d->level, d->retain});
}

sequence disk_journal::finished(std::string_view client_id, std::uint64_t order) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    return delivery_of(s, order) != nullptr ? save(finished_record{s->id, order}) : newest();
}

result<sequence> disk_journal::retained(const message_ptr& what) {
    const std::lock_guard lock(mutex_);
    if (auto refused = refusal()) {
        return *std::move(refused);
    }
    const auto* replaced = model_.find_retained(what->source, what->topic);
    return save_or_refuse(retained_record{keep(what)},
                          replaced != nullptr ? replaced->at().bytes : 0);
}

sequence disk_journal::retained_cleared(std::string_view source, std::string_view topic) {
    const std::lock_guard lock(mutex_);
    return model_.find_retained(source, topic) != nullptr
               ? save(retained_cleared_record{source, topic})
               : newest();
}

}  // namespace journal

result<std::unique_ptr<session_journal>> session_journal::open(log_store::file_system& disk,
                                                               settings wanted, const clock& time,
                                                               logger log) {
    auto made = std::make_unique<journal::disk_journal>(std::move(wanted), time, std::move(log));
    if (auto started = made->start(disk); !started) {
        return started.error();
    }
    return result<std::unique_ptr<session_journal>>(std::move(made));
}

}  // namespace evergrass::mqtt
