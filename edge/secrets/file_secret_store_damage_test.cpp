#include "edge/secrets/file_secret_store.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdlib.h>
#include <sys/stat.h>

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string arn = "arn:aws:secretsmanager:eu-west-1:1:secret:folder/db-AbCdEf";

secret sample() {
    return {arn,
            "folder/db",
            {{"v2", {"AWSCURRENT"}, 1700000000123, false, "hush"},
             {"v1", {"AWSPREVIOUS"}, 1600000000000, true, std::string("\0\xff", 2)}}};
}

class file_secret_store_test : public testing::Test {
protected:
    file_secret_store_test() {
        std::string pattern = testing::TempDir() + "secretsXXXXXX";
        root = ::mkdtemp(pattern.data());
    }
    ~file_secret_store_test() override { std::filesystem::remove_all(root); }

    std::filesystem::path directory() const { return root / "secrets"; }
    std::filesystem::path only_file() const {
        return std::filesystem::directory_iterator(directory())->path();
    }
    void write(const std::string& name, std::string_view text) {
        ASSERT_TRUE(make_directories(directory(), 0700));
        ASSERT_TRUE(write_file_atomically(directory() / name, text, 0600));
    }
    // Why the store does not take the one file with this text.
    std::string fault_of(std::string_view text) {
        write("a.json", text);
        const auto faults = file_secret_store(directory(), &mine_).load();
        return faults.empty() ? "" : faults.front().message();
    }
    std::string text_with(const std::string& from, const std::string& to) {
        auto text = to_json_text(sample());
        const auto at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return text.replace(at, from.size(), to);
    }

    static std::string key() {
        static const std::string made = pki::generate_ec_key();
        return made;
    }

    std::filesystem::path root;
    pki::private_key key_ = pki::private_key::from_pem(key()).value();
    any_key_wrapper mine_{[this] { return key_; }, pki::key_wrapping::pkcs1};
};

TEST_F(file_secret_store_test, what_was_put_is_there_after_a_restart) {
    {
        file_secret_store store(directory(), &mine_);
        EXPECT_THAT(store.load(), IsEmpty()) << "no directory: no secrets";
        ASSERT_TRUE(store.put(sample()));
        EXPECT_NE(store.find(arn), nullptr);
    }
    file_secret_store store(directory(), &mine_);
    EXPECT_THAT(store.load(), IsEmpty());
    for (const auto& id : {arn, std::string("folder/db")}) {
        const auto* found = store.find(id);
        ASSERT_NE(found, nullptr) << id;
        EXPECT_EQ(to_json_text(*found), to_json_text(sample()));
    }
    EXPECT_EQ(store.find("folder"), nullptr);
    EXPECT_THAT(store.all(), SizeIs(1));
}

TEST_F(file_secret_store_test, only_the_owner_may_read) {
    file_secret_store store(directory(), &mine_);
    ASSERT_TRUE(store.put(sample()));
    struct stat status {};
    ASSERT_EQ(::stat(only_file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    ASSERT_EQ(::stat(directory().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(file_secret_store_test, a_secret_is_replaced_and_removed) {
    file_secret_store store(directory(), &mine_);
    ASSERT_TRUE(store.put(sample()));
    auto changed = sample();
    changed.name = "folder/renamed";
    ASSERT_TRUE(store.put(changed));
    EXPECT_EQ(store.find("folder/db"), nullptr);
    ASSERT_NE(store.find("folder/renamed"), nullptr);
    auto rival = sample();
    rival.arn += "X";
    rival.name = "folder/renamed";
    EXPECT_TRUE(store.put(rival).has_error());
    ASSERT_TRUE(store.remove(arn));
    ASSERT_TRUE(store.remove(arn)) << "told again";
    file_secret_store again(directory(), &mine_);
    EXPECT_THAT(again.load(), IsEmpty());
    EXPECT_THAT(again.all(), IsEmpty());
}

TEST_F(file_secret_store_test, what_could_not_be_read_back_is_not_put) {
    file_secret_store store(directory(), &mine_);
    auto wrong = sample();
    wrong.arn = "db";
    EXPECT_TRUE(store.put(wrong).has_error());
    wrong = sample();
    wrong.versions[1].stages = {"AWSCURRENT"};
    EXPECT_TRUE(store.put(wrong).has_error());
    wrong = sample();
    wrong.versions[0].value = std::string(65537, 'x');
    EXPECT_TRUE(store.put(wrong).has_error());
    EXPECT_FALSE(std::filesystem::exists(directory()));
}

TEST_F(file_secret_store_test, cut_short_is_left_out_and_named_and_the_rest_is_there) {
    file_secret_store store(directory(), &mine_);
    ASSERT_TRUE(store.put(sample()));
    write("broken.json", to_json_text(sample()).substr(0, 100));
    const auto faults = store.load();
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_EQ(faults[0].code, errc::corrupt);
    EXPECT_THAT(faults[0].message(),
                AllOf(HasSubstr("broken.json"), HasSubstr("Put the secret anew")));
    EXPECT_NE(store.find(arn), nullptr);
}

TEST_F(file_secret_store_test, any_prefix_of_a_file_is_refused) {
    const auto text = to_json_text(sample());
    for (std::size_t size = 0; size + 2 < text.size(); ++size) {
        ASSERT_TRUE(parse_secret(text.substr(0, size)).has_error()) << size;
    }
}

TEST_F(file_secret_store_test, left_over_by_a_power_cut_is_not_read) {
    write("a.json.new-0123456789ab", "half");
    EXPECT_THAT(file_secret_store(directory(), &mine_).load(), IsEmpty());
}

TEST_F(file_secret_store_test, left_over_by_a_power_cut_goes_with_the_next_change) {
    const auto old = directory() / "a.json.new-0123456789ab";
    file_secret_store store(directory(), &mine_);
    for (const auto change : {0, 1}) {
        write(old.filename(), "half a value");
        write("b.json.new-0123456789ab", "of another process, a moment ago");
        std::filesystem::last_write_time(
            old, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(2));
        ASSERT_TRUE(change == 0 ? store.put(sample()) : store.remove(arn));
        EXPECT_FALSE(std::filesystem::exists(old)) << change;
        EXPECT_TRUE(std::filesystem::exists(directory() / "b.json.new-0123456789ab"));
    }
}

TEST_F(file_secret_store_test, readable_by_others_is_refused) {
    file_secret_store store(directory(), &mine_);
    ASSERT_TRUE(store.put(sample()));
    ASSERT_EQ(::chmod(only_file().c_str(), 0640), 0);
    const auto faults = store.load();
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_THAT(faults[0].message(), HasSubstr("chmod 600"));
    EXPECT_EQ(store.find(arn), nullptr);
}

TEST_F(file_secret_store_test, a_link_is_not_followed) {
    write("real", to_json_text(sample()));
    std::filesystem::create_symlink(directory() / "real", directory() / "link.json");
    EXPECT_THAT(file_secret_store(directory(), &mine_).load(), SizeIs(1));
}

TEST_F(file_secret_store_test, twice_the_same_secret_is_a_conflict) {
    file_secret_store store(directory(), &mine_);
    ASSERT_TRUE(store.put(sample()));
    write("copy.json", to_json_text(sample()));
    const auto faults = store.load();
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_THAT(faults[0].message(), HasSubstr("remove one"));
    EXPECT_NE(store.find(arn), nullptr);
}

TEST_F(file_secret_store_test, the_member_that_is_wrong_is_named_and_no_value_told) {
    const auto wrong = [&](const std::string& from, const std::string& to,
                           const std::string& member) {
        EXPECT_THAT(fault_of(text_with(from, to)), AllOf(HasSubstr(member), Not(HasSubstr("hush"))))
            << to;
    };
    wrong("\"version\": 1", "\"version\": 3", "version");
    wrong("secretsmanager", "s3", "arn");
    wrong("\"name\": \"folder/db\"", "\"name\": \"\"", "name");
    wrong("\"versions\"", "\"other\"", "versions");
    wrong("\"versionId\": \"v2\"", "\"versionId\": 2", "versions[0].versionId");
    wrong("\"AWSPREVIOUS\"", "\"AWSCURRENT\"", "versions[1].stages");
    wrong("\"AWSCURRENT\"", "7", "versions[0].stages");
    wrong("\"secretString\"", "\"secretText\"", "versions[0].secretString");
    wrong("\"secretBinary\"", "\"secretString\": \"x\",\n\"secretBinary\"",
          "versions[1].secretString");
    wrong("\"AP8=\"", "\"AP8\"", "versions[1].secretBinary");
    wrong("1700000000123", "\"today\"", "versions[0].createdDate");
}

}  // namespace
}  // namespace evergrass::edge
