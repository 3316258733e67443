#include "libs/mqtt/outbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <sys/uio.h>

namespace evergrass::mqtt {
namespace {

std::shared_ptr<const std::string> payload(std::size_t size, char filler) {
    return std::make_shared<const std::string>(size, filler);
}

std::string gathered(const outbox& box, std::size_t pieces = 64, std::size_t max = SIZE_MAX) {
    std::array<iovec, 64> into{};
    std::string all;
    const auto count = box.gather(std::span(into).first(pieces), max);
    for (const auto& each : std::span(into).first(count)) {
        EXPECT_GT(each.iov_len, 0U);
        all.append(static_cast<const char*>(each.iov_base), each.iov_len);
    }
    return all;
}

TEST(outbox, small_things_run_together) {
    outbox box;
    box.tail() += "ab";
    box.append_payload(payload(3, 'x'));
    box.tail() += "cd";
    std::array<iovec, 4> into{};
    EXPECT_EQ(box.gather(into), 1U);
    EXPECT_EQ(gathered(box), "abxxxcd");
    EXPECT_EQ(box.size(), 7U);
}

TEST(outbox, large_payloads_are_shared_and_stay_in_their_place) {
    outbox box;
    const auto large = payload(5'000, 'x');
    box.append_payload(large);
    box.tail() += "between";
    box.append_payload(large);
    box.append_payload(large);
    box.tail() += "end";
    EXPECT_EQ(large.use_count(), 4);
    EXPECT_EQ(gathered(box), *large + "between" + *large + *large + "end");
    EXPECT_EQ(box.size(), 15'010U);
    EXPECT_EQ(gathered(box, 2), *large + "between");
    EXPECT_EQ(gathered(box, 64, 5'003), *large + "bet");
    box.written(5'007);
    EXPECT_EQ(large.use_count(), 3);
    EXPECT_EQ(gathered(box, 64, 3), "xxx");
    EXPECT_EQ(box.total_written(), 5'007U);
    EXPECT_EQ(box.total_appended(), 15'010U);
}

TEST(outbox, is_empty_when_nothing_was_appended_to_its_tail) {
    outbox box;
    EXPECT_TRUE(box.empty());
    box.tail();
    EXPECT_TRUE(box.empty());
    EXPECT_EQ(gathered(box), "");
    EXPECT_EQ(box.begin_write(), "");
    box.written(0);
    box.clear();
    EXPECT_TRUE(box.empty());
}

TEST(outbox, what_is_being_written_stays_where_it_is_while_more_is_appended) {
    outbox box;
    box.tail() += "first";
    const auto first = box.begin_write();
    box.tail() += std::string(100'000, 'y');
    box.append_payload(payload(2'000, 'x'));
    EXPECT_EQ(first, "first");
    EXPECT_EQ(box.size(), 102'005U);
    box.written();
    const auto second = box.begin_write();
    EXPECT_EQ(second.size(), 64U * 1024);
    for (int i = 0; i < 100; ++i) {
        box.tail() += std::string(1'000, 'z');
    }
    EXPECT_EQ(second, std::string(64 * 1024, 'y'));
    box.written();
    EXPECT_EQ(box.begin_write(), std::string(100'000 - 64 * 1024, 'y'));
    box.written();
    const auto large = box.begin_write();
    EXPECT_EQ(large, std::string(2'000, 'x'));
}

TEST(outbox, memory_goes_back_to_the_pool_and_comes_from_it) {
    outbox_pool pool;
    outbox one;
    one.use_pool(&pool);
    one.tail() += std::string(10'000, 'x');
    const auto* const where = one.tail().data();
    one.written(10'000);
    outbox other;
    other.use_pool(&pool);
    EXPECT_EQ(other.tail().data(), where);
    EXPECT_EQ(other.tail().size(), 0U);
    EXPECT_NE(one.tail().data(), where);
}

// Against a plain string, in random pieces and in both ways of writing.
TEST(outbox, gives_every_byte_once_and_in_order) {
    std::minstd_rand random(1);
    const auto up_to = [&](std::size_t n) { return random() % n; };
    for (const bool at_once : {true, false}) {
        outbox_pool pool;
        outbox box;
        box.use_pool(&pool);
        std::string expected;
        std::string got;
        bool writing = false;
        std::string_view in_flight;
        for (int step = 0; step < 20'000; ++step) {
            const char filler = static_cast<char>('a' + step % 26);
            const auto what = up_to(10);
            if (what < 4) {
                const std::string small(1 + up_to(300), filler);
                box.tail() += small;
                expected += small;
            } else if (what < 6) {
                const auto one = payload(1 + up_to(9'000), filler);
                box.append_payload(one);
                expected += *one;
            } else if (at_once) {
                const auto bytes = gathered(box, 1 + up_to(64), 1 + up_to(20'000));
                const auto count = up_to(bytes.size() + 1);
                got += bytes.substr(0, count);
                box.written(count);
            } else if (!writing) {
                in_flight = box.begin_write();
                writing = !in_flight.empty();
            } else {
                got += in_flight;
                box.written();
                writing = false;
            }
            ASSERT_EQ(box.size() + got.size(), expected.size());
        }
        if (writing) {
            got += in_flight;
            box.written();
        }
        while (!box.empty()) {
            const auto bytes = gathered(box);
            got += bytes;
            box.written(bytes.size());
        }
        EXPECT_TRUE(got == expected);
    }
}

}  // namespace
}  // namespace evergrass::mqtt
