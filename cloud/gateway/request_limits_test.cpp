#include "cloud/gateway/request_limits.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;

int taken(token_buckets& buckets, const std::string& name, mono_time now) {
    int count = 0;
    while (count < 100'000 && buckets.take(name, now)) {
        ++count;
    }
    return count;
}

TEST(token_buckets, two_seconds_worth_at_once_and_then_the_rate) {
    token_buckets buckets(10);
    mono_time now{};
    EXPECT_EQ(taken(buckets, "a", now), 20);
    EXPECT_EQ(taken(buckets, "a", now + 500ms), 5);
    EXPECT_EQ(taken(buckets, "b", now + 500ms), 20) << "each name has its own";
    EXPECT_EQ(taken(buckets, "a", now + 1h), 20);
}

TEST(token_buckets, zero_is_no_limit) {
    token_buckets buckets(0);
    EXPECT_EQ(taken(buckets, "a", mono_time{}), 100'000);
    EXPECT_EQ(buckets.size(), 0u);
}

TEST(token_buckets, remember_so_many_names_and_no_more) {
    token_buckets buckets(1);
    mono_time now{};
    for (int i = 0; i < 50'000; ++i) {
        EXPECT_TRUE(buckets.take(std::to_string(i), now));
    }
    EXPECT_LE(buckets.size(), 20'000u);
}

TEST(request_limits, each_service_refuses_in_its_own_words) {
    request_counts counts;
    request_limits limits(1, 1, counts);
    mono_time now{};
    for (const auto* address : {"10.0.0.1:1", "10.0.0.1:2"}) {
        EXPECT_FALSE(limits.refuse_address(address, "iot", now));
        EXPECT_FALSE(limits.refuse_key("K", "iot", now));
    }
    const auto s3 = limits.refuse_address("10.0.0.1:3", "s3", now);
    ASSERT_TRUE(s3);
    EXPECT_EQ(s3->status, 503);
    EXPECT_EQ(s3->code, "SlowDown");
    EXPECT_EQ(limits.refuse_key("K", "lambda", now)->code, "TooManyRequestsException");
    EXPECT_EQ(limits.refuse_key("K", "greengrass", now)->code, "ThrottlingException");
    EXPECT_EQ(limits.refuse_key("K", "iot", now)->status, 429);
    EXPECT_FALSE(limits.refuse_key("L", "iot", now));
    EXPECT_FALSE(limits.refuse_address("10.0.0.2:1", "iot", now));
    metrics_writer out;
    counts.write(out);
    const auto text = out.take();
    EXPECT_NE(text.find("evergrass_api_throttled_total{limit=\"key\"} 3"), std::string::npos);
    EXPECT_NE(text.find("evergrass_api_throttled_total{limit=\"address\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace evergrass::cloud
