// Publishing from several threads while tables are replaced; meant for the `tsan` preset.
#include "edge/router/router.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace evergrass::edge {
namespace {

std::string thing(const std::string& name) {
    return "arn:aws:iot:us-east-1:123456789012:thing/" + name;
}

// Two targets, both of this generation.
std::shared_ptr<const routing_table> table_of(int generation) {
    const auto suffix = std::to_string(generation);
    return *routing_table::build(
        {{"1", "cloud", "t/#", thing("a" + suffix)}, {"2", "cloud", "t/+", thing("b" + suffix)}});
}

// Remembers, by thread, what one publish() reached.
struct generation_sink : sink {
    std::optional<drop_reason> deliver(const endpoint&, const endpoint& target,
                                       const message&) override {
        reached() += target.name + " ";
        return std::nullopt;
    }
    static std::string& reached() {
        thread_local std::string names;
        return names;
    }
};

TEST(router_threads, each_message_goes_wholly_by_one_table_while_tables_are_replaced) {
    constexpr int threads = 3;
    constexpr int tables = 300;
    router messages{logger()};
    generation_sink devices;
    messages.set_sink(endpoint_kind::device, &devices);
    messages.set_table(table_of(0));
    std::atomic<int> newest{0};
    std::atomic<bool> stop{false};
    std::atomic<int> ready{0};
    std::vector<std::thread> running;
    for (int n = 0; n < threads; ++n) {
        running.emplace_back([&] {
            routing_lane lane(messages);
            const endpoint cloud{endpoint_kind::cloud, ""};
            const message m{"t/x", std::make_shared<const std::string>("x")};
            int last = 0;
            bool first = true;
            while (first || !stop) {
                const int before = newest;
                generation_sink::reached().clear();
                const auto report = lane.publish(cloud, m);
                EXPECT_EQ(report.delivered, 2U);
                const auto seen = std::stoi(generation_sink::reached().substr(1));
                const auto suffix = std::to_string(seen);
                EXPECT_EQ(generation_sink::reached(), "a" + suffix + " b" + suffix + " ");
                // Never an older table than one that was known to be set, nor back again.
                EXPECT_GE(seen, before);
                EXPECT_GE(seen, last);
                last = seen;
                if (first) {
                    ++ready;
                    first = false;
                }
            }
        });
    }
    while (ready < threads) {
        std::this_thread::yield();
    }
    for (int generation = 1; generation <= tables; ++generation) {
        messages.set_table(table_of(generation));
        newest = generation;
        EXPECT_EQ(messages.carried().messages.size(), 2U);
        EXPECT_GE(messages.delivered(), 2U * threads);  // counters are read while they are written
    }
    stop = true;
    for (auto& one : running) {
        one.join();
    }
    const auto all = messages.routed();
    const auto cloud = static_cast<std::size_t>(endpoint_kind::cloud);
    EXPECT_EQ(messages.delivered(), 2 * all.published[cloud]);
    EXPECT_EQ(messages.tables_set(), 1U + tables);
}

}  // namespace
}  // namespace evergrass::edge
