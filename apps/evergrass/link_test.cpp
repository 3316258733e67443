#include "apps/evergrass/link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

json::object link_of(std::string_view text) {
    return parse_json(text).value().get_object();
}

TEST(link_text_of, a_core_that_is_connected) {
    const auto text = link_text(link_of(R"({"connected": true, "connections": [
        {"clientId": "c-c00", "endpoint": "iot:8883", "connected": true,
         "since": "2026-11-27T10:00:00.000Z", "lastError": null, "bytesIn": 12, "bytesOut": 345}],
        "queue": {"storage": "Memory", "maxBytes": 2621440, "messages": 0, "bytes": 0,
                  "oldestSeconds": null, "inFlight": 0, "window": 100, "delivered": 7,
                  "overwritten": 0, "damaged": 0, "unknownLoss": false, "diskError": null}})"));
    EXPECT_EQ(text,
              "c-c00 at iot:8883: connected since 2026-11-27T10:00:00.000Z, 12 bytes in, 345 out\n"
              "Queue (Memory): 0 messages, 0 of 2621440 bytes; 0 of 100 in flight\n"
              "Since the core's start: 7 delivered, 0 overwritten, 0 lost by the disk\n");
}

TEST(link_text_of, says_all_that_is_wrong) {
    const auto text = link_text(link_of(R"({"connected": false, "connections": [
        {"clientId": "c-c00", "endpoint": "iot:8883", "connected": false,
         "since": "2026-11-27T10:00:00.000Z", "lastError": "refused"}],
        "queue": {"storage": "FileSystem", "maxBytes": 262144, "messages": 3, "bytes": 40,
                  "unsaved": 2, "oldestSeconds": 61, "inFlight": 1, "window": 100,
                  "overwritten": 5, "overwrittenEver": 12, "unknownLoss": true, "diskError": "no space"}})"));
    EXPECT_THAT(text, HasSubstr("NOT connected since"));
    EXPECT_THAT(text, HasSubstr("  for: refused\n"));
    EXPECT_THAT(text, HasSubstr("the oldest came 61 s ago; 1 of 100 in flight"));
    EXPECT_THAT(text, HasSubstr("5 overwritten"));
    EXPECT_THAT(text, HasSubstr("Since the queue's files were made: 12 overwritten"));
    EXPECT_THAT(text, HasSubstr("2 are in memory alone: no space"));
    EXPECT_THAT(text, HasSubstr("how much it lost is not known"));
    EXPECT_THAT(link_text({}), Not(HasSubstr("Queue")));
}

}  // namespace
}  // namespace evergrass::cli
