#include "libs/mqtt/testing/history.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

// Random histories. A seed that fails is printed. MQTT_BROKER_SEED=n runs that one alone, n+count
// so many from there; with MQTT_BROKER_TRACE=1 all packets are written to stderr.
namespace evergrass::mqtt::testing {
namespace {

void run_one(history_settings settings, unsigned seed) {
    std::mt19937 random(seed);
    settings.limits = seed;
    settings.roll = [&random](unsigned below) { return static_cast<unsigned>(random()) % below; };
    if (std::getenv("MQTT_BROKER_TRACE") != nullptr) {
        settings.trace = [](const std::string& line) { std::cerr << line << '\n'; };
    }
    history one(settings);
    for (int i = 0; i < 200; ++i) {
        one.step();
    }
    one.finish();
}

void run_seeds(const history_settings& settings, unsigned count) {
    unsigned first = 1;
    if (const char* const wanted = std::getenv("MQTT_BROKER_SEED")) {
        char* rest = nullptr;
        first = static_cast<unsigned>(std::strtoul(wanted, &rest, 10));
        count = *rest == '+' ? static_cast<unsigned>(std::strtoul(rest + 1, nullptr, 10)) : 1;
    }
    for (unsigned seed = first; seed < first + count; ++seed) {
        try {
            run_one(settings, seed);
        } catch (const broken_rule& why) {
            FAIL() << "MQTT_BROKER_SEED=" << seed << ": " << why.what();
        }
    }
}

TEST(broker_random, histories_on_one_shard_keep_to_the_rules) {
    run_seeds({1, false, false, 0, {}}, 300);
}

TEST(broker_random, histories_on_three_shards_keep_to_the_rules) {
    run_seeds({3, false, false, 0, {}}, 300);
}

TEST(broker_random, histories_with_a_journal_keep_to_the_rules) {
    run_seeds({1, true, false, 0, {}}, 300);
}

TEST(broker_random, histories_with_crashes_keep_to_the_rules) {
    run_seeds({1, true, true, 0, {}}, 400);
}

TEST(broker_random, histories_with_a_journal_on_three_shards_keep_to_the_rules) {
    run_seeds({3, true, false, 0, {}}, 200);
}

TEST(broker_random, histories_with_crashes_on_three_shards_keep_to_the_rules) {
    run_seeds({3, true, true, 0, {}}, 300);
}

}  // namespace
}  // namespace evergrass::mqtt::testing
