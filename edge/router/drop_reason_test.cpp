#include "edge/router/drop_reason.hpp"

#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace evergrass::edge {
namespace {

TEST(drop_reason, each_has_a_name_a_sentence_and_a_next_step) {
    for (std::size_t i = 0; i < drop_reason_count; ++i) {
        const auto& text = drop_reasons()[i];
        EXPECT_EQ(static_cast<std::size_t>(text.reason), i) << text.name;
        EXPECT_FALSE(text.name.empty());
        EXPECT_EQ(text.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
                  std::string_view::npos)
            << text.name;
        EXPECT_GT(text.sentence.size(), 10U) << text.name;
        EXPECT_GT(text.next_step.size(), 10U) << text.name;
        EXPECT_EQ(&describe(text.reason), &text);
    }
}

TEST(drop_reason, names_are_unique_and_found_again) {
    std::set<std::string_view> names;
    for (const auto& text : drop_reasons()) {
        EXPECT_TRUE(names.insert(text.name).second) << text.name;
        EXPECT_EQ(find_drop_reason(text.name), text.reason);
    }
    EXPECT_EQ(find_drop_reason("nonsense"), std::nullopt);
}

// The cells of the page's table rows that begin with `name`.
std::vector<std::vector<std::string>> rows_of(const std::string& page) {
    std::vector<std::vector<std::string>> rows;
    for (std::size_t at = 0; at < page.size();) {
        const auto end = std::min(page.find('\n', at), page.size());
        const auto line = page.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with("| `")) {
            continue;
        }
        std::vector<std::string> cells;
        for (std::size_t from = 2; from < line.size();) {
            const auto bar = std::min(line.find(" |", from), line.size());
            cells.push_back(line.substr(from, bar - from));
            from = bar + 3;
        }
        rows.push_back(std::move(cells));
    }
    return rows;
}

TEST(drop_reason, the_page_for_users_lists_each_in_these_words) {
    const auto page = read_file(EVERGRASS_DOCS_DIR "/drop-reasons.md");
    ASSERT_TRUE(page) << page.error().message();
    const auto rows = rows_of(*page);
    ASSERT_EQ(rows.size(), drop_reason_count);
    for (std::size_t i = 0; i < drop_reason_count; ++i) {
        const auto& text = drop_reasons()[i];
        EXPECT_THAT(rows[i], ::testing::ElementsAre("`" + std::string(text.name) + "`",
                                                    text.sentence, text.next_step));
    }
}

}  // namespace
}  // namespace evergrass::edge
