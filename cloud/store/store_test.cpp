#include "cloud/store/store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace evergrass::cloud {
namespace {

class store_test : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-store-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::string directory_;
};

std::int64_t rows(store& state, const std::string& table) {
    std::int64_t count = -1;
    EXPECT_TRUE(state.db().query("count." + table, "SELECT count(*) FROM " + table, {},
                                 [&](const db::row& row) { count = row.integer(0); }));
    return count;
}

TEST_F(store_test, a_reset_empties_everything_but_keys_and_settings) {
    auto state = store::open(directory_ + "/service.db");
    ASSERT_TRUE(state);
    auto& db = (*state)->db();
    ASSERT_TRUE(db.run("key", "INSERT INTO access_keys(id, secret, created_at) VALUES('a','b',1)"));
    const auto settings = rows(**state, "settings");
    ASSERT_TRUE(db.run("setting", "INSERT INTO settings(name, value) VALUES('ca', 'pem')"));
    ASSERT_TRUE(db.run("tag", "INSERT INTO tags(arn, key, value) VALUES('a', 'k', 'v')"));
    ASSERT_TRUE(db.run("blob", "INSERT INTO blobs(sha256, content) VALUES('a', x'00')"));

    ASSERT_TRUE((*state)->reset());

    EXPECT_EQ(rows(**state, "access_keys"), 1);
    EXPECT_EQ(rows(**state, "settings"), settings + 1);
    EXPECT_EQ(rows(**state, "tags"), 0);
    EXPECT_EQ(rows(**state, "blobs"), 0);
}

TEST_F(store_test, what_was_written_is_there_after_opening_again) {
    {
        auto state = store::open(directory_ + "/service.db");
        ASSERT_TRUE(state);
        ASSERT_TRUE((*state)->db().run("tag", "INSERT INTO tags VALUES('a', 'k', 'v')"));
    }
    auto state = store::open(directory_ + "/service.db");
    ASSERT_TRUE(state);
    EXPECT_EQ(rows(**state, "tags"), 1);
}

TEST_F(store_test, a_file_of_an_earlier_build_is_brought_up_to_date_with_what_it_holds) {
    const auto path = directory_ + "/service.db";
    for (std::size_t known = 1; known < migrations().size(); ++known) {
        for (const auto* name : {"", "-wal", "-shm"}) {
            std::filesystem::remove_all(path + name);
        }
        {
            auto old = db::connection::open(path);
            ASSERT_TRUE(old);
            const std::vector<std::string_view> then(
                migrations().begin(), migrations().begin() + static_cast<std::ptrdiff_t>(known));
            ASSERT_TRUE((*old)->migrate(then));
            ASSERT_TRUE(
                (*old)->run("thing", "INSERT INTO things(name, id, created_at) VALUES('t','i',1)"));
            if (known < 4) {  // before secrets were sealed
                ASSERT_TRUE((*old)->run("key",
                                        "INSERT INTO access_keys(id, secret, created_at)"
                                        " VALUES('K', 'an open secret', 1)"));
                ASSERT_TRUE((*old)->run("ca",
                                        "INSERT INTO group_authorities(id, group_id,"
                                        " certificate_pem, key_pem, created_at)"
                                        " VALUES('A', 'G', 'pem', 'an open key', 1)"));
            }
        }
        auto state = store::open(path);
        ASSERT_TRUE(state) << "from " << known;
        EXPECT_EQ(rows(**state, "things"), 1) << "from " << known;
        EXPECT_EQ(rows(**state, "shadows"), 0) << "from " << known;
        EXPECT_EQ((*state)->sealed_at_open(), known < 4 ? 2u : 0u) << "from " << known;
        EXPECT_EQ(rows(**state, "access_keys WHERE secret = ''"), known < 4 ? 1 : 0);
        EXPECT_EQ(rows(**state, "group_authorities WHERE key_pem = ''"), known < 4 ? 1 : 0);
    }
}

TEST(service_identity, greengrass_resources_start_with_a_slash_of_their_own) {
    const service_identity identity;
    EXPECT_EQ(identity.greengrass_arn("/greengrass/groups/G"),
              "arn:aws:greengrass:us-east-1:123456789012:/greengrass/groups/G");
    EXPECT_EQ(identity.iot_arn("thing/T"), "arn:aws:iot:us-east-1:123456789012:thing/T");
    EXPECT_EQ(identity.lambda_arn("function:F"),
              "arn:aws:lambda:us-east-1:123456789012:function:F");
}

}  // namespace
}  // namespace evergrass::cloud
