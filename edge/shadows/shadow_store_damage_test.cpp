#include "edge/shadows/shadow_store.hpp"
#include "libs/base/errors.hpp"
#include "libs/shadow/print.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

// docs/formats/shadow-database.md, "Damage".
namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const shadow::shadow_id thing{"T", ""};
const shadow::shadow_id other{"T", "named"};
const wall_time now{std::chrono::seconds(1'700'000'000)};

class shadow_database : public ::testing::Test {
protected:
    ~shadow_database() override { fs::remove_all(directory_); }

    std::unique_ptr<shadow_store> open() {
        auto opened = shadow_store::open(file_);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message());
        return opened ? std::move(*opened) : nullptr;
    }
    static void put(shadow_store& store, const shadow::shadow_id& which, std::string_view state) {
        std::optional<std::string> token;
        const auto update = shadow::parse_update(R"({"state":)" + std::string(state) + "}", token);
        const auto before = store.load(which, now);
        ASSERT_TRUE(update && before);
        ASSERT_TRUE(store.save(which, *shadow::apply(*before, *update, 1), now));
    }
    static void fill(shadow_store& store) {  // so that it has many pages
        ASSERT_TRUE(store.db().transaction([&]() -> result<void> {
            for (int i = 0; i < 200; ++i) {
                put(store, {"T" + std::to_string(i), ""},
                    R"({"desired":{"a":")" + std::string(300, 'x') + "\"}}");
            }
            return {};
        }));
    }
    static std::string state_of(shadow_store& store, const shadow::shadow_id& which) {
        const auto found = store.load(which, now);
        return found ? shadow::print(found->state) : found.error().message();
    }
    void overwrite(std::streamoff at, const std::string& bytes) const {
        std::fstream file(file_, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(at);
        file << bytes;
    }

    fs::path directory_ = [] {
        std::string pattern = fs::temp_directory_path() / "shadow_database_XXXXXX";
        return fs::path(::mkdtemp(pattern.data()));
    }();
    fs::path file_ = directory_ / "shadows" / "shadows.db";
};

TEST_F(shadow_database, keeps_documents_and_records) {
    {
        auto store = open();
        put(*store, thing, R"({"desired":{"a":1.0}})");
        put(*store, other, R"({"reported":{"b":[1]}})");
        sync_record record{true, 7, {{"desired", {{"a", 1}}}}, json::object{{"x", nullptr}}};
        ASSERT_TRUE(store->keep(thing, record));
    }
    struct stat info {};
    ASSERT_EQ(::stat(file_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    auto store = open();
    EXPECT_FALSE(store->moved_aside());
    EXPECT_EQ(state_of(*store, thing), R"({"desired":{"a":1.0}})");
    EXPECT_EQ(*store->count(), 2);
    const auto all = store->list();
    ASSERT_TRUE(all);
    EXPECT_EQ(*all, (std::vector{thing, other}));
    const auto record = store->record(thing);
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->in_cloud);
    EXPECT_EQ(record->cloud_version, 7);
    EXPECT_EQ(shadow::print(record->base), R"({"desired":{"a":1}})");
    EXPECT_EQ(shadow::print(record->sent.value()), R"({"x":null})");
    EXPECT_FALSE(store->record(other)->in_cloud);
    ASSERT_TRUE(store->clear());
    EXPECT_EQ(*store->count(), 0);
    EXPECT_FALSE(store->record(thing)->in_cloud);
}

TEST_F(shadow_database, remembers_the_version_of_a_deleted_shadow_for_two_days) {
    auto store = open();
    put(*store, thing, R"({"desired":{"a":1}})");
    const auto gone = shadow::remove(*store->load(thing, now), thing);
    ASSERT_TRUE(store->save(thing, *gone, now));
    EXPECT_EQ(store->load(thing, now + std::chrono::hours(47))->version, 1);
    EXPECT_EQ(store->load(thing, now + std::chrono::hours(49))->version, 0);
    ASSERT_TRUE(store->forget_deleted(now + std::chrono::hours(49)));
    EXPECT_EQ(store->load(thing, now)->version, 0);
}

TEST_F(shadow_database, a_file_that_is_no_database_is_kept_beside_a_new_one) {
    fs::create_directories(file_.parent_path());
    std::ofstream(file_) << std::string(8'192, '!');
    auto store = open();
    ASSERT_TRUE(store->moved_aside());
    EXPECT_TRUE(fs::exists(file_.string() + ".damaged"));
    EXPECT_EQ(*store->count(), 0);
    put(*store, thing, R"({"desired":{"a":1}})");
    store.reset();
    EXPECT_EQ(state_of(*open(), thing), R"({"desired":{"a":1}})");
}

TEST_F(shadow_database, a_page_that_was_overwritten_is_found_at_the_start) {
    {
        auto store = open();
        fill(*store);
    }
    overwrite(5 * 4'096, std::string(4'096, '\xff'));
    auto store = open();
    ASSERT_TRUE(store->moved_aside());
    EXPECT_EQ(store->moved_aside()->code, errc::corrupt);
    EXPECT_EQ(*store->count(), 0);
}

TEST_F(shadow_database, a_file_that_was_cut_short_is_kept_beside_a_new_one) {
    {
        auto store = open();
        fill(*store);
    }
    fs::resize_file(file_, 3 * 4'096);
    EXPECT_TRUE(open()->moved_aside());
}

TEST_F(shadow_database, an_empty_file_is_a_new_one) {
    fs::create_directories(file_.parent_path());
    std::ofstream(file_).flush();
    auto store = open();
    EXPECT_FALSE(store->moved_aside());
    EXPECT_EQ(*store->count(), 0);
}

TEST_F(shadow_database, a_row_that_cannot_be_read_is_told_and_the_others_are_there) {
    auto store = open();
    put(*store, thing, R"({"desired":{"a":1}})");
    put(*store, other, R"({"desired":{"b":1}})");
    ASSERT_TRUE(store->db().run("test.damage",
                                "UPDATE shadows SET document = '{\"state\":7}' WHERE name = ''"));
    const auto damaged = store->load(thing, now);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, errc::corrupt);
    EXPECT_THAT(damaged.error().message(), HasSubstr("of thing T"));
    EXPECT_EQ(state_of(*store, other), R"({"desired":{"b":1}})");
}

TEST_F(shadow_database, a_record_that_cannot_be_read_is_as_none) {
    auto store = open();
    ASSERT_TRUE(store->keep(thing, {true, 7, {}, json::object()}));
    ASSERT_TRUE(store->db().run("test.damage", "UPDATE synced SET base = 'x', sent = '['"));
    const auto record = store->record(thing);
    ASSERT_TRUE(record);
    EXPECT_FALSE(record->in_cloud);
    EXPECT_FALSE(record->sent);
}

TEST_F(shadow_database, of_a_later_build_is_refused_and_left_as_it_is) {
    {
        auto store = open();
        put(*store, thing, R"({"desired":{"a":1}})");
        ASSERT_TRUE(store->db().run("test.version", "PRAGMA user_version = 99"));
    }
    EXPECT_FALSE(shadow_store::open(file_));
    EXPECT_FALSE(fs::exists(file_.string() + ".damaged"));
}

}  // namespace
}  // namespace evergrass::edge
