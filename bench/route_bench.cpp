#include "edge/router/router.hpp"

#include <benchmark/benchmark.h>
#include <string>
#include <vector>

// The cost of routing alone, with tables of 10 to 100,000 subscriptions. What matches stays the
// same (one target, or none), so the times of one row must not grow with the table, but for what
// the processor's caches make of it. bench/route_instructions.py counts instructions, which neither
// caches nor a busy machine change.
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
BENCHMARK(exact_subject)->RangeMultiplier(10)->Range(10, 100'000);

void wildcard_subject(benchmark::State& state) {
    const auto table = table_of(static_cast<std::size_t>(state.range(0)), "+");
    look_up(state, *table, "site/7/temperature");
}
BENCHMARK(wildcard_subject)->RangeMultiplier(10)->Range(10, 100'000);

void no_subject(benchmark::State& state) {
    const auto table = table_of(static_cast<std::size_t>(state.range(0)), "+");
    look_up(state, *table, "elsewhere/7/temperature");
}
BENCHMARK(no_subject)->RangeMultiplier(10)->Range(10, 100'000);

// Takes everything.
struct taking_sink : edge::sink {
    std::optional<edge::drop_reason> deliver(const edge::endpoint&, const edge::endpoint&,
                                             const edge::message&) override {
        ++taken;
        return std::nullopt;
    }
    std::uint64_t taken = 0;
};

// One message through the router, of as many devices as there are subscriptions: each sends to its
// neighbour. Another device at each turn, so the table is walked all over.
void publish_among_devices(benchmark::State& state) {
    const auto devices = static_cast<std::size_t>(state.range(0));
    std::vector<contract::subscription> subscriptions;
    std::vector<edge::endpoint> sources;
    for (std::size_t i = 0; i < devices; ++i) {
        subscriptions.push_back(
            {std::to_string(i), thing(i), "site/+/temperature", thing((i + 1) % devices)});
        sources.push_back({edge::endpoint_kind::device, "device-" + std::to_string(i)});
    }
    edge::router messages{logger()};
    taking_sink sink;
    messages.set_sink(edge::endpoint_kind::device, &sink);
    messages.set_table(edge::routing_table::build(subscriptions).value());
    const edge::message m{"site/7/temperature", std::make_shared<const std::string>(64, 'x')};
    std::size_t next = 0;
    for (auto _ : state) {
        messages.publish(sources[next], m);
        next = (next + 7919) % devices;  // a prime: all are visited
    }
    state.counters["taken"] =
        benchmark::Counter(static_cast<double>(sink.taken), benchmark::Counter::kAvgIterations);
}
BENCHMARK(publish_among_devices)->RangeMultiplier(10)->Range(10, 100'000);

// A message that is dropped, counted and remembered.
void publish_without_route(benchmark::State& state) {
    edge::router messages{logger()};
    const edge::endpoint source{edge::endpoint_kind::device, "device-0"};
    const edge::message m{"site/7/temperature", std::make_shared<const std::string>(64, 'x')};
    for (auto _ : state) {
        benchmark::DoNotOptimize(messages.publish(source, m));
    }
}
BENCHMARK(publish_without_route);

}  // namespace
