#include "apps/evergrass/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using ::testing::HasSubstr;

TEST(status_text, shows_deployment_devices_and_losses) {
    const auto status = parse_json(R"({
        "thing": "core", "version": "1", "pid": 7, "deploymentId": "d", "group": "g",
        "subscriptions": 3, "subscriptionsQuiet": 2, "delivered": 9,
        "localTls": {"certificateEnds": "2026-01-08T00:00:00.000Z", "coreSignsUntil": null},
        "cloud": {"connected": false, "queuedMessages": 2},
        "devices": [{"thing": "pump", "connected": true}],
        "functions": [{"arn": "f", "state": "Working", "invocations": 4, "errors": 1, "queued": 0}],
        "lastDrops": [{"drop": {"name": "queue_full"}, "source": "thing:pump", "topic": "t",
                       "target": "thing:lamp", "count": 5, "last": "2026-01-01T00:00:00.000Z"}]})");
    const auto text = status_text(status->as_object());
    EXPECT_THAT(text, HasSubstr("Deployment d of group g, 3 subscriptions\n"));
    EXPECT_THAT(text,
                HasSubstr("Local TLS: certificate until 2026-01-08T00:00:00.000Z, renewed by the "
                          "service while the link is up\n"));
    EXPECT_THAT(text, HasSubstr("Cloud: not connected, 2 messages wait\n"));
    EXPECT_THAT(text, HasSubstr("thing:pump  connected\n"));
    EXPECT_THAT(text, HasSubstr("f  Working, 4 invocations, 1 errors"));
    EXPECT_THAT(text, HasSubstr("thing:pump --[t]--> thing:lamp  queue_full x5\n"));
}

TEST(status_text, tells_what_subscriptions_have_carried) {
    EXPECT_THAT(status_text({{"delivered", 9}, {"subscriptionsQuiet", 2}}),
                HasSubstr("9 messages delivered; subscriptions without any: 2 "));
    EXPECT_THAT(status_text({{"delivered", 9}, {"subscriptionsQuiet", 0}}),
                HasSubstr("9 messages delivered\n"));
    const auto answer = parse_json(R"({"subscriptions": [{"subscription": "s1", "messages": 7,
        "source": "thing:pump", "subject": "t/+", "target": "cloud"}]})");
    EXPECT_THAT(subscriptions_text(answer->as_object()),
                HasSubstr("7\t's1'  thing:pump --[t/+]--> cloud\n"));
    EXPECT_EQ(subscriptions_text({}), "There are no subscriptions.\n");
}

TEST(status_text, a_core_without_a_deployment_says_so) {
    EXPECT_THAT(status_text({{"thing", "core"}, {"deploymentId", nullptr}}),
                HasSubstr("Nothing is deployed.\nLocal TLS: no certificate"));
}

}  // namespace
}  // namespace evergrass::cli
