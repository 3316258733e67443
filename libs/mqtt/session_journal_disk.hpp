#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/log_store/group_committer.hpp"
#include "libs/log_store/log.hpp"
#include "libs/mqtt/session_journal.hpp"
#include "libs/mqtt/session_journal_held.hpp"
#include "libs/mqtt/session_journal_records.hpp"
#include "libs/mqtt/session_model.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt::journal {

using sequence = session_journal::sequence;

// How the bytes of a journal are shared out, from settings::max_bytes;
// docs/formats/mqtt-sessions.md has the reasons.
struct budget {
    explicit budget(std::uint64_t max);
    // The log is made smaller above this.
    std::uint64_t wanted(std::uint64_t live_bytes) const;

    std::uint64_t live;     // of records that count; messages are refused above it
    std::uint64_t most;     // of the log, where what counts allows it
    std::uint64_t slack;    // of what does not count any more
    std::uint64_t segment;  // a file
    std::uint64_t waiting;  // in memory for the disk
};

// The session journal on a log.
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
    std::optional<error> refusal() const;
    std::uint64_t newest() const;
    void tell_held();
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
    held_sequences sequences_;
    std::uint64_t last_ = 0;  // the newest record
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

}  // namespace evergrass::mqtt::journal
