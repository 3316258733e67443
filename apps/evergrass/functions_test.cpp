#include "apps/evergrass/functions.hpp"

#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

TEST(functions_text, is_a_table) {
    const auto status = parse_json(R"({"functions": [
        {"arn": "arn:aws:lambda:us-east-1:123456789012:function:average:3", "state": "Working",
         "workers": 2, "invocations": 1204, "errors": 1, "queued": 0, "restarts": 0,
         "p50Micros": 210, "p99Micros": 1250000, "memoryKb": 19456},
        {"arn": "arn:aws:lambda:us-east-1:123456789012:function:f:1", "state": "NotStarted",
         "workers": 0, "invocations": 0, "errors": 0, "queued": 0, "restarts": 0,
         "p50Micros": null, "p99Micros": null, "memoryKb": 0}]})");
    EXPECT_EQ(
        functions_text(status->as_object()),
        "FUNCTION   STATE       WORKERS  INVOKED  ERRORS  QUEUED     P50    P99  MEMORY  RESTARTS\n"
        "average:3  Working           2     1204       1       0  210 us  1.2 s  19 MiB         0\n"
        "f:1        NotStarted        0        0       0       0       -      -       -         "
        "0\n");
}

TEST(functions_text, of_a_group_without_any_says_so) {
    EXPECT_EQ(functions_text({{"functions", json::array()}}),
              "The deployed group has no functions.\n");
}

}  // namespace
}  // namespace evergrass::cli
