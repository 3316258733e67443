#include "libs/mqtt/session_journal.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/errors.hpp"
#include "libs/log_store/group_committer.hpp"
#include "libs/log_store/log.hpp"
#include "libs/mqtt/session_journal_held.hpp"
#include "libs/mqtt/session_journal_records.hpp"
#include "libs/mqtt/session_model.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace evergrass::mqtt {
namespace journal {
namespace {

using sequence = session_journal::sequence;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
// How many unreadable records are logged one by one.
constexpr std::size_t most_logged = 10;

// How the bytes of a journal are shared out, from settings::max_bytes;
// docs/formats/mqtt-sessions.md has the reasons.
struct budget {
    explicit budget(std::uint64_t max)
        : live(max / 2),
          most(max / 3 * 2),
          slack(std::clamp(max / 16, 16 * kib, 16 * mib)),
          segment(std::clamp(max / 32, 64 * kib, 4 * mib)),
          waiting(std::clamp(max / 8, 64 * kib, 32 * mib)) {}

    // The log is made smaller above this.
    std::uint64_t wanted(std::uint64_t live_bytes) const {
        const auto always = live_bytes + live_bytes / 8 + slack;
        return std::min(2 * live_bytes + slack, std::max(most, always));
    }

    std::uint64_t live;     // of records that count; messages are refused above it
    std::uint64_t most;     // of the log, where what counts allows it
    std::uint64_t slack;    // of what does not count any more
    std::uint64_t segment;  // a file
    std::uint64_t waiting;  // in memory for the disk
};
// While the log is too large, so much is written again for each byte that is added.
constexpr std::uint64_t rewritten_per_byte = 4;

class disk_journal final : public session_journal {
public:
    disk_journal(settings wanted, const clock& time, logger log)
        : settings_(std::move(wanted)),
          budget_(settings_.max_bytes),
          time_(time),
          log_(std::move(log)) {}
    ~disk_journal() override { (void)stop(); }

    result<void> start(log_store::file_system& disk);

    std::vector<kept_session> take_sessions() override;
    std::vector<message_ptr> take_retained() override;

    sequence session_begun(std::string_view client_id, protocol_version version,
                           std::uint32_t expiry_seconds) override;
    sequence session_resumed(std::string_view client_id, protocol_version version,
                             std::uint32_t expiry_seconds) override;
    sequence session_left(std::string_view client_id, std::uint32_t expiry_seconds, wall_time at,
                          const std::optional<will>& delayed) override;
    sequence will_done(std::string_view client_id) override;
    sequence session_ended(std::string_view client_id) override;
    sequence subscribed(std::string_view client_id, const subscription& added) override;
    sequence unsubscribed(std::string_view client_id, std::string_view filter) override;
    result<sequence> message(const message_ptr& what, std::span<const delivery> to,
                             std::optional<received_id> from) override;
    sequence released(std::string_view client_id, std::uint16_t packet_id) override;
    sequence sent(std::string_view client_id, std::uint64_t order) override;
    sequence pubrec_came(std::string_view client_id, std::uint64_t order) override;
    sequence finished(std::string_view client_id, std::uint64_t order) override;
    result<sequence> retained(const message_ptr& what) override;
    sequence retained_cleared(std::string_view source, std::string_view topic) override;

    sequence durable() const override { return durable_; }
    void on_durable(std::function<void(sequence)> call) override;
    statistics numbers() const override;
    result<void> stop() override;

private:
    // All but start() and the committer's calls with the lock held.
    result<void> replay(const log_store::log& store);
    void report_damage(const log_store::recovery_report& found) const;
    void settle_after_restart();

    kept_message keep(const message_ptr& what) const;
    const journal::kept_delivery* delivery_of(const journal::kept_session* s,
                                              std::uint64_t order) const;
    std::uint64_t encoded(const record& r);
    result<std::uint64_t> append();
    sequence took(const record& r, std::uint64_t number, std::uint64_t bytes);
    sequence save(const record& r);
    result<sequence> save_or_refuse(const record& r, std::uint64_t replaced_bytes);
    bool nothing_held();
    bool write_again(const live_entry& entry);
    void keep_small(std::uint64_t added);
    void truncate();
    void saved(std::uint64_t number);
    void failed(const error& why);

    const settings settings_;
    const budget budget_;
    const clock& time_;
    const logger log_;

    mutable std::mutex mutex_;
    std::condition_variable moved_;  // the disk has answered
    std::uint64_t answers_ = 0;
    session_model model_;
    held_changes held_;
    std::optional<renumbering> numbers_;
    bool stopped_ = false;
    bool sessions_taken_ = false;
    bool retained_taken_ = false;

    // Of the log: bytes of all records ever before the first one, and before the next one.
    std::uint64_t begin_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t saved_ = 0;   // the log's own number up to which all is durable
    std::uint64_t credit_ = 0;  // bytes that may be written again
    struct truncation {
        std::uint64_t number = 0;
        std::uint64_t position = 0;
        std::uint64_t safe_at = 0;  // once this one is durable
    };
    std::optional<truncation> truncation_;

    std::optional<error> failing_;
    std::shared_ptr<const std::function<void(sequence)>> tell_durable_;
    std::atomic<sequence> durable_ = 0;
    statistics counted_;

    // Kept for their memory.
    std::string head_;
    std::string_view payload_;
    std::vector<delivery_part> parts_;

    std::optional<log_store::group_committer> committer_;  // last: its thread calls back
};

// --- Opening -------------------------------------------------------------------------------------

result<void> disk_journal::start(log_store::file_system& disk) {
    log_store::options options;
    options.segment_bytes = budget_.segment;
    auto store = log_store::log::open(disk, settings_.directory, options);
    if (!store) {
        return with_context(store.error(), "the MQTT sessions in " + settings_.directory);
    }
    const std::lock_guard lock(mutex_);
    report_damage(store->recovery());
    if (auto read = replay(*store); !read) {
        return read;
    }
    numbers_.emplace(store->last());
    saved_ = store->durable();
    durable_ = numbers_->durable(saved_);
    log_store::group_committer::settings waiting;
    waiting.max_waiting_bytes = budget_.waiting;
    committer_.emplace(
        std::move(*store),
        log_store::group_committer::handlers{[this](std::uint64_t number) { saved(number); },
                                             [this](const error& why) { failed(why); }},
        waiting);
    settle_after_restart();
    return {};
}

void disk_journal::report_damage(const log_store::recovery_report& found) const {
    for (const auto& damage : found.damaged) {
        log_.error("Records of MQTT sessions are lost.", {{"directory", settings_.directory},
                                                          {"file", damage.file},
                                                          {"what", damage.what},
                                                          {"offset", damage.offset},
                                                          {"bytes", damage.bytes}});
    }
}

result<void> disk_journal::replay(const log_store::log& store) {
    decoder in;
    std::uint64_t later = 0;
    std::size_t damaged = 0;
    const auto read = store.for_each(0, [&](std::uint64_t number, std::string_view bytes) {
        const place at{number, end_, log_store::frame_bytes(bytes.size())};
        end_ += at.bytes;
        switch (in.read(bytes)) {
            case decoder::outcome::record:
                model_.apply(in.what(), at);
                break;
            case decoder::outcome::later_version:
                later = later == 0 ? number : later;
                break;
            case decoder::outcome::damaged:
                if (++damaged <= most_logged) {
                    log_.error("A record of MQTT sessions cannot be read.",
                               {{"directory", settings_.directory},
                                {"record", number},
                                {"bytes", bytes.size()}});
                }
                break;
        }
    });
    if (!read) {
        return with_context(read.error(), "the MQTT sessions in " + settings_.directory);
    }
    if (later != 0) {
        return error{errc::unsupported,
                     "record " + std::to_string(later) + " in " + settings_.directory +
                         " is of a later version of Evergrass; run that, or move the directory "
                         "away to begin without the kept sessions"};
    }
    if (damaged > most_logged) {
        log_.error("More records of MQTT sessions cannot be read.",
                   {{"directory", settings_.directory}, {"records", damaged}});
    }
    return {};
}

// What is not as it was kept any more is said in the log too, so that it goes on telling all.
void disk_journal::settle_after_restart() {
    std::vector<std::uint64_t> ended;
    std::size_t unknown = 0;
    for (const auto* s : model_.incomplete()) {
        ended.push_back(s->id);
        if (s->known) {
            log_.error("A session is ended, because records of its subscriptions are lost.",
                       {{"directory", settings_.directory}, {"clientId", s->client_id}});
        } else {
            ++unknown;
        }
    }
    if (unknown > 0) {
        log_.error("Sessions are ended, because the records that say whose they are are lost.",
                   {{"directory", settings_.directory}, {"sessions", unknown}});
    }
    for (const auto id : ended) {
        save(session_ended_record{id});
    }
    const auto now = time_.now();
    if (model_.clock_was_set(now)) {
        save(clock_record{now});
        log_.warn("The clock was set. What expires later counts from now on.",
                  {{"directory", settings_.directory}});
    }
    for (const auto& end : model_.expired(now)) {
        save(end);
    }
}

std::vector<session_journal::kept_session> disk_journal::take_sessions() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(sessions_taken_, true)) {
        return {};
    }
    return model_.sessions();
}

std::vector<message_ptr> disk_journal::take_retained() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(retained_taken_, true)) {
        return {};
    }
    return model_.retained();
}

// --- Writing -------------------------------------------------------------------------------------

// Into head_ and payload_; what it takes in the log.
std::uint64_t disk_journal::encoded(const record& r) {
    head_.clear();
    payload_ = encode(r, head_);
    return log_store::frame_bytes(head_.size() + payload_.size());
}

result<std::uint64_t> disk_journal::append() {
    const std::array<std::string_view, 2> parts{head_, payload_};
    return committer_->append(parts);
}

sequence disk_journal::took(const record& r, std::uint64_t number, std::uint64_t bytes) {
    model_.apply(r, {number, end_, bytes});
    end_ += bytes;
    ++counted_.records;
    const auto told = numbers_->appended(number);
    keep_small(bytes);
    return told;
}

// A change that happens whatever the disk does.
sequence disk_journal::save(const record& r) {
    if (stopped_) {
        return numbers_->newest() + 1;
    }
    const bool free = nothing_held();
    const auto bytes = encoded(r);
    if (free) {
        if (const auto number = append()) {
            return took(r, *number, bytes);
        }
    }
    numbers_->hold();
    held_.note(r, model_);
    model_.apply(r, {numbers_->last() + 1, end_, bytes});
    return numbers_->newest();
}

result<sequence> disk_journal::save_or_refuse(const record& r, std::uint64_t replaced_bytes) {
    const auto bytes = encoded(r);
    if (model_.live_bytes() - replaced_bytes + bytes > budget_.live) {
        return error{log_store::log_errc::log_full,
                     "the MQTT sessions in " + settings_.directory + " take " +
                         std::to_string(model_.live_bytes()) + " of " +
                         std::to_string(budget_.live) + " bytes"};
    }
    const auto number = append();
    if (!number) {
        return number.error();
    }
    return took(r, *number, bytes);
}

// Tries to tell the log what was held back. It can take new records when all is told.
bool disk_journal::nothing_held() {
    if (!numbers_->holding()) {
        return true;
    }
    bool told = false;
    while (!held_.empty()) {
        const auto now = model_.tell(held_.front());
        if (now) {
            const auto bytes = encoded(now->what);
            const auto number = append();
            if (!number) {
                return false;
            }
            if (now->entry != nullptr) {
                model_.moved(*now->entry, {*number, end_, bytes});
            }
            end_ += bytes;
            ++counted_.records;
            numbers_->appended(*number);
            told = true;
        }
        held_.pop_front();
    }
    if (!told) {
        // All of it came to nothing; its number has to be reached nevertheless.
        const auto bytes = encoded(session_ended_record{});
        const auto number = append();
        if (!number) {
            return false;
        }
        end_ += bytes;
        numbers_->appended(*number);
    }
    numbers_->release();
    return true;
}

bool disk_journal::write_again(const live_entry& entry) {
    const auto bytes = encoded(model_.again(entry, parts_));
    const auto number = append();
    if (!number) {
        return false;
    }
    model_.moved(entry, {*number, end_, bytes});
    end_ += bytes;
    numbers_->appended(*number);
    ++counted_.rewritten;
    credit_ -= std::min(credit_, bytes);
    return true;
}

// Bounded work for each record that is added: the oldest ones that count are written again at the
// end, so that the front can go.
void disk_journal::keep_small(std::uint64_t added) {
    truncate();
    if (failing_) {
        return;
    }
    credit_ += rewritten_per_byte * added;
    for (;;) {
        const auto* oldest = model_.oldest();
        if (oldest == nullptr ||
            end_ - oldest->at().position <= budget_.wanted(model_.live_bytes())) {
            credit_ = 0;
            break;
        }
        if (oldest->at().bytes > credit_ || !write_again(*oldest)) {
            break;
        }
    }
}

void disk_journal::truncate() {
    if (truncation_ && saved_ >= truncation_->safe_at) {
        committer_->truncate_front(truncation_->number);
        begin_ = truncation_->position;
        truncation_.reset();
    }
    const auto* oldest = model_.oldest();
    const auto number = oldest != nullptr ? oldest->at().number : numbers_->last() + 1;
    const auto position = oldest != nullptr ? oldest->at().position : end_;
    if (!truncation_ && position - begin_ >= budget_.segment) {
        // Not before all is durable that makes the front void: a power cut could take the one and
        // leave the other.
        truncation_ = truncation{number, position, numbers_->last()};
    }
}

// --- The committer's thread ----------------------------------------------------------------------

void disk_journal::saved(std::uint64_t number) {
    std::shared_ptr<const std::function<void(sequence)>> tell;
    sequence now = 0;
    bool back = false;
    {
        const std::lock_guard lock(mutex_);
        saved_ = number;
        back = std::exchange(failing_, std::nullopt).has_value();
        ++counted_.syncs;
        if (!stopped_) {
            (void)nothing_held();
        }
        now = numbers_->durable(number);
        if (now > durable_) {
            durable_ = now;
            tell = tell_durable_;
        }
        ++answers_;
    }
    moved_.notify_all();
    if (back) {
        log_.info("MQTT sessions are saved again.", {{"directory", settings_.directory}});
    }
    if (tell) {
        (*tell)(now);
    }
}

void disk_journal::failed(const error& why) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = !failing_;
        failing_ = why;
        ++answers_;
    }
    moved_.notify_all();
    if (first) {
        log_.error("MQTT sessions cannot be saved; tried again until they can.",
                   {{"directory", settings_.directory}, {"error", why}});
    }
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

result<void> disk_journal::stop() {
    {
        std::unique_lock lock(mutex_);
        if (!committer_) {
            return {};
        }
        // What was held back gets its place in the log, if the disk takes anything.
        while (!stopped_ && !nothing_held()) {
            const auto seen = answers_;
            committer_->retry();
            moved_.wait(lock, [&] { return answers_ != seen; });
            if (failing_) {
                break;
            }
        }
        stopped_ = true;
    }
    auto flushed = committer_->flush_and_stop();
    const std::lock_guard lock(mutex_);
    if (flushed && numbers_->holding()) {
        return failing_ ? *failing_ : error{errc::unavailable, "changes still waited for the disk"};
    }
    return flushed;
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
        return numbers_->newest();
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
    return s != nullptr && s->will.what ? save(will_done_record{s->id}) : numbers_->newest();
}

sequence disk_journal::session_ended(std::string_view client_id) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    return s != nullptr ? save(session_ended_record{s->id}) : numbers_->newest();
}

sequence disk_journal::subscribed(std::string_view client_id, const subscription& added) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    if (s == nullptr) {
        return numbers_->newest();
    }
    const auto count = s->subscriptions.size() + (s->subscriptions.contains(added.filter) ? 0 : 1);
    return save(
        subscription_record{s->id, count, added.filter, added.options, added.subscription_id});
}

sequence disk_journal::unsubscribed(std::string_view client_id, std::string_view filter) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    if (s == nullptr || !s->subscriptions.contains(filter)) {
        return numbers_->newest();
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
    if (stopped_) {
        return error{errc::closed, "the MQTT sessions are not saved any more"};
    }
    if (!nothing_held()) {
        return failing_ ? *failing_ : error{errc::unavailable, "changes wait for the disk"};
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
        return r.from ? save(*r.from) : numbers_->newest();
    }
    r.message = keep(what);
    r.deliveries = parts_;
    return save_or_refuse(std::move(r), 0);
}

sequence disk_journal::released(std::string_view client_id, std::uint16_t packet_id) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    return s != nullptr && s->received.contains(packet_id) ? save(released_record{s->id, packet_id})
                                                           : numbers_->newest();
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
    return d != nullptr && !d->sent ? save(sent_record{s->id, order}) : numbers_->newest();
}

sequence disk_journal::pubrec_came(std::string_view client_id, std::uint64_t order) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    const auto* d = delivery_of(s, order);
    if (d == nullptr || d->alone) {
        return numbers_->newest();
    }
    return save(pubrec_record{s->id, order, d->packet_id, d->level, d->retain});
}

sequence disk_journal::finished(std::string_view client_id, std::uint64_t order) {
    const std::lock_guard lock(mutex_);
    const auto* s = model_.find(client_id);
    return delivery_of(s, order) != nullptr ? save(finished_record{s->id, order})
                                            : numbers_->newest();
}

result<sequence> disk_journal::retained(const message_ptr& what) {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
        return error{errc::closed, "the MQTT sessions are not saved any more"};
    }
    if (!nothing_held()) {
        return failing_ ? *failing_ : error{errc::unavailable, "changes wait for the disk"};
    }
    const auto* replaced = model_.find_retained(what->source, what->topic);
    return save_or_refuse(retained_record{keep(what)},
                          replaced != nullptr ? replaced->at().bytes : 0);
}

sequence disk_journal::retained_cleared(std::string_view source, std::string_view topic) {
    const std::lock_guard lock(mutex_);
    return model_.find_retained(source, topic) != nullptr
               ? save(retained_cleared_record{source, topic})
               : numbers_->newest();
}

}  // namespace
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
