#include "contract/bundle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::contract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string first_hash(64, 'a');
const std::string second_hash(64, 'b');

std::string sound_bundle() {
    return bundle_head({"{\"schema\":1}", std::string(64, 's'), "key"}) +
           bundle_artifact_line(first_hash, 5) + "12\n45" + std::string(bundle_artifact_end) +
           bundle_artifact_line(second_hash, 0) + std::string(bundle_artifact_end) +
           std::string(bundle_end);
}

struct heard {
    std::vector<std::string> what;
    std::string outcome = "whole";
};

// `step` bytes at a time, as a file may be read.
heard read(std::string_view text, std::size_t step = 1000) {
    heard h;
    std::string content;
    bundle_reader reader({[&](signed_manifest m) -> result<void> {
                              h.what.push_back(m.manifest_text);
                              return {};
                          },
                          [&](std::string_view hash, std::uint64_t size) -> result<void> {
                              h.what.push_back(std::string(hash.substr(0, 1)) + " " +
                                               std::to_string(size));
                              content.clear();
                              return {};
                          },
                          [&](std::string_view bytes) -> result<void> {
                              content += bytes;
                              return {};
                          },
                          [&]() -> result<void> {
                              h.what.push_back(content);
                              return {};
                          }});
    for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
        if (auto taken = reader.take(text.substr(0, step)); !taken) {
            h.outcome = taken.error().context;
            return h;
        }
    }
    if (auto ended = reader.end(); !ended) {
        h.outcome = ended.error().context;
    }
    return h;
}

TEST(bundle, is_read_in_any_pieces) {
    for (const std::size_t step : {1U, 3U, 1000U}) {
        const auto h = read(sound_bundle(), step);
        EXPECT_EQ(h.outcome, "whole");
        EXPECT_THAT(h.what, ElementsAre("{\"schema\":1}", "a 5", "12\n45", "b 0", ""));
    }
}

TEST(bundle_damage, a_cut_bundle_is_reported_wherever_it_is_cut) {
    const auto whole = sound_bundle();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_THAT(read(whole.substr(0, length)).outcome,
                    testing::AnyOf(HasSubstr("is cut"), HasSubstr("no bundle")))
            << length;
    }
}

TEST(bundle_damage, an_artifact_of_another_length_is_reported) {
    auto longer = sound_bundle();
    longer.insert(longer.find("12\n45"), "0");
    EXPECT_THAT(read(longer).outcome, HasSubstr("longer than its line says"));
}

TEST(bundle_damage, a_flipped_byte_in_a_line_is_reported) {
    auto flipped = sound_bundle();
    flipped[flipped.find("artifact")] ^= 1;
    EXPECT_THAT(read(flipped).outcome, HasSubstr("damaged"));
    flipped = sound_bundle();
    flipped[flipped.find(first_hash)] = 'g';
    EXPECT_THAT(read(flipped).outcome, HasSubstr("does not"));
    flipped = sound_bundle();
    flipped[flipped.find("{\"manifest")] = '[';
    EXPECT_THAT(read(flipped).outcome, HasSubstr("the signed manifest"));
}

TEST(bundle_damage, what_follows_the_end_is_reported) {
    EXPECT_THAT(read(sound_bundle() + "x").outcome, HasSubstr("follows its end"));
}

TEST(bundle_damage, a_line_without_an_end_does_not_fill_the_memory) {
    EXPECT_THAT(
        read(bundle_head({"{}", std::string(64, 's'), "k"}) + std::string(1000, 'x')).outcome,
        HasSubstr("a line has no end"));
    EXPECT_THAT(read("PK" + std::string(2000, 'x')).outcome, HasSubstr("no bundle"));
}

TEST(bundle_damage, an_artifact_over_the_limit_is_refused) {
    EXPECT_THAT(read(bundle_head({"{}", std::string(64, 's'), "k"}) +
                     bundle_artifact_line(first_hash, max_bundle_artifact_bytes + 1))
                    .outcome,
                HasSubstr("250 MiB"));
}

}  // namespace
}  // namespace evergrass::contract
