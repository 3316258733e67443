#include "edge/deployment/archive.hpp"

#include "edge/deployment/test_directory.hpp"
#include "edge/deployment/test_zip.hpp"
#include "libs/base/errors.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

mode_t mode_of(const fs::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

class unpacking_a_zip : public testing::Test {
protected:
    result<void> unpack(const std::vector<test_entry>& entries, const archive_limits& limits = {}) {
        return unpack_bytes(zip_bytes(entries), limits);
    }
    result<void> unpack_bytes(std::string_view bytes, const archive_limits& limits = {}) {
        std::ofstream(zip, std::ios::binary) << bytes;
        return unpack_zip(zip, out, limits);
    }
    // Refused with this in its message and with a next step, and nothing is left but the zip.
    void expect_refused(const result<void>& outcome, const std::string& why) {
        ASSERT_FALSE(outcome) << "taken, but expected: " << why;
        EXPECT_THAT(outcome.error().message(), HasSubstr(why));
        EXPECT_THAT(outcome.error().message(), HasSubstr("package.zip cannot be unpacked"));
        EXPECT_THAT(outcome.error().message(), HasSubstr("deploy"));
        expect_nothing_left();
    }
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
    ASSERT_TRUE(unpack({file_entry("main.py", "print()"), directory_entry("empty/"),
                        file_entry("lib/run.sh", "#!/bin/sh", 0755), file_entry("./a//b", "ab")}));
    EXPECT_EQ(read_file(out / "main.py").value(), "print()");
    EXPECT_EQ(read_file(out / "a/b").value(), "ab");
    EXPECT_TRUE(fs::is_directory(out / "empty"));
    EXPECT_EQ(mode_of(out / "lib/run.sh"), 0755U);
}

TEST_F(unpacking_a_zip, keeps_a_link_that_stays_inside) {
    ASSERT_TRUE(unpack({file_entry("lib/a.so.1", "so"), link_entry("lib/a.so", "a.so.1"),
                        file_entry("node_modules/x/cli.js", "cli"),
                        link_entry("node_modules/.bin/x", "../x/cli.js"),
                        link_entry("dangling", "not/there")}));
    EXPECT_EQ(read_file(out / "lib/a.so").value(), "so");
    EXPECT_EQ(read_file(out / "node_modules/.bin/x").value(), "cli");
    EXPECT_TRUE(fs::is_symlink(out / "dangling"));
}

TEST_F(unpacking_a_zip, keeps_names_that_are_not_ascii) {
    auto said_utf8 = file_entry("Füße/é.txt", "1");
    said_utf8.flags = 0x800;
    ASSERT_TRUE(unpack({said_utf8, file_entry("日本.txt", "2")}));
    EXPECT_EQ(read_file(out / "Füße/é.txt").value(), "1");
    EXPECT_EQ(read_file(out / "日本.txt").value(), "2");
}

// Names that differ by their case only are two files on Linux.
TEST_F(unpacking_a_zip, keeps_both_of_two_cases) {
    ASSERT_TRUE(unpack({file_entry("A.py", "1"), file_entry("a.py", "2")}));
    EXPECT_EQ(read_file(out / "A.py").value(), "1");
    EXPECT_EQ(read_file(out / "a.py").value(), "2");
}

TEST_F(unpacking_a_zip, a_file_twice_is_the_later_one) {
    ASSERT_TRUE(unpack({file_entry("a.py", "first"), file_entry("a.py", "second")}));
    EXPECT_EQ(read_file(out / "a.py").value(), "second");
}

TEST_F(unpacking_a_zip, a_zip_in_the_zip_stays_a_file) {
    const auto inner = zip_bytes({file_entry("../evil")});
    ASSERT_TRUE(unpack({file_entry("inner.zip", inner)}));
    EXPECT_EQ(read_file(out / "inner.zip").value(), inner);
}

// Functions run as another user than the core.
TEST_F(unpacking_a_zip, others_can_read_whatever_the_zips_modes_and_the_umask) {
    const auto former = ::umask(0077);
    const auto done = unpack({directory_entry("d/", 0700), file_entry("d/secret.py", "x", 0600),
                              file_entry("none", "x", 0000), file_entry("implied/run", "x", 0500)});
    ::umask(former);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(mode_of(out), 0755U);
    EXPECT_EQ(mode_of(out / "d"), 0755U);
    EXPECT_EQ(mode_of(out / "d/secret.py"), 0644U);
    EXPECT_EQ(mode_of(out / "none"), 0644U);
    EXPECT_EQ(mode_of(out / "implied"), 0755U);
    EXPECT_EQ(mode_of(out / "implied/run"), 0755U);
}

TEST_F(unpacking_a_zip, drops_set_user_id_set_group_id_and_sticky) {
    ASSERT_TRUE(unpack({file_entry("tool", "x", 06755), directory_entry("d/", 03777)}));
    EXPECT_EQ(mode_of(out / "tool"), 0755U);
    EXPECT_EQ(mode_of(out / "d"), 0755U);
}

TEST_F(unpacking_a_zip, refuses_names_that_leave) {
    for (const auto* name : {"../evil", "a/../../evil", "a/..", "..", "/etc/evil", "//evil"}) {
        expect_refused(unpack({file_entry(name)}), "leaves the package");
    }
}

TEST_F(unpacking_a_zip, refuses_backslashes) {
    for (const auto* name : {"..\\evil", "C:\\evil", "lib\\a.py"}) {
        expect_refused(unpack({file_entry("main.py"), file_entry(name)}), "backslash");
    }
}

TEST_F(unpacking_a_zip, refuses_unreadable_names) {
    using namespace std::string_literals;
    expect_refused(unpack({file_entry("main.py\0.txt"s)}), "'main.py\\x00.txt' has a control");
    expect_refused(unpack({file_entry("a\nb")}), "'a\\x0ab' has a control");
    expect_refused(unpack({file_entry("\x1b[2J")}), "control");
    expect_refused(unpack({file_entry("caf\xe9.py")}),
                   "'caf\\xe9.py' has a name that is not UTF-8");
    expect_refused(unpack({file_entry("")}), "no name");
    expect_refused(unpack({file_entry(".")}), "no name");
}

TEST_F(unpacking_a_zip, refuses_overlong_names) {
    expect_refused(unpack({file_entry(std::string(256, 'a'))}), "256 bytes in its name");
    std::string deep;
    for (int i = 0; i < 101; ++i) {
        deep += "d/";
    }
    expect_refused(unpack({file_entry(deep + "f")}), "100 directories deep");
    std::string wide;
    for (int i = 0; i < 9; ++i) {
        wide += std::string(250, 'w') + "/";
    }
    expect_refused(unpack({file_entry(wide)}), "more than 2048 bytes");
}

TEST_F(unpacking_a_zip, refuses_links_that_leave) {
    for (const auto* target : {"/etc/passwd", "../../x", "lib/../../../x", "a/../b"}) {
        expect_refused(unpack({link_entry("lib/a", target)}), "'lib/a' is a link that leaves");
    }
}

// Each link stays inside when it is taken by itself.
TEST_F(unpacking_a_zip, refuses_links_that_leave_by_another_link) {
    expect_refused(unpack({link_entry("here", "."), link_entry("out", "here/../../x")}),
                   "'out' is a link that leaves");
    expect_refused(unpack({link_entry("here", "."), link_entry("out", "here/..")}),
                   "'out' is a link that leaves");
}

TEST_F(unpacking_a_zip, refuses_what_stands_below_a_link) {
    expect_refused(unpack({directory_entry("d/"), link_entry("l", "d"), file_entry("l/evil")}),
                   "'l/evil' stands below the link 'l'");
    expect_refused(unpack({link_entry("l/deeper", "x"), link_entry("l", "d")}),
                   "'l/deeper' stands below the link 'l'");
}

TEST_F(unpacking_a_zip, refuses_a_link_and_then_a_file_through_it) {
    expect_refused(unpack({file_entry("target"), link_entry("l", "target"), file_entry("l")}),
                   "'l' is there twice, once as a link");
    expect_refused(unpack({link_entry("l", "a"), link_entry("l", "b")}), "twice");
}

TEST_F(unpacking_a_zip, refuses_a_file_over_a_directory) {
    expect_refused(unpack({directory_entry("d/"), file_entry("d")}),
                   "'d' is there twice, as a file and as a directory");
    expect_refused(unpack({file_entry("d"), file_entry("d/f")}), "'d/f' stands below the file 'd'");
}

TEST_F(unpacking_a_zip, refuses_devices_pipes_and_sockets) {
    for (const auto type : {S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK}) {
        expect_refused(unpack({special_entry("null", type)}), "'null' is a device");
    }
}

TEST_F(unpacking_a_zip, refuses_encrypted_entries) {
    auto secret = file_entry("secret.py");
    secret.flags = 1;
    expect_refused(unpack({file_entry("main.py"), secret}), "'secret.py' is encrypted");
}

TEST_F(unpacking_a_zip, refuses_an_unknown_compression) {
    auto odd = file_entry("odd.py");
    odd.method = 77;
    expect_refused(unpack({odd}), "'odd.py'");
}

TEST_F(unpacking_a_zip, refuses_a_name_that_differs_from_the_directorys) {
    auto liar = file_entry("main.py");
    liar.local_name = "../ev.py";
    expect_refused(unpack({liar}), "is another one in the archive's directory");
    liar.local_name = "/tmp/ev";
    expect_refused(unpack({liar}), "is another one in the archive's directory");
}

TEST_F(unpacking_a_zip, refuses_wrong_content) {
    auto bent = file_entry("main.py", "print()");
    bent.wrong_crc = true;
    expect_refused(unpack({bent}), "'main.py'");
    auto shorter = file_entry("main.py", "print()");
    shorter.claimed_size = 3;
    expect_refused(unpack({shorter}), "'main.py'");
}

TEST_F(unpacking_a_zip, refuses_too_many_entries) {
    archive_limits limits;
    limits.max_entries = 2;
    const auto refused = unpack({file_entry("a"), file_entry("b"), file_entry("c")}, limits);
    expect_refused(refused, "more than 2 files and directories");
    EXPECT_EQ(refused.error().code, errc::too_large);
    expect_refused(unpack({file_entry("a/b/c")}, limits), "more than 2 files and directories");
}

TEST_F(unpacking_a_zip, refuses_what_says_that_it_is_too_large) {
    auto large = file_entry("large.bin");
    large.claimed_size = 300'000'000;
    const auto refused = unpack({file_entry("main.py"), large});
    expect_refused(refused, "'large.bin' brings it to more than 262144000 bytes unpacked");
    EXPECT_EQ(refused.error().code, errc::too_large);
}

// Deflated zeros, whose header tells a lie about their size.
TEST_F(unpacking_a_zip, refuses_a_bomb_by_what_comes_out) {
    auto* a = archive_write_new();
    archive_write_set_format_zip(a);
    ASSERT_EQ(archive_write_open_filename(a, zip.c_str()), ARCHIVE_OK);
    auto* header = archive_entry_new();
    archive_entry_set_pathname(header, "bomb");
    archive_entry_set_filetype(header, AE_IFREG);
    archive_entry_set_perm(header, 0644);
    const std::string zeros(10'000'000, '\0');
    archive_entry_set_size(header, static_cast<la_int64_t>(zeros.size()));
    ASSERT_EQ(archive_write_header(a, header), ARCHIVE_OK);
    archive_write_data(a, zeros.data(), zeros.size());
    archive_entry_free(header);
    archive_write_close(a);
    archive_write_free(a);
    archive_limits limits;
    limits.max_unpacked_bytes = 1'000'000;
    expect_refused(unpack_zip(zip, out, limits), "'bomb' brings it to more than 1000000 bytes");

    auto bytes = read_file(zip).value();
    ASSERT_LT(bytes.size(), 20'000U);  // a ratio of 500 to 1 and more
    const auto directory = bytes.rfind("PK\1\2");
    bytes.replace(directory + 24, 4, std::string("\1\0\0\0", 4));
    expect_refused(unpack_bytes(bytes, limits), "'bomb'");
}

// Entries that share one content, so that a small file unpacks to much.
TEST_F(unpacking_a_zip, refuses_a_bomb_of_entries_that_overlap) {
    std::string bytes = zip_bytes({file_entry("a", std::string(1000, 'a'))});
    const auto directory = bytes.rfind("PK\1\2");
    const auto entry = bytes.substr(directory, 46 + 1);
    std::string entries;
    for (int i = 0; i < 50; ++i) {
        entries += entry;
    }
    bytes = bytes.substr(0, directory) + entries + "PK\5\6";
    put_number(bytes, 0, 4);
    put_number(bytes, 50, 2);
    put_number(bytes, 50, 2);
    put_number(bytes, entries.size(), 4);
    put_number(bytes, directory, 4);
    put_number(bytes, 0, 2);
    archive_limits limits;
    limits.max_unpacked_bytes = 10'000;
    expect_refused(unpack_bytes(bytes, limits), "more than 10000 bytes");
}

TEST_F(unpacking_a_zip, refuses_0_bytes) {
    expect_refused(unpack_bytes(""), "0 bytes");
}

TEST_F(unpacking_a_zip, refuses_what_is_no_zip) {
    expect_refused(unpack_bytes("print('hello')\n"), "no zip file");
    expect_refused(unpack_bytes(std::string(100'000, 'P')), "no zip file");
}

TEST_F(unpacking_a_zip, refuses_a_zip_without_an_entry) {
    expect_refused(unpack({}), "holds no file");
}

TEST_F(unpacking_a_zip, refuses_every_truncation) {
    const auto whole =
        zip_bytes({file_entry("main.py", std::string(300, 'x')), file_entry("b.py")});
    for (std::size_t size = 1; size < whole.size(); ++size) {
        expect_refused(unpack_bytes(std::string_view(whole).substr(0, size)),
                       size < 4 ? "no zip file" : "was cut off");
    }
}

TEST_F(unpacking_a_zip, refuses_a_directory_that_is_damaged) {
    const auto whole = zip_bytes({file_entry("a.py"), file_entry("b.py")});
    auto bent = whole;
    bent[whole.rfind("PK\1\2")] = 'Q';
    expect_refused(unpack_bytes(bent), "damaged behind its entry 1");
    bent = whole;
    bent[whole.rfind("PK\5\6") + 10] = 3;  // entries
    expect_refused(unpack_bytes(bent), "damaged behind its entry 2");
}

// As unzip does: what the directory names counts.
TEST_F(unpacking_a_zip, reads_past_foreign_bytes_before_and_behind) {
    const auto bytes = zip_bytes({file_entry("main.py", "print()")});
    const auto done = unpack_bytes("#!/bin/sh\n" + bytes + std::string(1000, '\n'));
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(read_file(out / "main.py").value(), "print()");
}

TEST_F(unpacking_a_zip, a_disk_that_is_full_is_an_error) {
    const auto bytes =
        zip_bytes({file_entry("small"), file_entry("big", std::string(200'000, 'b'))});
    write_file_atomically(zip, bytes).value();
    struct rlimit former {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
    struct rlimit small = former;
    small.rlim_cur = 100'000;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto refused = unpack_zip(zip, out);
    ::setrlimit(RLIMIT_FSIZE, &former);
    std::signal(SIGXFSZ, handler);
    expect_refused(refused, "'big'");
    EXPECT_THAT(refused.error().message(), HasSubstr("Make room"));
}

struct tar_entry {
    std::string name;
    unsigned type = AE_IFREG;
    std::string content;  // a link's target
};

std::string tar_gz_bytes(const std::vector<tar_entry>& entries) {
    std::vector<char> buffer(1024 * 1024);
    std::size_t used = 0;
    auto* writer = archive_write_new();
    archive_write_set_format_ustar(writer);
    archive_write_add_filter_gzip(writer);
    archive_write_open_memory(writer, buffer.data(), buffer.size(), &used);
    for (const auto& each : entries) {
        auto* entry = archive_entry_new();
        archive_entry_set_pathname(entry, each.name.c_str());
        archive_entry_set_filetype(entry, each.type);
        archive_entry_set_perm(entry, 0600);
        if (each.type == AE_IFLNK) {
            archive_entry_set_symlink(entry, each.content.c_str());
        } else {
            archive_entry_set_size(entry, static_cast<la_int64_t>(each.content.size()));
        }
        archive_write_header(writer, entry);
        archive_write_data(writer, each.content.data(),
                           each.type == AE_IFREG ? each.content.size() : 0);
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    return std::string(buffer.data(), used);
}

class unpacking_a_tar : public unpacking_a_zip {
protected:
    result<void> unpack(const std::vector<tar_entry>& entries, const archive_limits& limits = {}) {
        std::ofstream(zip, std::ios::binary) << tar_gz_bytes(entries);
        return unpack_tar_gz(zip, out, limits);
    }
};

TEST_F(unpacking_a_tar, keeps_content_directories_and_links_that_everybody_can_read) {
    ASSERT_TRUE(unpack({{"net", AE_IFDIR, ""},
                        {"net/labels", AE_IFREG, "cat"},
                        {"net/latest", AE_IFLNK, "labels"}}));
    EXPECT_EQ(read_file(out / "net/latest").value(), "cat");
    EXPECT_EQ(mode_of(out / "net/labels"), 0644u);
    EXPECT_EQ(mode_of(out / "net"), 0755u);
}

TEST_F(unpacking_a_tar, refuses_what_leaves_it_by_the_rules_of_packages) {
    expect_refused(unpack({{"../out", AE_IFREG, "x"}}), "leaves the package");
    expect_refused(unpack({{"/etc/out", AE_IFREG, "x"}}), "absolute name");
    expect_refused(unpack({{"link", AE_IFLNK, "../.."}}), "leaves the package");
    expect_refused(unpack({{"pipe", AE_IFIFO, ""}}), "a pipe");
    expect_refused(unpack({{"d", AE_IFLNK, "x"}, {"d/a", AE_IFREG, "x"}}), "below the link");
    expect_refused(unpack({}), "holds no file");
}

TEST_F(unpacking_a_tar, refuses_bombs_before_anything_is_written) {
    archive_limits limits;
    limits.max_unpacked_bytes = 1000;
    expect_refused(unpack({{"zeros", AE_IFREG, std::string(1001, '\0')}}, limits), "1000 bytes");
    limits.max_entries = 2;
    expect_refused(unpack({{"a", AE_IFREG, ""}, {"b", AE_IFREG, ""}, {"c", AE_IFREG, ""}}, limits),
                   "more than 2");
}

TEST_F(unpacking_a_tar, refuses_one_that_is_cut_off_or_none) {
    const auto whole = tar_gz_bytes({{"a", AE_IFREG, std::string(5000, 'x')}});
    for (const auto& bytes :
         {whole.substr(0, whole.size() / 2), std::string("no tar"), std::string()}) {
        std::ofstream(zip, std::ios::binary) << bytes;
        expect_refused(unpack_tar_gz(zip, out), "");
    }
}

using zip::link_stays_inside;

TEST(link_stays_inside, counts_from_where_the_link_stands) {
    EXPECT_TRUE(link_stays_inside("a/b/link", "../../x"));
    EXPECT_FALSE(link_stays_inside("a/b/link", "../../../x"));
    EXPECT_FALSE(link_stays_inside("link", ".."));
    EXPECT_TRUE(link_stays_inside("./link", "x/y"));
    EXPECT_FALSE(link_stays_inside("./link", "x/../y"));
    EXPECT_FALSE(link_stays_inside("link", ""));
}

TEST(zip_directory, reads_zip64) {
    // 70,000 entries need it; libarchive writes it by itself.
    test_directory dir;
    const auto path = dir.path() / "many.zip";
    auto* a = archive_write_new();
    archive_write_set_format_zip(a);
    archive_write_set_options(a, "zip64,compression=store");
    ASSERT_EQ(archive_write_open_filename(a, path.c_str()), ARCHIVE_OK);
    for (int i = 0; i < 70'000; ++i) {
        auto* header = archive_entry_new();
        archive_entry_set_pathname(header, std::to_string(i).c_str());
        archive_entry_set_filetype(header, AE_IFREG);
        archive_entry_set_size(header, 0);
        archive_write_header(a, header);
        archive_entry_free(header);
    }
    archive_write_close(a);
    archive_write_free(a);
    const auto entries = zip::read_zip_directory(path);
    ASSERT_TRUE(entries) << entries.error().message();
    EXPECT_EQ(entries->size(), 70'000U);
    EXPECT_EQ(entries->back().name, "69999");
    EXPECT_TRUE(zip::check_entries(*entries, {}));
}

}  // namespace
}  // namespace evergrass::edge
