#include "edge/router/router.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// Publishes N messages by a table of S subscriptions of S devices and ends: for tools that count
// instructions. bench/route_instructions.py subtracts two runs of it.
int main(int argc, char** argv) {
    using namespace evergrass;
    if (argc != 3) {
        std::fputs("usage: route_count SUBSCRIPTIONS MESSAGES\n", stderr);
        return 2;
    }
    struct taking_sink : edge::sink {
        std::optional<edge::drop_reason> deliver(const edge::endpoint&, const edge::endpoint&,
                                                 const edge::message&) override {
            return std::nullopt;
        }
    } sink;
    const auto devices = std::strtoul(argv[1], nullptr, 10);
    const auto count = std::strtoul(argv[2], nullptr, 10);
    const std::string before = "arn:aws:iot:us-east-1:123456789012:thing/device-";
    std::vector<contract::subscription> subscriptions;
    std::vector<edge::endpoint> sources;
    for (std::size_t i = 0; i < devices; ++i) {
        subscriptions.push_back({std::to_string(i), before + std::to_string(i),
                                 "site/+/temperature", before + std::to_string((i + 1) % devices)});
        sources.push_back({edge::endpoint_kind::device, "device-" + std::to_string(i)});
    }
    edge::router messages{logger()};
    messages.set_sink(edge::endpoint_kind::device, &sink);
    messages.set_table(edge::routing_table::build(subscriptions).value());
    const edge::message m{"site/7/temperature", std::make_shared<const std::string>(64, 'x')};
    for (std::size_t i = 0; i < count; ++i) {
        messages.publish(sources[i * 7919 % devices], m);
    }
    return messages.delivered() == count ? 0 : 1;
}
