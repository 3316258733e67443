#include "cloud/gateway/rights.hpp"

#include "cloud/gateway/model.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace evergrass::cloud {
namespace {

// Operations that the documentation's table names, by service and role.
std::map<std::string, std::map<std::string, std::set<std::string>>> documented() {
    std::map<std::string, std::map<std::string, std::set<std::string>>> table;
    std::ifstream file(EVERGRASS_ACCESS_PAGE);
    for (std::string line; std::getline(file, line);) {
        std::istringstream cells(line);
        std::string service;
        std::string role;
        std::string names;
        std::getline(cells, service, '|');
        if (!service.empty() || !std::getline(cells, service, '|') ||
            !std::getline(cells, role, '|') || !std::getline(cells, names, '|')) {
            continue;
        }
        const auto trimmed = [](const std::string& text) {
            const auto first = text.find_first_not_of(" `");
            return first == std::string::npos
                       ? std::string()
                       : text.substr(first, text.find_last_not_of(" `") - first + 1);
        };
        std::istringstream list(names);
        for (std::string name; std::getline(list, name, ',');) {
            table[trimmed(service)][trimmed(role)].insert(trimmed(name));
        }
    }
    return table;
}

TEST(rights, every_operation_of_every_model_takes_the_role_that_the_page_says) {
    const auto table = documented();
    const model_catalog catalog;
    std::size_t seen = 0;
    for (const auto service : model_catalog::services()) {
        const auto page = table.find(std::string(service));
        ASSERT_NE(page, table.end()) << service << " is missing in " << EVERGRASS_ACCESS_PAGE;
        for (const auto& operation : catalog.find(service)->operations()) {
            const std::string name(operation.name);
            const auto role = std::string(to_string(needed_role(service, name)));
            for (const auto* each : {"operator", "admin"}) {
                const auto row = page->second.find(each);
                const bool listed = row != page->second.end() && row->second.contains(name);
                EXPECT_EQ(listed, role == each) << service << ":" << name << " takes " << role;
            }
            ++seen;
        }
    }
    EXPECT_GE(seen, 400u);
}

TEST(rights, reading_is_all_that_read_only_may) {
    for (const auto& [service, operation] :
         {std::pair("greengrass", "ListGroups"), std::pair("iot", "DescribeEndpoint"),
          std::pair("s3", "HeadObject"), std::pair("s3", "ListObjectsV2")}) {
        EXPECT_EQ(needed_role(service, operation), access_role::read_only) << operation;
    }
    EXPECT_EQ(needed_role("iot-data", "Publish"), access_role::operate);
    EXPECT_EQ(needed_role("s3", "PutObject"), access_role::operate);
}

TEST(rights, what_nobody_has_thought_of_is_an_admins) {
    EXPECT_EQ(needed_role("iot", "EraseEverything"), access_role::admin);
    EXPECT_EQ(needed_role("dynamodb", "PutItem"), access_role::admin);
    EXPECT_EQ(needed_role("secretsmanager", "GetSecretValue"), access_role::admin);
}

// No model has them (docs/formats/adoption.md).
TEST(rights, adoptions_are_an_admins) {
    EXPECT_EQ(needed_role("greengrass", "AdoptCore"), access_role::admin);
    EXPECT_EQ(needed_role("greengrass", "PutAdoptionPackage"), access_role::admin);
}

TEST(rights, roles_have_names) {
    for (const auto role : {access_role::read_only, access_role::operate, access_role::admin}) {
        EXPECT_EQ(parse_access_role(to_string(role)), role);
    }
    EXPECT_FALSE(parse_access_role("root"));
    EXPECT_FALSE(parse_access_role(""));
}

}  // namespace
}  // namespace evergrass::cloud
