#include "cloud/backup/backup.hpp"
#include "cloud/backup/manifest.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>
#include <sys/stat.h>

namespace evergrass::cloud {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::string_view secret_key = "-----BEGIN PRIVATE KEY-----\nverysecret\n";

class a_backup : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-backup-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root_ = pattern;
        data_ = root_ / "data";
        fs::create_directories(data_);
        for (const auto* key : {"ca.key", "device-ca.key", "deployment-signing.key"}) {
            ASSERT_TRUE(write_file_atomically(data_ / key, secret_key, 0600));
        }
        for (const auto* certificate : {"ca.pem", "device-ca.pem"}) {
            ASSERT_TRUE(write_file_atomically(data_ / certificate, "a certificate"));
        }
        auto state = store::open((data_ / "service.db").string()).value();
        tag(*state, "before");
        put(*state, "an object");
        const auto made = write_backup(*state, data_, file_, now_);
        ASSERT_TRUE(made) << made.error().message();
        EXPECT_EQ(made->objects, 1u);
        tag(*state, "after");
        state.reset();
    }
    void TearDown() override { fs::remove_all(root_); }

    static void tag(store& state, const std::string& arn) {
        ASSERT_TRUE(state.db().run("tag", "INSERT INTO tags VALUES(?1, 'k', 'v')", {arn}));
    }
    void put(store& state, const std::string& content) {
        const auto sha256 = sha256_hex(content);
        const auto path = data_ / "objects" / sha256.substr(0, 2) / sha256;
        fs::create_directories(path.parent_path());
        ASSERT_TRUE(write_file_atomically(path, content, 0600));
        ASSERT_TRUE(
            state.db().run("object",
                           "INSERT INTO objects(bucket, key, sha256, size, etag, modified_at)"
                           " VALUES('b', ?1, ?1, ?2, 'e', 1)",
                           {sha256, static_cast<std::int64_t>(content.size())}));
    }
    std::string restored(bool force = true, const fs::path& master_key = {}) {
        const auto done = restore_backup({file_, data_, master_key, force}, now_);
        undo_ = done ? done->undo : fs::path();
        return done ? "restored" : done.error().message();
    }
    std::string tags() {
        std::string all;
        const auto state = store::open((data_ / "service.db").string());
        EXPECT_TRUE(state) << state.error().message();
        EXPECT_TRUE((*state)->db().query("tags", "SELECT arn FROM tags ORDER BY arn", {},
                                         [&](const db::row& row) { all += row.text(0) + ";"; }));
        return all;
    }
    // Nothing beside the folder is left of an attempt.
    std::size_t folders() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(root_), fs::directory_iterator()));
    }
    void write(const std::string& bytes) {
        fs::remove(file_);
        ASSERT_TRUE(write_file_atomically(file_, bytes, 0600));
    }

    fs::path root_;
    fs::path data_;
    fs::path file_;  // outside of root_
    fs::path undo_;
    wall_time now_ = *parse_basic_iso8601("20261127T120000Z");
};

class backup_file : public a_backup {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-backup-file-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        place_ = pattern;
        file_ = place_ / "backup.tar";
        a_backup::SetUp();
        whole_ = read_file(file_).value();
    }
    void TearDown() override {
        a_backup::TearDown();
        fs::remove_all(place_);
    }
    fs::path place_;
    std::string whole_;
};

TEST_F(backup_file, brings_back_what_was_there_and_keeps_what_is) {
    EXPECT_EQ(tags(), "after;before;");
    ASSERT_EQ(restored(), "restored");
    EXPECT_EQ(tags(), "before;");
    for (const auto* key : {"ca.key", "device-ca.key", "deployment-signing.key"}) {
        EXPECT_EQ(read_file(data_ / key).value(), secret_key) << key;
        struct stat info {};
        ASSERT_EQ(::stat((data_ / key).c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777U, 0600U) << key;
    }
    EXPECT_EQ(read_file(data_ / "ca.pem").value(), "a certificate");
    const auto sha256 = sha256_hex("an object");
    EXPECT_EQ(read_file(data_ / "objects" / sha256.substr(0, 2) / sha256).value(), "an object");
    EXPECT_FALSE(fs::exists(data_ / "keys.sealed"));
    // Undone by moving it back.
    fs::remove_all(data_);
    fs::rename(undo_, data_);
    EXPECT_EQ(tags(), "after;before;");
}

TEST_F(backup_file, has_no_secret_in_it_and_no_master_key) {
    EXPECT_EQ(whole_.find("verysecret"), std::string::npos);
    const auto master = read_file(data_ / "master.key").value();
    EXPECT_EQ(whole_.find(master.substr(22, 64)), std::string::npos);
    struct stat info {};
    ASSERT_EQ(::stat(file_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(backup_file, a_database_is_not_replaced_without_force) {
    EXPECT_THAT(restored(false), HasSubstr("--force"));
    EXPECT_EQ(tags(), "after;before;");
    EXPECT_EQ(folders(), 1u);
}

TEST_F(backup_file, goes_to_another_machine_with_the_master_key) {
    fs::copy_file(data_ / "master.key", place_ / "key");
    fs::permissions(place_ / "key", fs::perms(0600));
    fs::remove_all(data_);
    EXPECT_THAT(restored(false), HasSubstr("--master-key"));
    EXPECT_EQ(folders(), 0u);
    EXPECT_EQ(restored(false, place_ / "key"), "restored");
    EXPECT_EQ(tags(), "before;");
}

TEST_F(backup_file, another_master_key_is_refused) {
    auto other = read_file(data_ / "master.key").value();
    other[40] = other[40] == '0' ? '1' : '0';
    ASSERT_TRUE(write_file_atomically(place_ / "key", other, 0600));
    EXPECT_THAT(restored(true, place_ / "key"), HasSubstr("is not the one"));
    EXPECT_EQ(tags(), "after;before;");
    EXPECT_EQ(folders(), 1u);
}

TEST_F(backup_file, a_truncated_one_is_refused_and_changes_nothing) {
    for (std::size_t size = 0; size < whole_.size(); size += 1 + whole_.size() / 41) {
        write(whole_.substr(0, size));
        const auto outcome = restored();
        // Tar's own end may be missing: everything is there all the same.
        if (outcome == "restored") {
            EXPECT_GT(size, whole_.size() - 16 * 1024) << "of " << whole_.size();
            fs::remove_all(data_);
            fs::rename(undo_, data_);
            continue;
        }
        EXPECT_EQ(folders(), 1u) << size;
    }
    EXPECT_EQ(tags(), "after;before;");
}

TEST_F(backup_file, a_changed_byte_of_any_file_in_it_is_found) {
    for (const auto* content : {"an object", "a certificate", "SQLite format 3", "\"schema\":"}) {
        auto changed = whole_;
        const auto at = changed.find(content);
        ASSERT_NE(at, std::string::npos) << content;
        changed[at + 3] ^= 1;
        write(changed);
        EXPECT_THAT(restored(), HasSubstr("is damaged")) << content;
    }
    EXPECT_EQ(tags(), "after;before;");
    EXPECT_EQ(folders(), 1u);
}

TEST_F(backup_file, one_of_a_later_build_is_refused) {
    auto later = whole_;
    const auto at = later.find("\"format\":1");
    ASSERT_NE(at, std::string::npos);
    later[at + 9] = '9';
    write(later);
    EXPECT_THAT(restored(), HasSubstr("of a later build"));
    later = whole_;
    later.replace(later.find("\"schema\":") + 9, 1, "9");
    write(later);
    EXPECT_THAT(restored(), HasSubstr("of a later build"));
}

TEST_F(backup_file, what_is_no_backup_is_said_so) {
    write("hello");
    EXPECT_THAT(restored(), HasSubstr("no backup of Evergrass"));
    fs::remove(file_);
    EXPECT_THAT(restored(), HasSubstr("there is no backup"));
}

TEST_F(backup_file, is_not_written_over_another) {
    const auto state = store::open((data_ / "service.db").string()).value();
    const auto again = write_backup(*state, data_, file_, now_);
    ASSERT_TRUE(again.has_error());
    EXPECT_THAT(again.error().message(), HasSubstr("is there already"));
    EXPECT_EQ(read_file(file_).value(), whole_);
}

TEST_F(backup_file, an_object_whose_file_is_damaged_is_left_out_by_name) {
    const auto state = store::open((data_ / "service.db").string()).value();
    const auto sha256 = sha256_hex("an object");
    ASSERT_TRUE(write_file_atomically(data_ / "objects" / sha256.substr(0, 2) / sha256, "other"));
    const auto made = write_backup(*state, data_, place_ / "second.tar", now_);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_THAT(made->left_out, ::testing::ElementsAre(sha256));
}

TEST(backup_manifest, names_that_lead_elsewhere_are_refused) {
    backup_manifest manifest{4, "1", "now", {}};
    const auto sha256 = sha256_hex("x");
    for (const auto* name : {"service.db", "ca.pem", "device-ca.pem", "keys.sealed"}) {
        manifest.files.push_back({name, 1, sha256});
    }
    EXPECT_TRUE(parse_backup_manifest(to_text(manifest)));
    const std::vector<std::string> elsewhere = {
        "../x",   "/etc/passwd",          "objects/../" + sha256.substr(0, 2),
        "ca.key", "objects/00/" + sha256, "objects/" + sha256};
    for (const auto& name : elsewhere) {
        auto wrong = manifest;
        wrong.files.push_back({name, 1, sha256});
        EXPECT_TRUE(parse_backup_manifest(to_text(wrong)).has_error()) << name;
    }
    auto twice = manifest;
    twice.files.push_back(manifest.files[0]);
    EXPECT_TRUE(parse_backup_manifest(to_text(twice)).has_error());
    manifest.files.pop_back();
    EXPECT_TRUE(parse_backup_manifest(to_text(manifest)).has_error());
}

}  // namespace
}  // namespace evergrass::cloud
