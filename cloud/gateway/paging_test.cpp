#include "cloud/gateway/paging.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

call call_with(json::object input) {
    call made;
    made.input = std::move(input);
    return made;
}

std::string same(const std::string& row) {
    return row;
}

TEST(paging, without_wishes_the_first_page_has_the_services_size) {
    const auto page = requested_page(call_with({}), greengrass_paging);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->size, 50u);
    EXPECT_EQ(page->after, "");
}

TEST(paging, a_size_may_be_a_number_or_a_string) {
    EXPECT_EQ(requested_page(call_with({{"MaxResults", "7"}}), greengrass_paging)->size, 7u);
    EXPECT_EQ(requested_page(call_with({{"maxResults", 7}}), iot_paging)->size, 7u);
}

TEST(paging, a_large_wish_gets_the_largest_page) {
    EXPECT_EQ(requested_page(call_with({{"MaxItems", 10000}}), lambda_paging)->size, 50u);
}

TEST(paging, sizes_that_are_no_count_are_refused_by_name) {
    for (const auto& size : {json::value("ten"), json::value("0"), json::value(-1),
                             json::value("5 "), json::value(""), json::value(1.5)}) {
        const auto page = requested_page(call_with({{"MaxResults", size}}), greengrass_paging);
        ASSERT_TRUE(page.has_error()) << json::serialize(size);
        EXPECT_EQ(page.error().code, "BadRequestException");
        EXPECT_THAT(page.error().message, HasSubstr("MaxResults"));
    }
}

TEST(paging, foreign_tokens_are_refused) {
    for (const auto* token : {"???", "bm90IG91cnM=", "x"}) {
        const auto page = requested_page(call_with({{"marker", token}}), iot_marker_paging);
        ASSERT_TRUE(page.has_error()) << token;
        EXPECT_EQ(page.error().code, "InvalidRequestException");
    }
}

TEST(paging, following_the_tokens_visits_every_row_once) {
    const std::vector<std::string> all = {"a", "b", "c", "d", "e"};
    std::vector<std::string> seen;
    json::object input{{"MaxResults", "2"}};
    for (;;) {
        const auto page = requested_page(call_with(input), greengrass_paging);
        ASSERT_TRUE(page);
        std::vector<std::string> rows;
        for (const auto& row : all) {
            if (row > page->after &&
                static_cast<std::int64_t>(rows.size()) < page->rows_to_read()) {
                rows.push_back(row);
            }
        }
        const auto next = cut_to_page(rows, *page, same);
        EXPECT_LE(rows.size(), 2u);
        seen.insert(seen.end(), rows.begin(), rows.end());
        if (!next) {
            break;
        }
        input["NextToken"] = *next;
    }
    EXPECT_EQ(seen, all);
}

TEST(paging, a_list_that_fills_its_last_page_has_no_further_one) {
    std::vector<std::string> rows = {"a", "b"};
    EXPECT_EQ(cut_to_page(rows, page{2, ""}, same), std::nullopt);
    EXPECT_THAT(rows, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace evergrass::cloud
