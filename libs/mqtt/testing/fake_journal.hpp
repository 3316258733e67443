#pragma once

#include "libs/mqtt/session_journal.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// For tests of the broker: a journal in memory of which a test says how much is saved, and what is
// left of it after a crash.
namespace evergrass::mqtt::testing {

class fake_journal final : public session_journal {
public:
    // What records amount to.
    struct model {
        std::map<std::string, kept_session, std::less<>> sessions;
        std::map<std::pair<std::string, std::string>, message_ptr> retained;  // source, topic
    };

    // More is refused: the disk is full.
    bool refuses = false;
    // What is told to it is forgotten: the process is dead, its destructors run.
    bool dead = false;
    // In order, one word and the client id each: "begun a", "message a,b", "finished a" ….
    std::vector<std::string> calls;

    // "a w/a 5 s", "a nothing resumed", "a left, due at 5" (since 1970), "a left": wills that are
    // elsewhere.
    std::vector<std::string> wills;

    sequence last() const { return records_.size(); }
    // All up to `upto` is on the disk; says so.
    void save(sequence upto);
    void save_all() { save(last()); }

    // What a reader would find if the power was cut now and records up to `upto` had got to the
    // disk; never less than what is durable.
    model after_crash(sequence upto) const;
    model now() const { return after_crash(last()); }
    // Begins again from what is left.
    void restart(sequence upto);

    std::vector<kept_session> take_sessions() override;
    std::vector<message_ptr> take_retained() override;
    sequence session_begun(std::string_view id, protocol_version version,
                           std::uint32_t expiry) override;
    sequence session_resumed(std::string_view id, protocol_version version,
                             std::uint32_t expiry) override;
    sequence session_left(std::string_view id, std::uint32_t expiry, wall_time at,
                          const std::optional<will>& delayed) override;
    sequence will_done(std::string_view id) override;
    sequence session_ended(std::string_view id) override;
    sequence will_begun(const client_info& who, const std::optional<will>& given,
                        std::uint32_t delay, bool resumed) override;
    sequence will_left(std::string_view id, std::optional<wall_time> due) override;
    sequence subscribed(std::string_view id, const subscription& added) override;
    sequence unsubscribed(std::string_view id, std::string_view filter) override;
    result<sequence> message(const message_ptr& what, std::span<const delivery> to,
                             std::optional<received_id> from) override;
    sequence released(std::string_view id, std::uint16_t packet_id) override;
    sequence sent(std::string_view id, std::uint64_t order) override;
    sequence pubrec_came(std::string_view id, std::uint64_t order) override;
    sequence finished(std::string_view id, std::uint64_t order) override;
    result<sequence> retained(const message_ptr& what) override;
    sequence retained_cleared(std::string_view source, std::string_view topic) override;
    sequence durable() const override { return durable_; }
    void on_durable(std::function<void(sequence)> call) override { told_ = std::move(call); }
    statistics numbers() const override { return {}; }
    result<void> stop() override { return {}; }

private:
    sequence add(std::string_view call, std::string_view whom, std::function<void(model&)> effect);
    sequence change(std::string_view call, std::string_view id,
                    std::function<void(kept_session&)> effect);

    std::vector<std::function<void(model&)>> records_;
    std::function<void(sequence)> told_;
    sequence durable_ = 0;
};

}  // namespace evergrass::mqtt::testing
