// The takeover with the power cut at every step that writes. Which of the two cores the next boot
// would start is what `ggc/core` is then; it must be whole.
#include "apps/evergrass/takeover.hpp"

#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

// Files by path, a whole tree at a time. The power goes at operation number `cut`: what is under
// way then is on the disk or is not, by `random`, and everything after it fails.
class simulated_disk final : public takeover_disk {
public:
    std::map<std::string, std::string> files;
    int cut = -1;
    int operations = 0;
    std::mt19937* random = nullptr;

    bool is_on() const { return cut < 0 || operations <= cut; }
    bool exists(const fs::path& path) override { return is_on() && has(path); }
    bool has(const fs::path& path) const {
        const auto at = files.lower_bound(path.string());
        return at != files.end() &&
               (at->first == path.string() || at->first.starts_with(path.string() + "/"));
    }
    result<std::string> read(const fs::path& path) override {
        const auto found = files.find(path.string());
        if (!is_on() || found == files.end()) {
            return error{errc::not_found, path.string()};
        }
        return found->second;
    }
    result<void> write(const fs::path& path, std::string_view content, mode_t) override {
        return step([&] { files[path.string()] = content; });
    }
    result<void> make_folder(const fs::path& path) override {
        return step([&] { files.emplace(path.string() + "/.", ""); });
    }
    result<void> exchange(const fs::path& a, const fs::path& b) override {
        EXPECT_TRUE(!is_on() || (has(a) && has(b))) << a << " " << b;
        return step([&] {
            auto of_a = take(a);
            auto of_b = take(b);
            put(a, of_b);
            put(b, of_a);
        });
    }

private:
    template <class Work>
    result<void> step(Work work) {
        if (!is_on()) {
            return error{errc::closed, "no power"};
        }
        const bool last = cut >= 0 && operations == cut;
        ++operations;
        if (!last || (*random)() % 2 == 0) {
            work();
        }
        return last ? result<void>(error{errc::closed, "the power went"}) : result<void>();
    }
    std::map<std::string, std::string> take(const fs::path& folder) {
        std::map<std::string, std::string> taken;
        const auto prefix = folder.string() + "/";
        for (auto at = files.lower_bound(prefix);
             at != files.end() && at->first.starts_with(prefix);) {
            taken.emplace(at->first.substr(prefix.size()), at->second);
            at = files.erase(at);
        }
        return taken;
    }
    void put(const fs::path& folder, const std::map<std::string, std::string>& all) {
        for (const auto& [name, content] : all) {
            files.emplace((folder / name).string(), content);
        }
    }
};

const takeover_places places{"/gg", "/gg.evergrass", "/usr/bin/greengrassd"};
const takeover_files our_files{"{\"ours\":1}", "CA"};

std::map<std::string, std::string> old_tree() {
    return {{"/gg/ggc/core/greengrassd", "old core"},
            {"/gg/ggc/core/more", "of it"},
            {"/gg/config/config.json", "{}"},
            {"/gg/certs/a.pem", "cert"}};
}

std::map<std::string, std::string> below_root(const simulated_disk& disk) {
    std::map<std::string, std::string> out;
    for (const auto& [path, content] : disk.files) {
        if (path.starts_with("/gg/")) {
            out.emplace(path, content);
        }
    }
    return out;
}

// What the next boot finds: the old core as it was, or ours with all that it needs.
::testing::AssertionResult boots(const simulated_disk& disk) {
    const auto at = [&](const std::string& path) {
        const auto found = disk.files.find(path);
        return found == disk.files.end() ? std::string() : found->second;
    };
    const auto program = at("/gg/ggc/core/greengrassd");
    if (program == "old core") {
        return below_root(disk) == old_tree()
                   ? ::testing::AssertionSuccess()
                   : ::testing::AssertionFailure() << "the old tree was changed";
    }
    if (program.find("--root '/gg.evergrass/root'") == std::string::npos) {
        return ::testing::AssertionFailure() << "bricked: the core is '" << program << "'";
    }
    if (at("/gg.evergrass/root/config/config.json") != our_files.config ||
        at("/gg.evergrass/root/config/service.ca.pem") != our_files.ca_pem) {
        return ::testing::AssertionFailure() << "our core is in place without its configuration";
    }
    if (at("/gg.evergrass/core/greengrassd") != "old core" ||
        at("/gg.evergrass/core/more") != "of it") {
        return ::testing::AssertionFailure() << "the old core is lost";
    }
    return ::testing::AssertionSuccess();
}

result<void> whole_takeover(takeover& over) {
    if (auto now = over.status(); !now) {
        return now.error();
    } else if (!now->ours_in_place) {
        if (auto prepared = over.prepare(our_files); !prepared) {
            return prepared;
        }
    }
    if (auto switched = over.switch_over(); !switched) {
        return switched;
    }
    return over.finish();
}

TEST(takeover, puts_our_core_in_place_and_the_old_one_back) {
    simulated_disk disk;
    disk.files = old_tree();
    takeover over(disk, places);
    ASSERT_TRUE(whole_takeover(over));
    EXPECT_EQ(over.status()->state, takeover_state::done);
    EXPECT_TRUE(over.status()->ours_in_place);
    EXPECT_TRUE(boots(disk));
    ASSERT_TRUE(over.go_back());
    EXPECT_EQ(over.status()->state, takeover_state::none);
    EXPECT_EQ(below_root(disk), old_tree());
}

TEST(takeover, nothing_is_bricked_by_power_cuts_at_any_step) {
    int cuts = 0;
    int ours = 0;
    int olds = 0;
    for (unsigned seed = 0; cuts < 10'000; ++seed) {
        std::mt19937 random(seed);
        simulated_disk disk;
        disk.files = old_tree();
        disk.random = &random;
        // Several tries, forth or back, each cut somewhere; after each one the core boots.
        for (int round = 0; round < 4; ++round) {
            disk.operations = 0;
            disk.cut = static_cast<int>(random() % 12);
            takeover over(disk, places);
            const auto done = random() % 3 == 0 ? over.go_back() : whole_takeover(over);
            cuts += done ? 0 : 1;
            ASSERT_TRUE(boots(disk)) << "seed " << seed << " round " << round;
            disk.files["/gg/ggc/core/greengrassd"] == "old core" ? ++olds : ++ours;
        }
        disk.cut = -1;
        takeover over(disk, places);
        ASSERT_TRUE(over.go_back());
        ASSERT_EQ(below_root(disk), old_tree()) << "seed " << seed;
    }
    // Both were met often: the test looks at what it is about.
    EXPECT_GT(ours, 1000);
    EXPECT_GT(olds, 1000);
}

TEST(takeover, truncated_journal_is_reported_and_the_way_back_is_open) {
    simulated_disk disk;
    disk.files = old_tree();
    takeover over(disk, places);
    ASSERT_TRUE(whole_takeover(over));
    disk.files["/gg.evergrass/takeover.json"] = "{\"sta";
    const auto told = over.status();
    ASSERT_FALSE(told);
    EXPECT_NE(told.error().message().find("in place is Evergrass's core"), std::string::npos);
    ASSERT_TRUE(over.go_back());
    EXPECT_EQ(below_root(disk), old_tree());
}

TEST(takeover, journal_of_a_later_build_is_reported) {
    simulated_disk disk;
    disk.files = old_tree();
    disk.files["/gg.evergrass/takeover.json"] = R"({"state": "dancing"})";
    const auto told = takeover(disk, places).status();
    ASSERT_FALSE(told);
    EXPECT_NE(told.error().message().find("unknown state 'dancing'"), std::string::npos);
}

TEST(takeover_config, changes_where_the_service_is_and_nothing_else) {
    const auto made = make_config(
        R"({"coreThing": {"caPath": "root.ca.pem", "certPath": "a.cert.pem", "keyPath": "/k/a.key",
            "thingArn": "arn:aws:iot:r:1:thing/t", "iotHost": "x-ats.iot.r.amazonaws.com",
            "ggHost": "greengrass-ats.iot.r.amazonaws.com", "keepAlive": 300},
            "runtime": {"cgroup": {"useSystemd": "yes"}}, "writeDirectory": "/w"})",
        "/gg/certs", {"svc", 8883, "svc", 9443}, "/gg.evergrass/root/config/service.ca.pem");
    ASSERT_TRUE(made) << made.error().message();
    const auto config = parse_json(made->text)->get_object();
    const auto& core = config.at("coreThing").get_object();
    EXPECT_EQ(core.at("iotHost"), "svc");
    EXPECT_EQ(core.at("ggHttpPort"), 9443);
    EXPECT_FALSE(core.contains("iotMqttPort"));
    EXPECT_EQ(core.at("certPath"), "/gg/certs/a.cert.pem");
    EXPECT_EQ(core.at("keyPath"), "/k/a.key");
    EXPECT_EQ(core.at("caPath"), "/gg.evergrass/root/config/service.ca.pem");
    EXPECT_EQ(core.at("keepAlive"), 300);
    EXPECT_FALSE(config.contains("writeDirectory"));
    EXPECT_EQ(made->changes.size(), 7u);
}

}  // namespace
}  // namespace evergrass::cli
