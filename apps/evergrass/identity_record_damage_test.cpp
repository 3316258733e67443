#include "apps/evergrass/identity_record.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::cli {
namespace {

using testing::HasSubstr;

identity_record full_record() {
    identity_record r;
    r.purpose = "device";
    r.name = "pump";
    r.api = "https://127.0.0.1:9440";
    r.region = "eu-west-1";
    r.bundle = "pump.tar.gz";
    r.complete = true;
    r.made = {{made_item::kind::thing, "pump", ""},
              {made_item::kind::certificate, "ab12", "arn:cert/ab12"},
              {made_item::kind::membership, "group", "arn:thing/pump"}};
    return r;
}

class identity_record_damage : public testing::Test {
protected:
    identity_record_damage()
        : directory_(std::filesystem::path(testing::TempDir()) /
                     ("evergrass_identity_" + std::to_string(::getpid()))),
          path_(directory_ / "pump.identity.json") {
        std::filesystem::create_directories(directory_);
    }
    ~identity_record_damage() override { std::filesystem::remove_all(directory_); }

    std::string why_not(std::string text) {
        EXPECT_TRUE(write_file_atomically(path_, text));
        const auto read = load_identity_record(path_);
        return read ? "it was read" : read.error().message();
    }

    std::filesystem::path directory_;
    std::filesystem::path path_;
};

TEST_F(identity_record_damage, a_missing_file_is_no_record) {
    EXPECT_FALSE(load_identity_record(path_).value());
}

TEST_F(identity_record_damage, what_was_saved_is_loaded_and_private) {
    ASSERT_TRUE(save_identity_record(path_, full_record()));
    const auto read = load_identity_record(path_).value();
    ASSERT_TRUE(read);
    EXPECT_EQ(to_json_text(*read), to_json_text(full_record()));
    EXPECT_EQ(read->made, full_record().made);
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(identity_record_damage, a_truncated_file_is_reported_with_what_to_do) {
    const auto text = to_json_text(full_record());
    const auto why = why_not(text.substr(0, text.size() / 2));
    EXPECT_THAT(why, HasSubstr("pump.identity.json cannot be used"));
    EXPECT_THAT(why, HasSubstr("put back a copy"));
}

TEST_F(identity_record_damage, an_item_of_an_unknown_kind_is_named) {
    auto text = to_json_text(full_record());
    text.replace(text.find("certificate"), std::string("certificate").size(), "certificats");
    EXPECT_THAT(why_not(text), HasSubstr("made[1].what must be thing, certificate"));
}

TEST_F(identity_record_damage, a_member_of_the_wrong_kind_is_named) {
    auto text = to_json_text(full_record());
    text.replace(text.find("true"), 4, "\"no\"");
    EXPECT_THAT(why_not(text), HasSubstr("complete must be true or false"));
}

TEST_F(identity_record_damage, a_file_of_a_newer_build_is_refused) {
    auto text = to_json_text(full_record());
    text.replace(text.find("\"version\": 1"), 12, "\"version\": 2");
    EXPECT_THAT(why_not(text), HasSubstr("version must be 1"));
}

TEST(identity_record_path, lies_beside_the_bundle) {
    EXPECT_EQ(record_path("/a/pump.tar.gz"), "/a/pump.identity.json");
    EXPECT_EQ(record_path("pump.tgz"), "pump.identity.json");
    EXPECT_EQ(record_path("pump"), "pump.identity.json");
}

}  // namespace
}  // namespace evergrass::cli
