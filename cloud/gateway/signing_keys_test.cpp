#include "cloud/gateway/signing_keys.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud {
namespace {

aws::authorization claim(std::string id, std::string date, std::string region = "us-east-1",
                         std::string service = "iot") {
    return {std::move(id), std::move(date), std::move(region), std::move(service), {"host"}, ""};
}

TEST(signing_keys, are_of_one_key_day_region_and_service) {
    signing_keys keys;
    keys.remember(claim("A", "20261127"), "sealed", "one");
    EXPECT_EQ(keys.find(claim("A", "20261127"), "sealed"), "one");
    EXPECT_FALSE(keys.find(claim("B", "20261127"), "sealed"));
    EXPECT_FALSE(keys.find(claim("A", "20261128"), "sealed"));
    EXPECT_FALSE(keys.find(claim("A", "20261127", "eu-west-1"), "sealed"));
    EXPECT_FALSE(keys.find(claim("A", "20261127", "us-east-1", "lambda"), "sealed"));
}

TEST(signing_keys, are_forgotten_with_the_secret_that_they_were_made_of) {
    signing_keys keys;
    keys.remember(claim("A", "20261127"), "sealed", "one");
    EXPECT_FALSE(keys.find(claim("A", "20261127"), "sealed anew"));
    keys.remember(claim("A", "20261127"), "sealed anew", "two");
    EXPECT_EQ(keys.find(claim("A", "20261127"), "sealed anew"), "two");
    EXPECT_EQ(keys.size(), 1u);
}

// Regions come from outside: a key's owner could invent them for ever.
TEST(signing_keys, are_so_many_and_no_more) {
    signing_keys keys;
    for (int i = 0; i < 20'000; ++i) {
        keys.remember(claim("A", "20261127", std::to_string(i)), "sealed", "key");
    }
    EXPECT_LE(keys.size(), signing_keys::most);
}

}  // namespace
}  // namespace evergrass::cloud
