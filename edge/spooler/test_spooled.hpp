#pragma once

#include "edge/spooler/spooler.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"
#include "libs/rt/test_run.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace evergrass::edge::testing {

// A spooler on a simulated disk, and what became of numbered messages. Message n has the payload
// "n:" and as many bytes behind it as were asked for.
class spooled {
public:
    explicit spooled(std::uint64_t seed = 1) : disk(seed) {
        limits.removal_delay = std::chrono::milliseconds(1);
        limits.retry_delay = std::chrono::milliseconds(1);
    }
    ~spooled() { forget(); }

    result<void> open(spool_storage storage = spool_storage::file_system) {
        settings.storage = storage;
        queue =
            std::make_unique<spooler>(io.get_executor(), disk, "/spool", time, logger(), limits);
        queue->on_loss = [this](spooler::loss why, std::string_view topic) {
            ++lost[static_cast<std::size_t>(why)];
            lost_topics.emplace_back(topic);
        };
        queue->on_ready = [this] { ++ready; };
        return queue->open(settings);
    }

    // As if the process was killed: what it holds is gone, and no receipt counts any more.
    void forget() {
        listening_ = false;
        queue.reset();
        io.restart();
        io.poll();
        listening_ = true;
    }

    bool push(int n, std::size_t more = 0, const std::string& topic = "t") {
        auto receipt = std::shared_ptr<void>(this, [this, n](void*) {
            if (listening_) {
                acknowledged.insert(n);
            }
        });
        return queue->push(
            topic,
            std::make_shared<const std::string>(std::to_string(n) + ":" + std::string(more, 'x')),
            std::move(receipt));
    }
    static int number_of(const spooled_message& m) { return std::stoi(*m.payload); }

    template <class Condition>
    void until(Condition done) {
        rt::testing::poll_until(io, done);
    }
    // Takes and finishes everything, as the cloud would; the numbers in order.
    std::vector<int> drain() {
        std::vector<int> got;
        until([&] {
            while (const auto m = queue->next()) {
                got.push_back(number_of(*m));
                queue->done(m->number);
            }
            return queue->numbers().messages == 0;
        });
        return got;
    }
    std::uint64_t lost_as(spooler::loss why) const { return lost[static_cast<std::size_t>(why)]; }
    std::uint64_t disk_bytes() { return disk.bytes_in("/spool"); }

    boost::asio::io_context io;
    log_store::testing::crashing_file_system disk;
    clock time;
    spooler_limits limits;
    spool_settings settings;
    std::unique_ptr<spooler> queue;
    std::set<int> acknowledged;
    std::array<std::uint64_t, 3> lost{};
    std::vector<std::string> lost_topics;
    int ready = 0;

private:
    bool listening_ = true;
};

inline std::vector<int> from_to(int from, int to) {
    std::vector<int> made;
    for (; from <= to; ++from) {
        made.push_back(from);
    }
    return made;
}

}  // namespace evergrass::edge::testing
