#include "libs/jobs/topics.hpp"

#include <gtest/gtest.h>

namespace evergrass::jobs {
namespace {

std::string read(std::string_view rest) {
    const auto found = parse_request_topic("$aws/things/T/jobs/" + std::string(rest));
    if (!found) {
        return "none";
    }
    EXPECT_EQ(found->thing, "T");
    constexpr const char* names[] = {"get_pending", "start_next", "describe", "update", "unknown"};
    return names[static_cast<int>(found->what)] +
           (found->job_id.empty() ? "" : " " + found->job_id);
}

TEST(jobs_topics, each_request_has_its_topic) {
    EXPECT_EQ(read("get"), "get_pending");
    EXPECT_EQ(read("start-next"), "start_next");
    EXPECT_EQ(read("j-1/get"), "describe j-1");
    EXPECT_EQ(read("$next/get"), "describe $next");
    EXPECT_EQ(read("get/update"), "update get");
}

TEST(jobs_topics, what_means_nothing_is_an_unknown_request) {
    for (const auto* rest : {"", "got", "get/", "a/b/c", "$next/update", "a b/get", "j/delete"}) {
        EXPECT_EQ(read(rest), "unknown") << rest;
    }
    EXPECT_EQ(read(std::string(65, 'j') + "/get"), "unknown");
}

TEST(jobs_topics, what_we_say_ourselves_is_no_request) {
    for (const auto* rest : {"notify", "notify-next", "get/accepted", "start-next/rejected",
                             "j/update/accepted", "$next/get/rejected"}) {
        EXPECT_EQ(read(rest), "none") << rest;
    }
    EXPECT_FALSE(parse_request_topic("$aws/things//jobs/get"));
    EXPECT_FALSE(parse_request_topic("$aws/things/T/job/get"));
    EXPECT_FALSE(parse_request_topic("$aws/things/T/jobs"));
    EXPECT_FALSE(parse_request_topic("things/T/jobs/get"));
    EXPECT_EQ(notify_next_topic("T"), "$aws/things/T/jobs/notify-next");
}

}  // namespace
}  // namespace evergrass::jobs
