#include "apps/evergrass/carry_over.hpp"

#include "edge/shadows/shadow_store.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

class carry_over : public ::testing::Test {
protected:
    carry_over() {
        std::string pattern = ::testing::TempDir() + "evergrass-carry-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~carry_over() override {
        std::error_code failed;
        fs::remove_all(folder_, failed);
    }
    void write(const fs::path& path, std::string_view text) const {
        fs::create_directories((folder_ / path).parent_path());
        ASSERT_TRUE(write_file_atomically(folder_ / path, text));
    }
    shadow::document kept(const std::string& thing) const {
        auto store = edge::shadow_store::open(root() / "ggc/var/state/shadows/shadows.db");
        return (*store)->load({thing, ""}, now_).value();
    }
    fs::path root() const { return folder_ / "root"; }

    fs::path folder_;
    wall_time now_ = wall_time(std::chrono::seconds(1'700'000'000));
};

TEST_F(carry_over, a_shadow_is_the_cores_own_before_it_starts) {
    const v1::old_shadow old{
        "Valve1", R"({"state": {"desired": {"open": true}, "delta": {"x": 1}}, "version": 9})",
        "f"};
    EXPECT_EQ(carry_shadows({old, {"Valve1", R"({"state": {}})", "g"}}, root(), now_).value(), 1U);
    const auto document = kept("Valve1");
    EXPECT_TRUE(document.exists);
    EXPECT_EQ(json::serialize(document.state), R"({"desired":{"open":true}})");
    EXPECT_EQ(carry_shadows({old}, root(), now_).value(), 0U);  // nothing to do again
    EXPECT_EQ(kept("Valve1").version, document.version);
}

TEST_F(carry_over, the_core_that_ran_last_has_the_newest_shadow) {
    const auto with = [](const std::string& reported) {
        return v1::old_shadow{"Valve1", R"({"state": {"reported": )" + reported + "}}", "f"};
    };
    ASSERT_TRUE(carry_shadows({with(R"({"a": 1, "b": 1})")}, root(), now_));
    ASSERT_TRUE(carry_shadows({with(R"({"a": 2})")}, root(), now_));
    const auto document = kept("Valve1");
    EXPECT_EQ(json::serialize(document.state), R"({"reported":{"a":2}})");
    EXPECT_EQ(document.version, 2);
}

TEST_F(carry_over, what_is_no_shadow_is_an_error_that_names_its_place) {
    const auto carried = carry_shadows({{"Valve1", "[]", "the file"}}, root(), now_);
    ASSERT_FALSE(carried);
    EXPECT_NE(carried.error().message().find("the file"), std::string::npos);
}

TEST_F(carry_over, streams_are_copied_in_the_place_of_an_earlier_copy) {
    write("old/Pumps/0.log", "first");
    write("old/Pumps/gone.log", "gone");
    ASSERT_TRUE(carry_streams(folder_ / "old", root()));
    fs::remove(folder_ / "old/Pumps/gone.log");
    write("old/Valves/0.log", "second");
    fs::create_symlink("/etc/passwd", folder_ / "old/Valves/link");
    const auto carried = carry_streams(folder_ / "old", root());
    ASSERT_TRUE(carried) << carried.error().message();
    EXPECT_EQ(carried->files, 2U);
    EXPECT_EQ(carried->bytes, 11U);
    EXPECT_EQ(carried->left_out, 1U);
    const auto place = root() / "ggc/var/state/stream_manager";
    EXPECT_EQ(read_file(place / "Pumps/0.log").value(), "first");
    EXPECT_EQ(read_file(place / "Valves/0.log").value(), "second");
    EXPECT_FALSE(fs::exists(place / "Pumps/gone.log"));
    EXPECT_FALSE(fs::exists(fs::symlink_status(place / "Valves/link")));
}

TEST_F(carry_over, streams_that_cannot_be_copied_leave_the_earlier_copy) {
    write("old/Pumps/0.log", "first");
    ASSERT_TRUE(carry_streams(folder_ / "old", root()));
    EXPECT_FALSE(carry_streams(folder_ / "nothing", root()));
    EXPECT_EQ(read_file(root() / "ggc/var/state/stream_manager/Pumps/0.log").value(), "first");
}

}  // namespace
}  // namespace evergrass::cli
