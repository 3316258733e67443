#include "cloud/nodes/shares.hpp"

#include "cloud/bus/envelope.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <set>

namespace evergrass::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The bus of several services, with what each of them would hear of shares.
class simulated_bus final : public bus {
public:
    result<void> begin(position, hearer) override { return {}; }
    void keep(const std::string&, std::string, kept, std::string) override {}
    void say(const std::string&, std::string_view) override {}
    result<std::vector<record>> read(position, position, const std::string&) override {
        return std::vector<record>();
    }
    result<extent> ends() override { return extent{}; }
    bool is_connected() const override { return true; }
    void stop() override {}
    result<void> keep_shares(const std::vector<std::string>&) override { return {}; }

    result<void> share(const std::string& filter, bool kept, turn_hearer hear) override {
        const std::lock_guard hold(mutex_);
        calls_.push_back((kept ? "keeps " : "shares ") + filter);
        changed_.notify_all();
        if (fails) {
            return error{errc::unavailable, "away"};
        }
        hearers_[filter] = std::move(hear);
        return {};
    }
    void unshare(const std::string& filter) override {
        const std::lock_guard hold(mutex_);
        calls_.push_back("ends " + filter);
        hearers_.erase(filter);
        changed_.notify_all();
    }
    // Those that came, when there are so many.
    std::vector<std::string> calls(std::size_t count) {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [&] { return calls_.size() >= count; });
        return calls_;
    }
    void give(const std::string& filter, std::string_view bytes, mqtt::share_turn_ptr turn) {
        turn_hearer hear;
        {
            const std::lock_guard hold(mutex_);
            hear = hearers_.at(filter);
        }
        hear(bytes, std::move(turn));
    }

    std::atomic<bool> fails = false;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> calls_;
    std::map<std::string, turn_hearer> hearers_;
};

struct a_turn final : mqtt::share_turn {
    void done() override { is_done = true; }
    bool is_done = false;
};

// Released when the last copy goes.
class ready_sign {
public:
    mqtt::receipt give() {
        return {new int(0), [this](int* it) {
                    delete it;
                    const std::lock_guard hold(mutex_);
                    ++count_;
                    changed_.notify_all();
                }};
    }
    void wait() {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [this] { return count_ > 0; });
    }
    int count() {
        const std::lock_guard hold(mutex_);
        return count_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

class shares_of_a_node : public testing::Test {
protected:
    shares_of_a_node() {
        shares_.begin([this](const std::string& filter, const mqtt::message_ptr& message,
                             mqtt::share_turn_ptr turn) {
            taken_.push_back(filter + " " + message->topic);
            turns_.push_back(std::move(turn));
        });
    }
    std::string message(std::string topic) {
        auto made = std::make_shared<mqtt::stored_message>();
        made->topic = std::move(topic);
        made->payload = std::make_shared<const std::string>("x");
        made->level = mqtt::qos::at_least_once;
        envelope said;
        said.origin = "other";
        said.message = made;
        return encode_envelope(said);
    }

    simulated_bus bus_;
    shares shares_{bus_, logger()};
    ready_sign ready_;
    std::vector<std::string> taken_;
    std::vector<mqtt::share_turn_ptr> turns_;
};

TEST_F(shares_of_a_node, take_part_from_the_first_member_to_the_last) {
    shares_.joined("$share/g/a", "one", false, ready_.give());
    ready_.wait();
    shares_.joined("$share/g/a", "two", false, nullptr);
    shares_.left("$share/g/a", "one");
    shares_.left("$share/g/a", "one");
    shares_.joined("$share/g/b", "one", false, nullptr);
    EXPECT_THAT(bus_.calls(2), ElementsAre("shares $share/g/a", "shares $share/g/b"));
    shares_.left("$share/g/a", "two");
    EXPECT_EQ(bus_.calls(3).back(), "ends $share/g/a");
}

TEST_F(shares_of_a_node, are_kept_from_the_first_member_whose_session_is) {
    shares_.joined("$share/g/a", "one", false, ready_.give());
    ready_.wait();
    shares_.joined("$share/g/a", "one", true, nullptr);
    ready_sign last;
    shares_.joined("$share/g/a", "two", true, last.give());
    last.wait();
    EXPECT_THAT(bus_.calls(2), ElementsAre("shares $share/g/a", "keeps $share/g/a"));
}

TEST_F(shares_of_a_node, are_ready_when_the_bus_has_them_and_try_again_until_then) {
    bus_.fails = true;
    shares_.joined("$share/g/a", "one", false, ready_.give());
    bus_.calls(1);
    EXPECT_EQ(ready_.count(), 0);
    bus_.fails = false;
    shares_.look();
    ready_.wait();
    EXPECT_EQ(bus_.calls(2).size(), 2U);
}

TEST_F(shares_of_a_node, bring_what_the_filter_matches_and_end_the_turn_of_the_rest) {
    shares_.joined("$share/g/#", "one", false, ready_.give());
    ready_.wait();
    const auto turn = std::make_shared<a_turn>();
    bus_.give("$share/g/#", message("a/b"), turn);
    EXPECT_THAT(taken_, ElementsAre("$share/g/# a/b"));
    EXPECT_FALSE(turn->is_done);
    // A subject that NATS matches and MQTT does not; and what nobody can read.
    for (const auto& each : {message("$aws/things/x"), std::string("rubbish")}) {
        const auto other = std::make_shared<a_turn>();
        bus_.give("$share/g/#", each, other);
        EXPECT_TRUE(other->is_done);
    }
    EXPECT_THAT(taken_, ElementsAre("$share/g/# a/b"));
}

TEST_F(shares_of_a_node, are_no_more_than_the_bus_has_threads_for) {
    for (std::size_t i = 0; i < shares::most; ++i) {
        EXPECT_TRUE(shares_.has_room()) << i;
        shares_.joined("$share/g/" + std::to_string(i), "one", false, nullptr);
    }
    EXPECT_FALSE(shares_.has_room());
    shares_.left("$share/g/0", "one");
    while (!shares_.has_room()) {
        bus_.calls(1);
    }
}

TEST_F(shares_of_a_node, let_go_whoever_waits_when_the_node_stops) {
    bus_.fails = true;
    shares_.joined("$share/g/a", "one", false, ready_.give());
    bus_.calls(1);
    shares_.stop();
    EXPECT_EQ(ready_.count(), 1);
    shares_.joined("$share/g/a", "one", false, nullptr);
    EXPECT_EQ(bus_.calls(1).size(), 1U);
}

}  // namespace
}  // namespace evergrass::cloud
