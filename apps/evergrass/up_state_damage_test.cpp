#include "apps/evergrass/up_state.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace evergrass::cli {
namespace {

using testing::HasSubstr;

up_state full_state() {
    up_state s;
    s.region = "eu-west-1";
    s.account = "111122223333";
    s.access_key_id = "AKIA";
    s.secret_access_key = "secret";
    s.core = {"Core", "arn:core", "arn:cert", "/c.pem", "/c.key", true};
    s.sensor = {"Sensor", "arn:s", "arn:cs", "/s.pem", "/s.key", false};
    s.sample_digest = "abc";
    s.group_id = "group";
    s.deployment_id = "deployment";
    s.deployed = true;
    return s;
}

class up_state_damage : public testing::Test {
protected:
    up_state_damage()
        : directory_(std::filesystem::path(testing::TempDir()) /
                     ("evergrass_up_state_" + std::to_string(::getpid()))),
          path_(directory_ / "up.json") {
        std::filesystem::create_directories(directory_);
    }
    ~up_state_damage() override { std::filesystem::remove_all(directory_); }

    result<up_state> load() { return load_up_state(path_, "eu-west-1", "111122223333"); }

    std::filesystem::path directory_;
    std::filesystem::path path_;
};

TEST_F(up_state_damage, a_missing_file_is_a_fresh_state) {
    const auto state = load().value();
    EXPECT_EQ(state.region, "eu-west-1");
    EXPECT_TRUE(state.group_id.empty());
}

TEST_F(up_state_damage, what_was_saved_is_loaded_and_private) {
    ASSERT_TRUE(save_up_state(path_, full_state()));
    const auto state = load().value();
    EXPECT_EQ(to_json_text(state), to_json_text(full_state()));
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(up_state_damage, a_file_cut_at_any_byte_is_no_state) {
    const auto text = to_json_text(full_state());
    for (std::size_t length = 0; length + 2 < text.size(); ++length) {
        ASSERT_FALSE(parse_up_state(text.substr(0, length))) << length;
    }
}

TEST_F(up_state_damage, a_damaged_file_is_reported_with_its_name_and_the_way_out) {
    ASSERT_TRUE(write_file_atomically(path_, "{\"version\": 1,"));
    const auto state = load();
    ASSERT_FALSE(state);
    EXPECT_THAT(state.error().context, HasSubstr(path_.string()));
    EXPECT_THAT(state.error().context, HasSubstr("To start anew"));
}

TEST_F(up_state_damage, a_member_of_the_wrong_kind_is_named) {
    auto value = parse_json(to_json_text(full_state())).value();
    value.as_object()["core"].as_object()["attached"] = "yes";
    EXPECT_THAT(parse_up_state(json::serialize(value)).error().context,
                HasSubstr("core.attached must be true or false"));
    value.as_object()["groupId"] = 7;
    value.as_object()["core"] = nullptr;
    EXPECT_THAT(parse_up_state(json::serialize(value)).error().context,
                HasSubstr("core must be an object"));
}

TEST_F(up_state_damage, a_file_of_a_newer_version_is_refused) {
    auto value = parse_json(to_json_text(full_state())).value();
    value.as_object()["version"] = 2;
    EXPECT_EQ(parse_up_state(json::serialize(value)).error().code, errc::unsupported);
}

TEST_F(up_state_damage, a_directory_of_another_account_is_refused) {
    ASSERT_TRUE(save_up_state(path_, full_state()));
    const auto state = load_up_state(path_, "eu-west-1", "999999999999");
    ASSERT_FALSE(state);
    EXPECT_THAT(state.error().context, HasSubstr("111122223333"));
}

TEST_F(up_state_damage, forgetting_the_sample_keeps_things_and_group) {
    auto state = full_state();
    state.forget_sample();
    EXPECT_EQ(state.group_id, "group");
    EXPECT_EQ(state.core.name, "Core");
    EXPECT_FALSE(state.deployed);
    state.forget_group();
    EXPECT_TRUE(state.core.name.empty());
    EXPECT_EQ(state.access_key_id, "AKIA");
}

}  // namespace
}  // namespace evergrass::cli
