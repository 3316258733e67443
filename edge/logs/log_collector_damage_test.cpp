#include "edge/logs/log_shipper.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <stdlib.h>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t now = 1'600'000'000'000;

class log_collecting : public ::testing::Test {
protected:
    log_collecting() {
        std::string pattern = ::testing::TempDir() + "evergrass-logs-XXXXXX";
        ggc_ = ::mkdtemp(pattern.data());
        fs::create_directories(ggc_ / "var/log/system");
        fs::create_directories(ggc_ / "var/log/user/us-east-1/123456789012");
        fs::create_directories(ggc_ / "var/state");
        what_ = {log_level::warn, log_level::info, "123456789012", "g", "core"};
    }
    ~log_collecting() override { fs::remove_all(ggc_); }

    void write(const std::string& log, const std::string& text) {
        std::ofstream(ggc_ / "var/log" / log, std::ios::app) << text;
    }
    // "GROUP STREAM MESSAGE" of each event; takes the batch.
    std::vector<std::string> told(log_collector& from) {
        const auto batch = from.collect(what_, now);
        EXPECT_TRUE(from.commit(batch));
        std::vector<std::string> all;
        if (batch.body.empty()) {
            return all;
        }
        const auto body = parse_json(batch.body).value();
        for (const auto& log : body.at("logs").as_array()) {
            for (const auto& event : log.at("events").as_array()) {
                all.push_back(std::string(log.at("group").as_string()) + " " +
                              std::string(log.at("stream").as_string()) + " " +
                              std::string(event.at("message").as_string()));
            }
        }
        return all;
    }
    fs::path state() const { return ggc_ / "var/state/log-shipping.json"; }

    fs::path ggc_;
    shipping what_;
};

TEST_F(log_collecting, lines_go_to_the_groups_and_streams_of_v1) {
    log_collector collector(ggc_);
    collector.begin(what_);
    write("system/runtime.log",
          "[2020-02-20T01:05:20.372Z][INFO]-no\n[2020-02-20T01:05:21.000Z][WARN]-w\n");
    write("user/us-east-1/123456789012/f.log", "[2020-02-21T01:05:20.372Z][INFO]-i\nmore\n");
    EXPECT_EQ(told(collector),
              (std::vector<std::string>{
                  "/aws/greengrass/GreengrassSystem/runtime 2020/02/20/123456789012/g/core "
                  "[2020-02-20T01:05:21.000Z][WARN]-w",
                  "/aws/greengrass/Lambda/us-east-1/123456789012/f 2020/02/21/123456789012/g/core "
                  "[2020-02-21T01:05:20.372Z][INFO]-i",
                  "/aws/greengrass/Lambda/us-east-1/123456789012/f 2020/02/21/123456789012/g/core "
                  "more"}));
    EXPECT_TRUE(told(collector).empty());
}

TEST_F(log_collecting, what_was_there_before_is_not_sent_and_what_comes_later_is_sent_whole) {
    write("system/runtime.log", "[2020-02-20T01:05:20.372Z][ERROR]-old\n");
    log_collector collector(ggc_);
    collector.begin(what_);
    write("system/new.log", "[2020-02-20T01:05:20.372Z][ERROR]-new\n");
    EXPECT_EQ(told(collector).size(), 1u);
}

TEST_F(log_collecting, a_batch_that_was_not_taken_comes_again_also_after_a_restart) {
    {
        log_collector collector(ggc_);
        collector.begin(what_);
        write("system/a.log", "[2020-02-20T01:05:20.372Z][ERROR]-1\n");
        EXPECT_EQ(told(collector).size(), 1u);
        write("system/a.log", "[2020-02-20T01:05:20.372Z][ERROR]-2\n");
        EXPECT_FALSE(collector.collect(what_, now).body.empty());
    }
    log_collector again(ggc_);
    again.begin(what_);
    EXPECT_EQ(told(again).size(), 1u);
}

TEST_F(log_collecting, a_truncated_or_foreign_state_begins_at_the_ends) {
    write("system/a.log", "[2020-02-20T01:05:20.372Z][ERROR]-1\n");
    for (const auto* text : {"", "{", "[]", R"({"version":1,"files":{"system/a.log":7}})",
                             R"({"version":1,"files":{"system/a.log":{"inode":-1,"offset":0}}})"}) {
        ASSERT_TRUE(write_file_atomically(state(), text, 0600));
        log_collector collector(ggc_);
        collector.begin(what_);
        EXPECT_TRUE(told(collector).empty()) << text;
        write("system/a.log", "[2020-02-20T01:05:20.372Z][ERROR]-2\n");
        EXPECT_EQ(told(collector).size(), 1u) << text;
    }
}

}  // namespace
}  // namespace evergrass::edge
