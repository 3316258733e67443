#include "cloud/greengrass/bulk_input.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud::greengrass {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view good =
    R"({"GroupId":"g","GroupVersionId":"v","DeploymentType":"NewDeployment"})";

std::string fault_of(std::string_view line) {
    const auto read = parse_bulk_input(line);
    EXPECT_THAT(read.records, IsEmpty());
    return read.faults.size() == 1 ? read.faults.front() : "not one fault";
}

TEST(bulk_input, each_line_is_a_record) {
    const auto read =
        parse_bulk_input("\xef\xbb\xbf" + std::string(good) + "\r\n\n  \n" + std::string(good));
    EXPECT_THAT(read.faults, IsEmpty());
    ASSERT_EQ(read.records.size(), 2U);
    EXPECT_EQ(read.records[1].group_id, "g");
    EXPECT_EQ(read.records[1].group_version, "v");
}

TEST(bulk_input, faults_are_told_in_v1s_words) {
    EXPECT_EQ(fault_of("{"), "InvalidInputFile: Failed to parse input file at line number: 1");
    EXPECT_EQ(fault_of("[]"), "InvalidInputFile: Failed to parse input file at line number: 1");
    EXPECT_EQ(fault_of("\"\xff\""),
              "InvalidInputFile: Failed to parse input file at line number: 1");
    EXPECT_EQ(fault_of(R"({"GroupVersionId":"v","DeploymentType":"NewDeployment"})"),
              "InvalidInputFile: Missing GroupId at line number: 1");
    EXPECT_EQ(fault_of(R"({"GroupId":7,"GroupVersionId":"v","DeploymentType":"NewDeployment"})"),
              "InvalidInputFile: Missing GroupId at line number: 1");
    EXPECT_EQ(fault_of(R"({"GroupId":"g","DeploymentType":"NewDeployment"})"),
              "InvalidInputFile: Missing GroupVersionId at line number: 1");
    EXPECT_EQ(fault_of(R"({"GroupId":"g","GroupVersionId":"v","DeploymentType":"Redeployment"})"),
              "InvalidInputFile: Invalid deployment type at line number : 1. Only valid type is "
              "'NewDeployment'.");
    EXPECT_EQ(fault_of(std::string(good) + std::string(256 - good.size(), ' ')),
              "Line 1 is too long in S3 File. Valid line is less than 256 chars.");
    EXPECT_EQ(fault_of("\n\n"), "InvalidInputFile: The file has no records.");
}

TEST(bulk_input, the_longest_line_is_taken) {
    EXPECT_EQ(
        parse_bulk_input(std::string(good) + std::string(255 - good.size(), ' ')).records.size(),
        1U);
}

TEST(bulk_input, every_fault_has_its_line) {
    const auto read = parse_bulk_input("x\n" + std::string(good) + "\n\n{}\n");
    EXPECT_THAT(read.faults,
                ElementsAre("InvalidInputFile: Failed to parse input file at line number: 1",
                            "InvalidInputFile: Missing GroupId at line number: 4"));
}

}  // namespace
}  // namespace evergrass::cloud::greengrass
