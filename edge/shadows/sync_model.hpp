#pragma once

#include "edge/shadows/sync_engine.hpp"
#include "libs/shadow/carry_out.hpp"
#include "libs/shadow/change.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

// For tests: a core's store, the cloud's shadow service and the way between them, in memory. The
// network loses, doubles, delays and reorders as the seed says.
namespace evergrass::edge::testing_sync {

inline constexpr std::int64_t epoch = 1'700'000'000;

class memory_store final : public sync_store {
public:
    result<shadow::document> document(const shadow::shadow_id& which) override {
        return documents[which];
    }
    result<sync_record> record(const shadow::shadow_id& which) override { return records[which]; }
    result<void> keep(const shadow::shadow_id& which, const sync_record& what) override {
        records[which] = what;
        return {};
    }
    result<void> update(const shadow::shadow_id& which,
                        const shadow::update_request& change) override {
        auto after = shadow::apply(documents[which], change, epoch);
        if (!after) {
            return after.error();
        }
        documents[which] = std::move(*after);
        ++changes;
        return {};
    }
    result<void> remove(const shadow::shadow_id& which) override {
        auto after = shadow::remove(documents[which], which);
        if (!after) {
            return after.error();
        }
        documents[which] = std::move(*after);
        ++changes;
        return {};
    }
    result<void> together(const std::function<result<void>()>& work) override {
        const auto before = std::pair(documents, records);
        auto done = work();
        if (!done) {
            std::tie(documents, records) = before;
        }
        return done;
    }

    std::map<shadow::shadow_id, shadow::document> documents;
    std::map<shadow::shadow_id, sync_record> records;
    int changes = 0;  // by the engine
};

class cloud_model {
public:
    // What it says about it.
    std::vector<shadow::message> ask(const shadow::shadow_id& which, shadow::operation what,
                                     std::string_view payload) {
        auto came = shadow::carry_out(which, what, payload, documents[which], epoch,
                                      shadow::asked_over::mqtt);
        if (came.after) {
            documents[which] = std::move(*came.after);
        } else if (!came.body && what == shadow::operation::update) {
            ++refused;
        }
        return std::move(came.said);
    }

    std::map<shadow::shadow_id, shadow::document> documents;
    int refused = 0;  // updates
};

// One core and the cloud.
class sync_world {
public:
    explicit sync_world(std::uint64_t seed, sync_settings settings = {})
        : random_(seed), settings_(std::move(settings)) {
        start_core();
    }

    void follow(std::map<shadow::shadow_id, sync_direction> wanted) {
        wanted_ = std::move(wanted);
        engine_->follow(wanted_, now_);
        collect();
    }
    void link(bool up) {
        if (up == linked_) {
            return;
        }
        linked_ = up;
        if (up) {
            engine_->link_up(now_);
            collect();
            return;
        }
        // What was under way arrived, or not; of the answers nothing does.
        engine_->link_down();
        for (const auto& each : std::exchange(to_cloud_, {})) {
            if (chance(50)) {
                hear_at_cloud(each);
            }
        }
        to_core_.clear();
    }
    // kill -9: what the store has is there afterwards, and nothing else.
    void restart_core() {
        link(false);
        start_core();
    }

    // A device or function at the core; an application at the cloud.
    void write_local(const shadow::shadow_id& which, const std::string& state) {
        change(store.documents[which], which, state);
        engine_->local_changed(which, now_);
        collect();
    }
    void delete_local(const shadow::shadow_id& which) {
        if (auto after = shadow::remove(store.documents[which], which)) {
            store.documents[which] = std::move(*after);
            engine_->local_changed(which, now_);
            collect();
        }
    }
    void write_cloud(const shadow::shadow_id& which, const std::string& state) {
        tell(cloud.ask(which, shadow::operation::update, R"({"state":)" + state + "}"));
    }
    void delete_cloud(const shadow::shadow_id& which) {
        tell(cloud.ask(which, shadow::operation::remove, ""));
    }

    // One message, at either end; late, doubled or out of order as it comes.
    void deliver_some() {
        if (!to_cloud_.empty() && chance(50)) {
            hear_at_cloud(pick(to_cloud_));
        } else if (!to_core_.empty()) {
            hear_at_core(pick(to_core_));
        }
    }
    // What is on its way to the core arrives in the opposite order.
    void reverse_to_core() { std::reverse(to_core_.begin(), to_core_.end()); }
    void pass_time(std::chrono::milliseconds by) {
        now_ += by;
        engine_->tick(now_);
        collect();
    }
    // The network is well and time passes until nobody has anything to say. False: they never end.
    bool settle(int most_messages = 400) {
        link(true);
        for (int sent = 0; sent < most_messages;) {
            if (!to_cloud_.empty()) {
                const auto next = std::move(to_cloud_.front());
                to_cloud_.pop_front();
                hear_at_cloud(next);
                ++sent;
            } else if (!to_core_.empty()) {
                const auto next = std::move(to_core_.front());
                to_core_.pop_front();
                hear_at_core(next);
            } else if (const auto next = engine_->next_deadline()) {
                now_ = std::max(now_, *next);
                engine_->tick(now_);
                collect();
                ++sent;
            } else {
                return true;
            }
        }
        return false;
    }

    sync_engine& engine() { return *engine_; }
    bool linked() const { return linked_; }
    std::size_t under_way() const { return to_cloud_.size() + to_core_.size(); }
    std::mt19937_64& random() { return random_; }
    bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
    void collect() {
        for (auto& each : engine_->take_messages()) {
            ++sent;
            last_sent = each;
            if (linked_) {
                to_cloud_.push_back(std::move(each));
            }
        }
    }

    memory_store store;
    cloud_model cloud;
    int sent = 0;  // by the core
    shadow::message last_sent;

private:
    void start_core() {
        settings_.token_prefix = "core" + std::to_string(++starts_) + "-";
        engine_ = std::make_unique<sync_engine>(settings_, store);
        engine_->follow(wanted_, now_);
        linked_ = false;
    }
    static void change(shadow::document& of, const shadow::shadow_id& which,
                       const std::string& state) {
        const auto came =
            shadow::carry_out(which, shadow::operation::update, R"({"state":)" + state + "}", of,
                              epoch, shadow::asked_over::call);
        if (came.after) {
            of = *came.after;
        }
    }
    shadow::message pick(std::deque<shadow::message>& from) {
        const auto at = chance(70)
                            ? from.begin()
                            : from.begin() + static_cast<std::ptrdiff_t>(random_() % from.size());
        auto picked = *at;
        if (!chance(10)) {  // else it comes once more
            from.erase(at);
        }
        return picked;
    }
    void tell(std::vector<shadow::message> said) {
        for (auto& each : said) {
            if (linked_ &&
                (each.topic.ends_with("/accepted") || each.topic.ends_with("/rejected"))) {
                to_core_.push_back(std::move(each));
            }
        }
    }
    void hear_at_cloud(const shadow::message& said) {
        const auto asked = shadow::parse_request_topic(said.topic);
        tell(cloud.ask(asked.value().which, asked->what, said.payload));
    }
    void hear_at_core(const shadow::message& said) {
        engine_->hear(parse_cloud_message(said.topic, said.payload).value(), now_);
        collect();
    }

    std::mt19937_64 random_;
    sync_settings settings_;
    mono_time now_{std::chrono::hours(1)};
    std::map<shadow::shadow_id, sync_direction> wanted_;
    std::unique_ptr<sync_engine> engine_;
    std::deque<shadow::message> to_cloud_;
    std::deque<shadow::message> to_core_;
    bool linked_ = false;
    int starts_ = 0;
};

}  // namespace evergrass::edge::testing_sync
