#include "edge/shadows/sync_model.hpp"
#include "libs/shadow/print.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>

// Seeded histories of two writers, a network that fails and a core that is killed. Each history is
// one number: EVERGRASS_SYNC_SEED=N runs that one alone, EVERGRASS_SYNC_HISTORIES=N so many from 1
// on; both together so many from that seed on.
namespace evergrass::edge {
namespace {

using testing_sync::sync_world;

const shadow::shadow_id thing{"T", ""};

std::optional<std::uint64_t> number_from(const char* variable) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::optional<std::uint64_t>(std::strtoull(text, nullptr, 10))
                           : std::nullopt;
}

// Under the sanitizers each takes many times as long.
#ifdef NDEBUG
constexpr std::uint64_t usual_histories = 5'000;
#else
constexpr std::uint64_t usual_histories = 1'000;
#endif

struct history {
    explicit history(std::uint64_t number)
        : seed(number), world(number), deletes(world.chance(50)) {}

    // A few leaves that both write, in either section, some of them in objects that come and go.
    std::string shared_change() {
        static constexpr std::array<const char*, 10> changes = {
            R"({"desired":{"a":#}})",
            R"({"desired":{"b":[#,{"x":1}]}})",
            R"({"desired":{"o":{"x":#}}})",
            R"({"desired":{"o":{"y":#,"x":null}}})",
            R"({"desired":{"o":#}})",
            R"({"desired":{"a":null}})",
            R"({"reported":{"a":#,"o":{"x":{"z":#}}}})",
            R"({"reported":{"o":null}})",
            R"({"desired":{"a":#},"reported":{"a":#}})",
            R"({"desired":{"o":{}},"reported":{"b":"#"}})"};
        return filled(changes[world.random()() % changes.size()]);
    }
    std::string filled(std::string text) {
        const auto value = std::to_string(++values);
        for (auto at = text.find('#'); at != std::string::npos; at = text.find('#')) {
            text.replace(at, 1, value);
        }
        return text;
    }

    void write_own_leaf_at_the_core() {
        last_core = ++values;
        world.write_local(thing, R"({"desired":{"core":)" + std::to_string(last_core) + "}}");
    }
    void write_own_leaf_at_the_cloud() {
        last_cloud = ++values;
        world.write_cloud(thing, R"({"reported":{"cloud":)" + std::to_string(last_cloud) + "}}");
    }

    void step() {
        const auto what = world.random()() % 100;
        if (what < 9) {
            world.write_local(thing, shared_change());
        } else if (what < 18) {
            world.write_cloud(thing, shared_change());
        } else if (what < 24) {
            write_own_leaf_at_the_core();
        } else if (what < 30) {
            write_own_leaf_at_the_cloud();
        } else if (what < 34) {
            world.link(!world.linked());
        } else if (what < 36) {
            world.restart_core();
        } else if (what < 40) {
            world.pass_time(std::chrono::milliseconds(world.random()() % 8'000));
        } else if (what < 42 && deletes) {
            world.chance(50) ? world.delete_local(thing) : world.delete_cloud(thing);
        } else {
            world.deliver_some();
        }
    }

    std::string told() {
        return "EVERGRASS_SYNC_SEED=" + std::to_string(seed) +
               "\ncore:  " + shadow::print(world.store.documents[thing].state) +
               "\ncloud: " + shadow::print(world.cloud.documents[thing].state);
    }
    bool same() {
        const auto& local = world.store.documents[thing];
        const auto& cloud = world.cloud.documents[thing];
        return local.exists == cloud.exists && shadow::same(local.state, cloud.state);
    }
    std::int64_t leaf(const char* section, const char* name) {
        const auto* found = object_member(world.cloud.documents[thing].state, section);
        return found != nullptr ? int_member(*found, name).value_or(0) : 0;
    }

    // What is wrong with it; empty: nothing.
    std::string run() {
        if (!deletes) {  // both know it before trouble begins
            write_own_leaf_at_the_core();
            world.follow({{thing, sync_direction::both}});
            write_own_leaf_at_the_cloud();
            world.settle();
        } else {
            world.follow({{thing, sync_direction::both}});
        }
        for (auto steps = 20 + world.random()() % 100; steps != 0; --steps) {
            step();
        }
        if (!world.settle()) {
            return "they never end";
        }
        if (!same()) {
            return "they differ";
        }
        if (!deletes &&
            (leaf("desired", "core") != last_core || leaf("reported", "cloud") != last_cloud)) {
            return "a change that nobody else touched is lost";
        }
        return delete_at_the_end();
    }

    // Deleted on one side, while the other may write without knowing: gone on both.
    std::string delete_at_the_end() {
        if (!world.cloud.documents[thing].exists) {
            return {};
        }
        world.link(world.chance(50));
        const bool here = world.chance(50);
        here ? world.delete_local(thing) : world.delete_cloud(thing);
        if (!world.linked() && world.chance(50)) {
            here ? world.write_cloud(thing, shared_change())
                 : world.write_local(thing, shared_change());
        }
        if (world.chance(30)) {
            world.restart_core();
        }
        if (!world.settle()) {
            return "they never end after a delete";
        }
        return world.store.documents[thing].exists || world.cloud.documents[thing].exists
                   ? "what was deleted is there again"
                   : "";
    }

    std::uint64_t seed;
    sync_world world;
    bool deletes;
    std::int64_t values = 0;
    std::int64_t last_core = 0;
    std::int64_t last_cloud = 0;
};

TEST(shadow_sync_simulation, every_history_converges) {
    const auto first = number_from("EVERGRASS_SYNC_SEED");
    const auto histories =
        number_from("EVERGRASS_SYNC_HISTORIES").value_or(first ? 1 : usual_histories);
    for (std::uint64_t run = 0; run < histories; ++run) {
        history one(first.value_or(1) + run);
        ASSERT_EQ(one.run(), "") << one.told();
    }
}

}  // namespace
}  // namespace evergrass::edge
