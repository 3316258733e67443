#include "libs/shadow/messages.hpp"
#include "libs/shadow/stored.hpp"

#include <benchmark/benchmark.h>

// What an update of a shadow of about 8 KB costs, step by step.
namespace evergrass::shadow {
namespace {

// `desired` and `reported` alike but for one leaf in eight: 40 objects of 6 leaves in each.
std::string full_update(std::string_view section, int round) {
    std::string text = R"({"state":{")" + std::string(section) + R"(":{)";
    for (int object = 0; object < 40; ++object) {
        text +=
            (object == 0 ? "\"" : ",\"") + std::string("part") + std::to_string(object) + "\":{";
        for (int leaf = 0; leaf < 6; ++leaf) {
            const bool changes = (object * 6 + leaf) % 8 == 0;
            text += (leaf == 0 ? "\"" : ",\"") + std::string("leaf") + std::to_string(leaf) +
                    "\":" + std::to_string(changes ? round : 100'000);
        }
        text += "}";
    }
    return text + "}}}";
}

update_request parsed(const std::string& payload) {
    client_token token;
    return *parse_update(payload, token);
}

document full_document() {
    document made;
    made = *apply(made, parsed(full_update("desired", 1)), 1);
    return *apply(made, parsed(full_update("reported", 2)), 2);
}

void parse_8_kb(benchmark::State& state) {
    const auto payload = full_update("reported", 3);
    for (auto _ : state) {
        client_token token;
        benchmark::DoNotOptimize(parse_update(payload, token));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(payload.size()));
}
BENCHMARK(parse_8_kb);

// The document is moved through, as an owner that keeps it in memory does.
void merge_all_leaves(benchmark::State& state) {
    auto made = full_document();
    const auto update = parsed(full_update("reported", 3));
    for (auto _ : state) {
        made = *apply(std::move(made), update, 3);
    }
}
BENCHMARK(merge_all_leaves);

void merge_one_leaf(benchmark::State& state) {
    auto made = full_document();
    const auto update = parsed(R"({"state":{"reported":{"part7":{"leaf3":9}}}})");
    for (auto _ : state) {
        made = *apply(std::move(made), update, 3);
    }
}
BENCHMARK(merge_one_leaf);

void find_delta(benchmark::State& state) {
    const auto made = full_document();
    for (auto _ : state) {
        benchmark::DoNotOptimize(delta_of(made));
    }
}
BENCHMARK(find_delta);

void print_stored(benchmark::State& state) {
    const auto made = full_document();
    for (auto _ : state) {
        benchmark::DoNotOptimize(to_stored_text(made));
    }
}
BENCHMARK(print_stored);

void read_stored(benchmark::State& state) {
    const auto text = to_stored_text(full_document());
    for (auto _ : state) {
        benchmark::DoNotOptimize(from_stored_text(text, 2));
    }
}
BENCHMARK(read_stored);

void print_documents(benchmark::State& state) {
    const auto made = full_document();
    for (auto _ : state) {
        benchmark::DoNotOptimize(update_documents(made, made, 3, {}));
    }
}
BENCHMARK(print_documents);

}  // namespace
}  // namespace evergrass::shadow
