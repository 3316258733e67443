#include "edge/router/table.hpp"

#include <benchmark/benchmark.h>
#include <string>
#include <vector>

// The cost of one look-up in routing tables of 10 to 10,000 subscriptions. What matches stays the
// same (one target, or none), so the times of one row must not grow with the table.
namespace {

using namespace evergrass;

std::string thing(std::size_t number) {
    return "arn:aws:iot:us-east-1:123456789012:thing/device-" + std::to_string(number);
}

// All of one source, because other sources' subscriptions are not looked at anyway.
std::shared_ptr<const edge::routing_table> table_of(std::size_t size, const std::string& suffix) {
    std::vector<contract::subscription> subscriptions;
    for (std::size_t i = 0; i < size; ++i) {
        const auto number = std::to_string(i);
        subscriptions.push_back({number, thing(0), "site/" + number + "/" + suffix, thing(1 + i)});
    }
    return edge::routing_table::build(subscriptions).value();
}

void look_up(benchmark::State& state, const edge::routing_table& table, const std::string& topic) {
    const edge::endpoint source{edge::endpoint_kind::device, "device-0"};
    std::vector<const edge::endpoint*> targets;
    for (auto _ : state) {
        targets.clear();
        table.match(source, topic, targets);
        benchmark::DoNotOptimize(targets.data());
    }
    state.counters["targets"] = static_cast<double>(targets.size());
}

void exact_subject(benchmark::State& state) {
    const auto table = table_of(static_cast<std::size_t>(state.range(0)), "temperature");
    look_up(state, *table, "site/7/temperature");
}
BENCHMARK(exact_subject)->RangeMultiplier(10)->Range(10, 10'000);

void wildcard_subject(benchmark::State& state) {
    const auto table = table_of(static_cast<std::size_t>(state.range(0)), "+");
    look_up(state, *table, "site/7/temperature");
}
BENCHMARK(wildcard_subject)->RangeMultiplier(10)->Range(10, 10'000);

void no_subject(benchmark::State& state) {
    const auto table = table_of(static_cast<std::size_t>(state.range(0)), "+");
    look_up(state, *table, "elsewhere/7/temperature");
}
BENCHMARK(no_subject)->RangeMultiplier(10)->Range(10, 10'000);

}  // namespace
