#include "cloud/store/store.hpp"

#include "libs/db/test_postgres.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
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

// On a file, and on PostgreSQL.
class each_store : public store_test, public ::testing::WithParamInterface<const char*> {
protected:
    static void SetUpTestSuite() { server_ = std::make_unique<db::test_postgres>(); }
    static void TearDownTestSuite() { server_.reset(); }

    void SetUp() override {
        store_test::SetUp();
        place_ = directory_ + "/service.db";
        if (std::string(GetParam()) == "postgresql") {
            if (!server_->is_there()) {
                GTEST_SKIP() << db::no_postgres;
            }
            place_ = server_->new_database();
        }
    }

    result<std::unique_ptr<store>> open() {
        return store::open(place_, directory_ + "/master.key");
    }

    static std::unique_ptr<db::test_postgres> server_;
    std::string place_;
};

std::unique_ptr<db::test_postgres> each_store::server_;

INSTANTIATE_TEST_SUITE_P(on, each_store, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& each) { return std::string(each.param); });

std::int64_t rows(store& state, const std::string& table) {
    std::int64_t count = -1;
    EXPECT_TRUE(state.db().query("count." + table, "SELECT count(*) FROM " + table, {},
                                 [&](const db::row& row) { count = row.integer(0); }));
    return count;
}

bool has_index(store& state, const std::string& name, const std::string& columns,
               bool of_postgres) {
    const auto text = of_postgres ? std::string("indexdef") : std::string("sql");
    return rows(state, (of_postgres ? "pg_indexes WHERE schemaname = 'evergrass' AND indexname = '"
                                    : "sqlite_master WHERE type = 'index' AND name = '") +
                           name + "' AND " + text + " LIKE '%(" + columns + ")'") == 1;
}

// How SQLite finds what is asked for.
std::string plan_of(store& state, const std::string& question) {
    std::string steps;
    EXPECT_TRUE(state.db().query("plan", "EXPLAIN QUERY PLAN " + question, {},
                                 [&](const db::row& row) { steps += row.text(3) + "\n"; }));
    return steps;
}

TEST_P(each_store, a_reset_empties_everything_but_keys_and_settings) {
    auto state = open();
    ASSERT_TRUE(state) << state.error().message();
    auto& db = (*state)->db();
    ASSERT_TRUE(db.run("key", "INSERT INTO access_keys(id, secret, created_at) VALUES('a','b',1)"));
    const auto settings = rows(**state, "settings");
    ASSERT_TRUE(db.run("setting", "INSERT INTO settings(name, value) VALUES('ca', 'pem')"));
    ASSERT_TRUE(db.run("tag", "INSERT INTO tags(arn, key, value) VALUES('a', 'k', 'v')"));
    ASSERT_TRUE(db.run("blob", "INSERT INTO blobs(sha256, content) VALUES('a', ?1)",
                       {db::blob{std::string(1, '\0')}}));

    ASSERT_TRUE((*state)->reset());

    EXPECT_EQ(rows(**state, "access_keys"), 1);
    EXPECT_EQ(rows(**state, "settings"), settings + 1);
    EXPECT_EQ(rows(**state, "tags"), 0);
    EXPECT_EQ(rows(**state, "blobs"), 0);
}

TEST_P(each_store, what_was_written_is_there_after_opening_again) {
    {
        auto state = open();
        ASSERT_TRUE(state);
        ASSERT_TRUE((*state)->db().run("tag", "INSERT INTO tags VALUES('a', 'k', 'v')"));
    }
    auto state = open();
    ASSERT_TRUE(state);
    EXPECT_EQ(rows(**state, "tags"), 1);
}

TEST_P(each_store, its_secrets_are_those_of_one_master_key) {
    std::string sealed;
    {
        auto state = open();
        ASSERT_TRUE(state);
        sealed = (*state)->secrets().seal("secret", "here");
    }
    EXPECT_EQ((*open())->secrets().unseal(sealed, "here").value(), "secret");
    const auto other = store::open(place_, directory_ + "/other.key");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().message().find("user="), std::string::npos);
}

// A member of a deployed group, as each build since the first has it.
void add_member(db::connection& old) {
    ASSERT_TRUE(old.run("member",
                        "INSERT INTO group_members(group_id, thing, role, certificate_id)"
                        " VALUES('g', 't', 'device', 'c')"));
}

TEST_P(each_store, a_store_of_an_earlier_build_is_brought_up_to_date) {
    for (std::size_t known = 4; known < migrations().size(); ++known) {
        if (std::string(GetParam()) == "postgresql") {
            place_ = server_->new_database();
        } else {
            place_ = directory_ + "/service" + std::to_string(known) + ".db";
        }
        {
            auto old = db::connection::open(place_);
            ASSERT_TRUE(old);
            const std::vector<std::string_view> then(
                migrations().begin(), migrations().begin() + static_cast<std::ptrdiff_t>(known));
            ASSERT_TRUE((*old)->migrate(then));
            ASSERT_TRUE(
                (*old)->run("thing", "INSERT INTO things(name, id, created_at) VALUES('t','i',1)"));
            add_member(**old);
        }
        auto state = store::open(place_, directory_ + "/key" + std::to_string(known));
        ASSERT_TRUE(state) << "from " << known << ": " << state.error().message();
        EXPECT_EQ(rows(**state, "things"), 1) << "from " << known;
        EXPECT_EQ(rows(**state, "iam_roles"), 0) << "from " << known;
        EXPECT_EQ(rows(**state, "object_bodies"), 0) << "from " << known;
        EXPECT_EQ(rows(**state, "object_chunks"), 0) << "from " << known;
        EXPECT_EQ(rows(**state, "group_members WHERE certificate_id = 'c'"), 1) << known;
        EXPECT_TRUE(has_index(**state, "group_members_by_certificate", "certificate_id",
                              std::string(GetParam()) == "postgresql"))
            << "from " << known;
    }
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
            add_member(**old);
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
        EXPECT_EQ(rows(**state, "object_chunks"), 0) << "from " << known;
        EXPECT_EQ(rows(**state, "group_members WHERE certificate_id = 'c'"), 1) << known;
        EXPECT_THAT(plan_of(**state, "SELECT thing FROM group_members WHERE certificate_id = 'c'"),
                    testing::HasSubstr("INDEX group_members_by_certificate (certificate_id=?)"));
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
