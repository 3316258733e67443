#include "libs/base/arn.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/epoch.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/base/log.hpp"
#include "libs/base/random.hpp"
#include "libs/base/time.hpp"
#include "libs/base/uuid_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sys/stat.h>
#include <thread>

namespace evergrass {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class in_a_directory : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(make_directories(dir)); }
    void TearDown() override { fs::remove_all(dir); }
    fs::path dir = fs::temp_directory_path() / ("base-" + hex_encode(random_bytes(6)));
};

using files = in_a_directory;
using logs = in_a_directory;

TEST_F(files, replacing_one_leaves_only_it_with_its_mode) {
    const auto path = dir / "state.json";
    ASSERT_TRUE(write_file_atomically(path, "old", 0600));
    ASSERT_TRUE(write_file_atomically(path, "new", 0600));
    EXPECT_EQ(read_file(path).value(), "new");
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    EXPECT_EQ(std::distance(fs::directory_iterator(dir), fs::directory_iterator()), 1);
}

TEST_F(files, the_error_names_the_file) {
    const auto read = read_file(dir / "none");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message(), HasSubstr((dir / "none").string()));
}

TEST_F(files, one_over_the_limit_is_refused) {
    ASSERT_TRUE(write_file_atomically(dir / "big", std::string(100, 'x')));
    EXPECT_EQ(read_file(dir / "big", 99).error().code, errc::too_large);
    EXPECT_TRUE(read_file(dir / "big", 100));
}

TEST_F(logs, a_line_has_v1s_form_and_stays_one_line) {
    const auto log = logger::to_file((dir / "a/b.log").string(), log_level::info, 10'000, 2);
    ASSERT_TRUE(log) << log.error().message();
    log->debug("not written");
    log->warn("two\nlines", {{"text", "a \"b\""}, {"count", 3}, {"ok", true}});
    const auto text = read_file(dir / "a/b.log").value();
    EXPECT_TRUE(std::regex_match(
        text, std::regex("\\[\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z\\]\\[WARN\\]-"
                         "two\\\\nlines \\{\"text\": \"a \\\\\"b\\\\\"\", \"count\": 3, "
                         "\"ok\": true\\}\n")))
        << text;
}

TEST_F(logs, files_are_the_owners_alone_those_of_a_rotation_too) {
    const auto log = logger::to_file((dir / "b.log").string(), log_level::info, 500, 3);
    ASSERT_TRUE(log);
    for (int i = 0; i < 20; ++i) {
        log->info("a line of a log that is long enough to fill a file after some of its kind");
    }
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
        ++files;
        EXPECT_EQ(entry.status().permissions(), std::filesystem::perms(0600)) << entry.path();
    }
    EXPECT_EQ(files, 3);
}

TEST_F(logs, a_level_is_read_in_any_case) {
    EXPECT_EQ(parse_log_level("warn").value(), log_level::warn);
    EXPECT_THAT(parse_log_level("loud").error().context, HasSubstr("DEBUG, INFO, WARN"));
}

TEST(times, are_written_with_milliseconds_and_read_back) {
    const wall_time t(std::chrono::milliseconds(1573451251435));
    EXPECT_EQ(format_iso8601(t), "2019-11-11T05:47:31.435Z");
    EXPECT_EQ(format_basic_iso8601(t), "20191111T054731Z");
    EXPECT_EQ(to_epoch_seconds(parse_basic_iso8601("20191111T054731Z").value()), 1573451251);
    EXPECT_EQ(format_iso8601(wall_time(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(format_iso8601(wall_time{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_iso8601(wall_time(std::chrono::milliseconds(1582934400001))),
              "2020-02-29T00:00:00.001Z");
    EXPECT_EQ(format_iso8601(wall_time(std::chrono::seconds(4102444800))),
              "2100-01-01T00:00:00.000Z");
    for (const auto* text : {"", "20191111T054731", "20191311T054731Z", "20190230T000000Z",
                             "2019x111T054731Z", "20191111T254731Z"}) {
        EXPECT_FALSE(parse_basic_iso8601(text)) << text;
    }
}

TEST(times, that_are_too_far_to_hold_become_the_nearest) {
    EXPECT_EQ(to_epoch_seconds(nearest_wall_time(1573451251)), 1573451251);
    EXPECT_EQ(format_iso8601(nearest_wall_time(253'402'300'799)), "2261-12-31T23:59:59.000Z");
    EXPECT_EQ(nearest_wall_time(-631'152'000), wall_time{});
    EXPECT_EQ(nearest_wall_time(INT64_MIN), wall_time{});
}

TEST(json_text, an_error_says_line_and_column) {
    const auto parsed = parse_json("{\n  \"a\": x\n}");
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().context, HasSubstr("line 2, column"));
}

TEST(json_text, refuses_more_than_one_value_and_too_much_depth) {
    EXPECT_FALSE(parse_json("{} {}"));
    EXPECT_FALSE(parse_json(""));
    EXPECT_TRUE(parse_json(" {} \n"));
    EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
}

TEST(json_text, pretty_form_reads_back_the_same) {
    const auto value = parse_json(R"({"a":[1,{"b":null}],"c":"\n","d":{},"e":[]})").value();
    EXPECT_EQ(parse_json(to_pretty_json(value)).value(), value);
}

TEST(arns, a_function_of_the_user_and_one_of_the_system) {
    const auto user = parse_function_arn("arn:aws:lambda:us-east-1:123456789012:function:f:7");
    ASSERT_TRUE(user);
    EXPECT_EQ(user->qualifier, "7");
    EXPECT_EQ(user->unqualified(), "arn:aws:lambda:us-east-1:123456789012:function:f");
    const auto system = parse_function_arn("arn:aws:lambda:::function:GGIPDetector:1");
    ASSERT_TRUE(system);
    EXPECT_EQ(system->account, "");
    for (const auto* text :
         {"", "arn:aws:lambda", "arn:aws:lambda:r:a:function:", "arn:aws:lambda:r:a:function:f:",
          "arn:aws:lambda:r:a:function:a b", "arn:aws:iot:r:a:thing/f"}) {
        EXPECT_FALSE(parse_function_arn(text)) << text;
    }
}

TEST(arns, things_and_certificates) {
    EXPECT_EQ(thing_name_of("arn:aws-cn:iot:cn-north-1:1:thing/a:b_c").value(), "a:b_c");
    EXPECT_FALSE(thing_name_of("arn:aws:iot:r:1:thing/"));
    const std::string id(64, 'a');
    EXPECT_EQ(certificate_id_of("arn:aws:iot:r:1:cert/" + id).value(), id);
    EXPECT_FALSE(certificate_id_of("arn:aws:iot:r:1:cert/" + std::string(64, 'A')));
    EXPECT_FALSE(certificate_id_of("arn:aws:iot:r:1:cert/abc"));
}

TEST(digests, agree_with_known_values) {
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_encode(hmac_sha256("key", "The quick brown fox jumps over the lazy dog")),
              "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
    // RFC 4231, test case 6: a key longer than a block.
    EXPECT_EQ(hex_encode(hmac_sha256(std::string(131, '\xaa'),
                                     "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_TRUE(equal_in_constant_time("ab", "ab"));
    EXPECT_FALSE(equal_in_constant_time("ab", "ac"));
    EXPECT_FALSE(equal_in_constant_time("ab", "abc"));
}

TEST(uuids, are_version_4_and_differ) {
    const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    const auto one = uuid_v4();
    EXPECT_TRUE(std::regex_match(one, form)) << one;
    EXPECT_NE(one, uuid_v4());
    EXPECT_EQ(uuid_of(std::string(16, '\xff')), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST(uuids, of_a_source_differ_whichever_thread_asks) {
    uuid_source source;
    std::vector<std::string> all(2'000);
    const auto ask = [&](std::size_t from) {
        for (std::size_t i = from; i < all.size(); i += 2) {
            all[i] = source.next();
        }
    };
    std::thread other(ask, 1);
    ask(0);
    other.join();
    const std::set<std::string> different(all.begin(), all.end());
    EXPECT_EQ(different.size(), all.size()) << "more than are fetched at a time";
}

}  // namespace
}  // namespace evergrass
