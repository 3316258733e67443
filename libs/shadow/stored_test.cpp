#include "libs/shadow/stored.hpp"

#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass::shadow {
namespace {

TEST(stored_shadow, comes_back_as_it_was) {
    document kept{
        true, 7, {{"desired", {{"a", 25.0}}}}, {{"desired", {{"a", {{"timestamp", 9}}}}}}};
    const auto read = from_stored_text(to_stored_text(kept), 7);
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->exists);
    EXPECT_EQ(read->version, 7);
    EXPECT_EQ(read->state, kept.state);
    EXPECT_EQ(read->metadata, kept.metadata);
}

TEST(stored_shadow, damage_is_an_error) {
    for (const auto* text :
         {"", "{", "[]", "{}", R"({"state":{}})", R"({"metadata":{}})",
          R"({"state":1,"metadata":{}})", R"({"state":{},"metadata":[]})",
          R"({"state":{"desired":1},"metadata":{}})", R"({"state":{"other":{}},"metadata":{}})",
          R"({"state":{},"metadata":{"desired":2}})"}) {
        const auto read = from_stored_text(text, 1);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, evergrass::errc::corrupt) << text;
    }
}

}  // namespace
}  // namespace evergrass::shadow
