#include "edge/spooler/spool_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using variables = std::vector<std::pair<std::string, std::string>>;

result<spool_settings> read(variables of_it,
                            std::string arn = "arn:aws:lambda:::function:GGCloudSpooler:1") {
    contract::function f;
    f.arn = std::move(arn);
    f.variables = std::move(of_it);
    return spool_settings_of({contract::function(), f});
}

TEST(spool_settings_of_group, without_the_function_or_its_variables_are_those_of_v1) {
    const auto none = spool_settings_of({});
    ASSERT_TRUE(none);
    EXPECT_EQ(none->storage, spool_storage::memory);
    EXPECT_EQ(none->max_bytes, 2'621'440U);
    EXPECT_EQ(read({}).value(), *none);
    EXPECT_EQ(read({{"GG_CONFIG_SUBSCRIPTION_QUALITY", "AtLeastOncePersistent"}}).value(), *none);
}

TEST(spool_settings_of_group, are_its_variables) {
    for (const auto* arn :
         {"arn:aws:lambda:::function:GGCloudSpooler:1", "arn:aws:lambda:::function:GGCloudSpooler",
          "arn:aws-cn:lambda:::function:GGCloudSpooler:1"}) {
        const auto all =
            read({{"GG_CONFIG_STORAGE_TYPE", "FileSystem"}, {"GG_CONFIG_MAX_SIZE_BYTES", "262144"}},
                 arn);
        ASSERT_TRUE(all) << arn;
        EXPECT_EQ(all->storage, spool_storage::file_system);
        EXPECT_EQ(all->max_bytes, 262'144U);
    }
}

TEST(spool_settings_of_group, of_another_function_are_not_looked_at) {
    const variables file{{"GG_CONFIG_STORAGE_TYPE", "FileSystem"}};
    for (const auto* arn : {"arn:aws:lambda:us-east-1:123456789012:function:GGCloudSpoolerNot:1",
                            "arn:aws:lambda:us-east-1:123456789012:function:other:1"}) {
        EXPECT_EQ(read(file, arn)->storage, spool_storage::memory);
    }
}

TEST(spool_settings_of_group, that_are_wrong_are_named_with_what_is_right) {
    for (const auto* size : {"262143", "0", "-1", "", "1e9", "262144 ", "99999999999999999999"}) {
        const auto refused = read({{"GG_CONFIG_MAX_SIZE_BYTES", size}});
        ASSERT_FALSE(refused) << size;
        EXPECT_THAT(refused.error().message(),
                    AllOf(HasSubstr("GG_CONFIG_MAX_SIZE_BYTES"), HasSubstr("262144")));
    }
    EXPECT_THAT(read({{"GG_CONFIG_MAX_SIZE_BYTES", "262143"}}).error().message(),
                HasSubstr("Spool size should be at least 262144 bytes"));
    for (const auto* storage : {"filesystem", "", "Disk"}) {
        const auto refused = read({{"GG_CONFIG_STORAGE_TYPE", storage}});
        ASSERT_FALSE(refused) << storage;
        EXPECT_THAT(refused.error().message(),
                    AllOf(HasSubstr("GG_CONFIG_STORAGE_TYPE"), HasSubstr("Memory or FileSystem")));
    }
}

}  // namespace
}  // namespace evergrass::edge
