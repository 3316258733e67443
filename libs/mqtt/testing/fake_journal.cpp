#include "libs/mqtt/testing/fake_journal.hpp"

#include "libs/log_store/errors.hpp"

#include <algorithm>

namespace evergrass::mqtt::testing {
namespace {

using kept_session = session_journal::kept_session;
using delivery = session_journal::delivery;

void forget(kept_session& s, std::string_view filter) {
    std::erase_if(s.subscriptions, [&](const auto& each) { return each.filter == filter; });
}

delivery* find(kept_session& s, std::uint64_t order) {
    const auto at = std::find_if(s.deliveries.begin(), s.deliveries.end(),
                                 [&](const delivery& d) { return d.order == order; });
    return at == s.deliveries.end() ? nullptr : &*at;
}

const error disk_full{log_store::log_errc::log_full, "this test's disk is full"};

}  // namespace

void fake_journal::save(sequence upto) {
    durable_ = std::max(durable_, std::min<sequence>(upto, last()));
    if (told_) {
        told_(durable_);
    }
}

fake_journal::model fake_journal::after_crash(sequence upto) const {
    model left;
    upto = std::clamp<sequence>(upto, durable_, last());
    for (sequence i = 0; i < upto; ++i) {
        records_[i](left);
    }
    return left;
}

void fake_journal::restart(sequence upto) {
    records_.resize(std::clamp<sequence>(upto, durable_, last()));
    durable_ = last();
    dead = false;
}

std::vector<kept_session> fake_journal::take_sessions() {
    std::vector<kept_session> all;
    for (auto& [id, each] : now().sessions) {
        all.push_back(each);
    }
    return all;
}

std::vector<message_ptr> fake_journal::take_retained() {
    std::vector<message_ptr> all;
    for (const auto& [key, each] : now().retained) {
        all.push_back(each);
    }
    return all;
}

fake_journal::sequence fake_journal::add(std::string_view call, std::string_view whom,
                                         std::function<void(model&)> effect) {
    if (dead) {
        return last() + 1;  // never saved
    }
    calls.push_back(std::string(call) + " " + std::string(whom));
    records_.push_back(std::move(effect));
    return last();
}

fake_journal::sequence fake_journal::change(std::string_view call, std::string_view id,
                                            std::function<void(kept_session&)> effect) {
    return add(call, id, [id = std::string(id), effect = std::move(effect)](model& m) {
        if (const auto at = m.sessions.find(id); at != m.sessions.end()) {
            effect(at->second);
        }
    });
}

fake_journal::sequence fake_journal::session_begun(std::string_view id, protocol_version version,
                                                   std::uint32_t expiry) {
    kept_session fresh;
    fresh.client_id = id;
    fresh.version = version;
    fresh.expiry_seconds = expiry;
    return add("begun", id, [fresh](model& m) { m.sessions[fresh.client_id] = fresh; });
}

fake_journal::sequence fake_journal::session_resumed(std::string_view id, protocol_version version,
                                                     std::uint32_t expiry) {
    return change("resumed", id, [version, expiry](kept_session& s) {
        s.version = version;
        s.expiry_seconds = expiry;
        s.left_at.reset();
    });
}

fake_journal::sequence fake_journal::session_left(std::string_view id, std::uint32_t expiry,
                                                  wall_time at,
                                                  const std::optional<will>& delayed) {
    return change("left", id, [expiry, at, delayed](kept_session& s) {
        s.expiry_seconds = expiry;
        s.left_at = at;
        s.delayed_will = delayed;
    });
}

fake_journal::sequence fake_journal::will_done(std::string_view id) {
    return change("will_done", id, [](kept_session& s) { s.delayed_will.reset(); });
}

fake_journal::sequence fake_journal::session_ended(std::string_view id) {
    return add("ended", id, [id = std::string(id)](model& m) { m.sessions.erase(id); });
}

fake_journal::sequence fake_journal::subscribed(std::string_view id, const subscription& added) {
    return change("subscribed", id, [added](kept_session& s) {
        forget(s, added.filter);
        s.subscriptions.push_back(added);
    });
}

fake_journal::sequence fake_journal::unsubscribed(std::string_view id, std::string_view filter) {
    return change("unsubscribed", id,
                  [filter = std::string(filter)](kept_session& s) { forget(s, filter); });
}

result<fake_journal::sequence> fake_journal::message(const message_ptr& what,
                                                     std::span<const delivery> to,
                                                     std::optional<received_id> from) {
    if (refuses) {
        return disk_full;
    }
    std::string names;
    std::vector<delivery> all(to.begin(), to.end());
    for (auto& each : all) {
        each.message = what;
        names += (names.empty() ? "" : ",") + each.client_id;
    }
    const std::string sender(from ? from->client_id : std::string_view());
    const std::uint16_t id = from ? from->packet_id : 0;
    return add("message", names, [all, sender, id](model& m) {
        for (const auto& each : all) {
            if (const auto at = m.sessions.find(each.client_id); at != m.sessions.end()) {
                auto& all_of_it = at->second.deliveries;
                const auto behind =
                    std::find_if(all_of_it.begin(), all_of_it.end(),
                                 [&](const delivery& one) { return one.order > each.order; });
                all_of_it.insert(behind, each);
            }
        }
        if (const auto at = m.sessions.find(sender); id != 0 && at != m.sessions.end()) {
            at->second.received_packet_ids.push_back(id);
        }
    });
}

fake_journal::sequence fake_journal::released(std::string_view id, std::uint16_t packet_id) {
    return change("released", id,
                  [packet_id](kept_session& s) { std::erase(s.received_packet_ids, packet_id); });
}

fake_journal::sequence fake_journal::sent(std::string_view id, std::uint64_t order) {
    return change("sent", id, [order](kept_session& s) {
        if (auto* const at = find(s, order)) {
            at->state = delivery::progress::sent;
        }
    });
}

fake_journal::sequence fake_journal::pubrec_came(std::string_view id, std::uint64_t order) {
    return change("pubrec_came", id, [order](kept_session& s) {
        if (auto* const at = find(s, order)) {
            at->state = delivery::progress::received;
            at->message.reset();
        }
    });
}

fake_journal::sequence fake_journal::finished(std::string_view id, std::uint64_t order) {
    return change("finished", id, [order](kept_session& s) {
        std::erase_if(s.deliveries, [&](const delivery& d) { return d.order == order; });
    });
}

result<fake_journal::sequence> fake_journal::retained(const message_ptr& what) {
    if (refuses) {
        return disk_full;
    }
    return add("retained", what->topic, [what](model& m) {
        m.retained[{what->source, what->topic}] = what;
    });
}

fake_journal::sequence fake_journal::retained_cleared(std::string_view source,
                                                      std::string_view topic) {
    return add("retained_cleared", topic,
               [key = std::pair(std::string(source), std::string(topic))](model& m) {
                   m.retained.erase(key);
               });
}

session_journal::sequence fake_journal::will_begun(const client_info& who,
                                                   const std::optional<will>& given,
                                                   std::uint32_t delay, bool resumed) {
    auto said = who.id + " " + (given ? given->message->topic : "nothing");
    said += given ? " " + std::to_string(delay) + " s" : "";
    wills.push_back(said + (resumed ? " resumed" : ""));
    return add("will", who.id, [](model&) {});
}

session_journal::sequence fake_journal::will_left(std::string_view id,
                                                  std::optional<wall_time> due) {
    auto said = std::string(id) + " left";
    if (due) {
        const auto since =
            std::chrono::duration_cast<std::chrono::seconds>(due->time_since_epoch());
        said += ", due at " + std::to_string(since.count());
    }
    wills.push_back(std::move(said));
    return add("will left", id, [](model&) {});
}

}  // namespace evergrass::mqtt::testing
