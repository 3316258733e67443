#include "libs/mqtt/client_message.hpp"

#include <gtest/gtest.h>

namespace evergrass::mqtt {
namespace {

using namespace std::string_literals;

TEST(client_message, properties_are_read_as_they_were_written) {
    message_properties written;
    written.utf8_payload = true;
    written.content_type = "text/plain";
    written.response_topic = "answers/x";
    written.correlation_data = "\0\xff"s;
    written.user = {{"", ""}, {"k", "v"}};
    ASSERT_TRUE(check_properties(written));
    const auto read = read_properties(encode_properties(written));
    EXPECT_EQ(static_cast<const message_properties&>(read), written);
    EXPECT_TRUE(read.subscription_ids.empty());
}

TEST(client_message, no_properties_are_no_bytes) {
    EXPECT_EQ(encode_properties({}), "");
    EXPECT_EQ(static_cast<const message_properties&>(read_properties("")), message_properties{});
}

TEST(client_message, what_is_no_property_ends_the_list) {
    EXPECT_EQ(read_properties("\x03\0\x01x\x00\x03\0\x01y"s).content_type, "x");
    EXPECT_EQ(read_properties("\x03\0\x09x"s).content_type, "");
}

}  // namespace
}  // namespace evergrass::mqtt
