#include "edge/deployment/archive.hpp"

#include "edge/deployment/test_directory.hpp"
#include "libs/base/errors.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct entry {
    std::string name;
    std::string content;
    mode_t mode = 0644;
    mode_t type = AE_IFREG;
    std::string link = "";
};

void write_zip(const fs::path& path, const std::vector<entry>& entries) {
    auto* a = archive_write_new();
    archive_write_set_format_zip(a);
    ASSERT_EQ(archive_write_open_filename(a, path.c_str()), ARCHIVE_OK);
    for (const auto& e : entries) {
        auto* header = archive_entry_new();
        archive_entry_set_pathname(header, e.name.c_str());
        archive_entry_set_filetype(header, e.type);
        archive_entry_set_perm(header, e.mode);
        archive_entry_set_size(header, static_cast<la_int64_t>(e.content.size()));
        if (!e.link.empty()) {
            archive_entry_set_symlink(header, e.link.c_str());
            archive_entry_set_size(header, 0);
        }
        ASSERT_EQ(archive_write_header(a, header), ARCHIVE_OK) << archive_error_string(a);
        archive_write_data(a, e.content.data(), e.content.size());
        archive_entry_free(header);
    }
    archive_write_close(a);
    archive_write_free(a);
}

class unpacking_a_zip : public testing::Test {
protected:
    result<void> unpack(const std::vector<entry>& entries, const archive_limits& limits = {}) {
        write_zip(zip, entries);
        return unpack_zip(zip, out, limits);
    }
    // Nothing but the zip itself may be there after a refusal.
    void expect_nothing_left() {
        for (const auto& left : fs::directory_iterator(dir.path())) {
            EXPECT_EQ(left.path(), zip);
        }
    }

    test_directory dir;
    fs::path zip = dir.path() / "package.zip";
    fs::path out = dir.path() / "arn:aws:lambda:us-east-1:1:function:f:1";
};

TEST_F(unpacking_a_zip, keeps_content_directories_and_execute_bits) {
    ASSERT_TRUE(unpack({{"main.py", "print()"}, {"lib/run.sh", "#!/bin/sh", 0755}}));
    EXPECT_EQ(read_file(out / "main.py").value(), "print()");
    struct stat info {};
    ASSERT_EQ(::stat((out / "lib/run.sh").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0755U);
}

TEST_F(unpacking_a_zip, keeps_a_link_that_stays_inside) {
    ASSERT_TRUE(unpack({{"lib/a.so.1", "x"}, {"lib/a.so", "", 0777, AE_IFLNK, "a.so.1"}}));
    EXPECT_EQ(read_file(out / "lib/a.so").value(), "x");
}

TEST_F(unpacking_a_zip, drops_set_user_id) {
    ASSERT_TRUE(unpack({{"tool", "x", 04755}}));
    struct stat info {};
    ASSERT_EQ(::stat((out / "tool").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07000, 0U);
}

TEST_F(unpacking_a_zip, refuses_names_that_leave) {
    for (const auto* name : {"../evil", "a/../../evil", "/etc/evil"}) {
        const auto refused = unpack({{name, "x"}});
        ASSERT_FALSE(refused) << name;
        EXPECT_THAT(refused.error().message(), HasSubstr("leaves the package"));
        expect_nothing_left();
    }
}

TEST_F(unpacking_a_zip, refuses_links_that_leave) {
    for (const auto* target : {"/etc/passwd", "../../x", "lib/../../../x"}) {
        const auto refused = unpack({{"lib/a", "", 0777, AE_IFLNK, target}});
        ASSERT_FALSE(refused) << target;
        EXPECT_THAT(refused.error().message(), HasSubstr("a link that leaves"));
        expect_nothing_left();
    }
}

TEST_F(unpacking_a_zip, refuses_a_bomb_by_what_comes_out) {
    archive_limits limits;
    limits.max_unpacked_bytes = 1000;
    const auto refused = unpack({{"big", std::string(100'000, '0')}}, limits);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::too_large);
    expect_nothing_left();
}

TEST_F(unpacking_a_zip, refuses_too_many_entries) {
    archive_limits limits;
    limits.max_entries = 2;
    EXPECT_FALSE(unpack({{"a", ""}, {"b", ""}, {"c", ""}}, limits));
    expect_nothing_left();
}

TEST_F(unpacking_a_zip, every_truncation_leaves_nothing_behind) {
    write_zip(zip, {{"main.py", std::string(300, 'x')}});
    const auto whole = read_file(zip).value();
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        ASSERT_TRUE(write_file_atomically(zip, std::string_view(whole).substr(0, size)));
        if (unpack_zip(zip, out)) {
            fs::remove_all(out);  // a zip without its directory at the end can still be read
        }
        expect_nothing_left();
    }
}

TEST(link_stays_inside, counts_from_where_the_link_stands) {
    EXPECT_TRUE(link_stays_inside("a/b/link", "../../x"));
    EXPECT_FALSE(link_stays_inside("a/b/link", "../../../x"));
    EXPECT_FALSE(link_stays_inside("link", ".."));
    EXPECT_TRUE(link_stays_inside("./link", "x/../y"));
    EXPECT_FALSE(link_stays_inside("link", ""));
}

}  // namespace
}  // namespace evergrass::edge
