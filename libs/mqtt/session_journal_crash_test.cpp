#include "libs/log_store/testing/crashing_file_system.hpp"
#include "libs/mqtt/session_journal.hpp"
#include "libs/mqtt/test_journal_state.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Random histories of calls with power cuts at every operation of the disk. A model of the test's
// own knows what each call should do; after each cut, what the journal gives back has to be the
// state after some call, and none that durable() covered may be missing. How many calls go into
// one write is up to the threads: a seed gives the calls and the disk's operation of each cut.
namespace evergrass::mqtt {
namespace {

using log_store::testing::crashing_file_system;
using log_store::testing::fault;
using progress = session_journal::delivery::progress;
using sequence = session_journal::sequence;

struct expected_session {
    session_journal::kept_session head;
    std::map<std::string, session_journal::subscription> subscriptions;
    std::map<std::uint64_t, session_journal::delivery> deliveries;
    std::set<std::uint16_t> received;
};

struct expected_state {
    std::map<std::string, expected_session> sessions;
    std::map<std::pair<std::string, std::string>, message_ptr> retained;

    std::string text() const {
        std::string all;
        for (const auto& [client, s] : sessions) {
            auto whole = s.head;
            for (const auto& [filter, sub] : s.subscriptions) {
                whole.subscriptions.push_back(sub);
            }
            for (const auto& [order, d] : s.deliveries) {
                whole.deliveries.push_back(d);
            }
            whole.received_packet_ids.assign(s.received.begin(), s.received.end());
            all += to_text(whole);
        }
        for (const auto& [key, m] : retained) {
            all += "retained " + to_text(m) + "\n";
        }
        return all;
    }
};

constexpr std::uint64_t max_bytes = 384 * 1024;

class history {
public:
    // `largest` payload or will, in bytes.
    history(std::uint64_t seed, std::size_t largest)
        : random_(seed), disk_(seed), largest_(largest) {}

    crashing_file_system& disk() { return disk_; }
    std::uint64_t rewritten() const { return rewritten_; }
    std::uint64_t refused() const { return refused_; }
    std::uint64_t kept_things() const { return kept_things_; }
    std::uint64_t most_log_bytes() const { return most_log_bytes_; }

    // False: the disk fails meanwhile.
    bool open() {
        auto opened = session_journal::open(disk_, {"/sessions", max_bytes}, time_, {});
        if (!opened) {
            return false;
        }
        journal_ = std::move(*opened);
        last_ = journal_->durable();
        return true;
    }

    // Until the power is off or all calls are made.
    void run(std::uint64_t calls) {
        for (std::uint64_t i = 0; i < calls && !disk_.power_is_off(); ++i) {
            step();
            if (below(8) == 0) {
                wait();
            }
        }
        for (auto more = below(4); more > 0; --more) {
            step();  // the power may be off, but nobody has noticed
        }
    }

    void stop_and_check(bool with_power_cut) {
        const bool saved = static_cast<bool>(journal_->stop());
        const auto durable = journal_->durable();
        EXPECT_TRUE(!saved || durable >= last_) << durable << " of " << last_;
        const auto numbers = journal_->numbers();
        rewritten_ += numbers.rewritten;
        most_log_bytes_ = std::max(most_log_bytes_, numbers.log_bytes);
        journal_.reset();
        if (with_power_cut || disk_.power_is_off()) {
            disk_.restart();
        } else {
            disk_.kill_process();
        }
        check(durable);
    }

    void crash_while_opening_and_check(std::uint64_t operation) {
        EXPECT_TRUE(journal_->stop());
        journal_.reset();
        disk_.cut_power_at(disk_.operations() + operation);
        if (open()) {
            (void)journal_->stop();
            journal_.reset();
        }
        disk_.restart();
        check(UINT64_MAX);
    }

private:
    // A call, and what it does if it is there after a cut.
    struct call {
        sequence number;
        std::function<void(expected_state&)> effect;
    };

    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    std::string any_client() { return "client " + std::to_string(below(4)); }

    // Waits for what was done last, as long as there is a disk to wait for.
    void wait() {
        while (journal_->durable() < last_ && !disk_.power_is_off() &&
               !journal_->numbers().failing) {
            std::this_thread::yield();
        }
    }

    message_ptr any_message() {
        const auto kind = below(12);
        const auto size = kind == 0 ? below(largest_) : kind < 6 ? below(2000) : below(60);
        return a_message("topic/" + std::to_string(below(5)),
                         std::string(size, static_cast<char>('a' + below(26))));
    }

    void step() {
        const auto what = below(100);
        if (what < 12) {
            session_step();
        } else if (what < 22) {
            subscription_step();
        } else if (what < 55) {
            message_step();
        } else if (what < 92) {
            delivery_step();
        } else {
            retained_step();
        }
    }

    void did(sequence number, std::function<void(expected_state&)> effect) {
        ASSERT_GE(number, last_);
        last_ = number;
        effect(now_);
        calls_.push_back({number, std::move(effect)});
    }
    // The same for what happens to a session, if there is one.
    void did(sequence number, const std::string& client,
             std::function<void(expected_session&)> effect) {
        did(number, [client, effect = std::move(effect)](expected_state& s) {
            if (const auto found = s.sessions.find(client); found != s.sessions.end()) {
                effect(found->second);
            }
        });
    }

    void session_step() {
        const auto client = any_client();
        const auto version = below(2) == 0 ? protocol_version::v5 : protocol_version::v3_1_1;
        const auto expiry = 0xFFFF'FFFF - static_cast<std::uint32_t>(below(2));
        const auto what = !now_.sessions.contains(client) ? 0 : below(12);
        if (what < 2) {
            return did(journal_->session_begun(client, version, expiry), [=](expected_state& s) {
                s.sessions[client] = {};
                s.sessions[client].head.client_id = client;
                s.sessions[client].head.version = version;
                s.sessions[client].head.expiry_seconds = expiry;
            });
        }
        if (what < 4) {
            return did(journal_->session_ended(client),
                       [=](expected_state& s) { s.sessions.erase(client); });
        }
        if (what < 6) {
            return did(journal_->will_done(client), client,
                       [](expected_session& s) { s.head.delayed_will.reset(); });
        }
        if (what < 9) {
            return did(journal_->session_resumed(client, version, expiry), client,
                       [=](expected_session& s) {
                           s.head.version = version;
                           s.head.expiry_seconds = expiry;
                           s.head.left_at.reset();
                           s.head.delayed_will.reset();
                       });
        }
        const auto at = time_.now() - std::chrono::seconds(below(100));
        std::optional<session_journal::will> will;
        if (below(2) == 0) {
            will = {any_message(), time_.now() + std::chrono::seconds(9)};
        }
        did(journal_->session_left(client, expiry, at, will), client, [=](expected_session& s) {
            s.head.expiry_seconds = expiry;
            s.head.left_at = at;
            s.head.delayed_will = will;
        });
    }

    void subscription_step() {
        const auto client = any_client();
        const auto filter = "filter/" + std::to_string(below(6));
        if (below(3) == 0) {
            return did(journal_->unsubscribed(client, filter), client,
                       [=](expected_session& s) { s.subscriptions.erase(filter); });
        }
        const session_journal::subscription added{
            filter,
            {static_cast<qos>(below(3)), below(2) == 0, below(2) == 0,
             static_cast<retain_handling>(below(3))},
            static_cast<std::uint32_t>(below(1000))};
        did(journal_->subscribed(client, added), client,
            [=](expected_session& s) { s.subscriptions[filter] = added; });
    }

    void message_step() {
        const auto what = any_message();
        std::vector<session_journal::delivery> to;
        for (auto count = below(3) == 0 ? below(5) : 1; count > 0; --count) {
            auto d = a_delivery(any_client(), next_order_++, static_cast<std::uint16_t>(below(9)),
                                static_cast<qos>(1 + below(2)));
            d.retain = below(2) == 0;
            d.subscription_ids.assign(below(3), static_cast<std::uint32_t>(below(1 << 20)));
            to.push_back(std::move(d));
        }
        std::optional<session_journal::received_id> from;
        const auto sender = any_client();
        const auto packet_id = static_cast<std::uint16_t>(below(20));
        if (below(3) == 0) {
            from = session_journal::received_id{sender, packet_id};
        }
        const auto number = journal_->message(what, to, from);
        if (!number) {
            ++refused_;
            return;
        }
        did(*number, [=, received = from.has_value()](expected_state& s) {
            for (auto d : to) {
                if (const auto found = s.sessions.find(d.client_id); found != s.sessions.end()) {
                    d.message = what;
                    found->second.deliveries[d.order] = d;
                }
            }
            if (const auto found = s.sessions.find(sender); received && found != s.sessions.end()) {
                found->second.received.insert(packet_id);
            }
        });
    }

    void delivery_step() {
        const auto client = any_client();
        if (below(4) == 0) {
            const auto packet_id = static_cast<std::uint16_t>(below(20));
            return did(journal_->released(client, packet_id), client,
                       [=](expected_session& s) { s.received.erase(packet_id); });
        }
        // Mostly the oldest, as clients do; sometimes one stays behind for long.
        std::uint64_t order = below(10);
        if (const auto found = now_.sessions.find(client);
            found != now_.sessions.end() && !found->second.deliveries.empty()) {
            const auto& all = found->second.deliveries;
            const auto nth = below(3) == 0 ? below(all.size()) : 0;
            order = std::next(all.begin(), static_cast<std::ptrdiff_t>(nth))->first;
        }
        const auto what = below(8);
        if (what < 2) {
            return did(journal_->sent(client, order), client, [=](expected_session& s) {
                if (const auto found = s.deliveries.find(order); found != s.deliveries.end()) {
                    found->second.state = std::max(found->second.state, progress::sent);
                }
            });
        }
        if (what < 4) {
            return did(journal_->pubrec_came(client, order), client, [=](expected_session& s) {
                if (const auto found = s.deliveries.find(order); found != s.deliveries.end()) {
                    found->second.state = progress::received;
                    found->second.message = nullptr;
                    found->second.subscription_ids.clear();
                }
            });
        }
        did(journal_->finished(client, order), client,
            [=](expected_session& s) { s.deliveries.erase(order); });
    }

    void retained_step() {
        const auto what = any_message();
        const std::pair key{what->source, what->topic};
        if (below(3) == 0 || what->payload->empty()) {
            return did(journal_->retained_cleared(what->source, what->topic),
                       [=](expected_state& s) { s.retained.erase(key); });
        }
        const auto number = journal_->retained(what);
        if (!number) {
            ++refused_;
            return;
        }
        did(*number, [=](expected_state& s) { s.retained[key] = what; });
    }

    void check(sequence durable) {
        ASSERT_TRUE(open());
        const auto sessions = journal_->take_sessions();
        const auto found = to_text(sessions, journal_->take_retained());
        std::size_t made = 0;
        for (; made < calls_.size() && calls_[made].number <= durable; ++made) {
            calls_[made].effect(before_);
        }
        const auto oldest = made;
        for (; before_.text() != found; ++made) {
            ASSERT_LT(made, calls_.size())
                << "it is the state after none of the " << calls_.size() << " calls from the "
                << oldest << "th on, all before which " << durable << " covers";
            calls_[made].effect(before_);
        }
        kept_things_ += static_cast<std::uint64_t>(std::count(found.begin(), found.end(), '\n'));
        now_ = before_;
        calls_.clear();
        // Those that were connected are away since this start; to end nobody does nothing.
        did(journal_->session_ended("nobody"), [at = time_.now()](expected_state& s) {
            for (auto& [client, session] : s.sessions) {
                session.head.left_at = session.head.left_at.value_or(at);
            }
        });
    }

    std::mt19937_64 random_;
    crashing_file_system disk_;
    turned_clock time_;
    std::size_t largest_;
    expected_state before_;    // when it was opened
    std::vector<call> calls_;  // since then
    expected_state now_;
    sequence last_ = 0;
    std::uint64_t next_order_ = 1;
    std::uint64_t rewritten_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t kept_things_ = 0;
    std::uint64_t most_log_bytes_ = 0;
    std::unique_ptr<session_journal> journal_;
};

std::uint64_t distance(std::mt19937_64& random) {
    return 1 + random() % (random() % 4 == 0 ? 80 : 16);
}

TEST(session_journal_crash, what_was_durable_is_back_after_a_power_cut_and_then_a_prefix) {
    std::uint64_t cuts = 0;
    std::uint64_t kept = 0;
    std::uint64_t rewritten = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        history calls(seed, 20'000);
        ASSERT_TRUE(calls.open());
        for (int cut = 0; cut < 50; ++cut, ++cuts) {
            SCOPED_TRACE("cut " + std::to_string(cut));
            calls.disk().cut_power_at(calls.disk().operations() + distance(random));
            calls.run(2000);
            calls.stop_and_check(true);
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
        kept += calls.kept_things();
        rewritten += calls.rewritten();
        EXPECT_LE(calls.most_log_bytes(), max_bytes);
    }
    EXPECT_GE(cuts, 1500u);
    EXPECT_GT(kept, 20 * cuts);       // the journals were not empty
    EXPECT_GT(rewritten, cuts / 10);  // and compacted; how often is up to the threads
}

TEST(session_journal_crash, so_it_is_when_the_power_goes_while_it_is_read) {
    for (std::uint64_t seed = 1001; seed <= 1012; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        history calls(seed, 10'000);
        ASSERT_TRUE(calls.open());
        for (int cut = 0; cut < 20; ++cut) {
            SCOPED_TRACE("cut " + std::to_string(cut));
            calls.disk().cut_power_at(calls.disk().operations() + distance(random));
            calls.run(300);
            calls.stop_and_check(random() % 2 == 0);
            calls.crash_while_opening_and_check(1 + random() % 5);
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
    }
}

TEST(session_journal_crash, so_it_is_when_the_disk_failed_before_and_changes_were_held_back) {
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 2001; seed <= 2025; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        history calls(seed, 40'000);  // so that what may wait in memory is soon reached
        ASSERT_TRUE(calls.open());
        for (int cut = 0; cut < 10; ++cut) {
            SCOPED_TRACE("cut " + std::to_string(cut));
            const auto now = calls.disk().operations();
            const auto kinds = {fault::disk_full, fault::io_error, fault::read_only};
            calls.disk().inject(*(kinds.begin() + random() % 3), now + distance(random), 1'000'000);
            calls.run(300);
            if (random() % 2 == 0) {
                calls.disk().clear_faults();
            }
            if (random() % 2 == 0) {
                calls.disk().cut_power_at(calls.disk().operations() + 1 + random() % 6);
            }
            calls.stop_and_check(true);
            calls.disk().clear_faults();
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
        refused += calls.refused();
    }
    EXPECT_GT(refused, 400u);
}

}  // namespace
}  // namespace evergrass::mqtt
