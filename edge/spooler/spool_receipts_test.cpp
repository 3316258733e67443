#include "edge/spooler/spool_receipts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class spool_receipts_of : public ::testing::Test {
protected:
    std::shared_ptr<void> receipt(int n) {
        return std::shared_ptr<void>(this, [this, n](void*) { gone.push_back(n); });
    }
    std::vector<int> gone;  // before the receipts, which tell it
    spool_receipts receipts;
};

TEST_F(spool_receipts_of, what_is_saved_is_let_go_and_what_is_in_memory_alone_is_not) {
    receipts.hold(1, 0, receipt(1));
    receipts.hold(2, 10, receipt(2));
    receipts.hold(3, 11, receipt(3));
    receipts.let_go_saved(10);
    EXPECT_THAT(gone, ElementsAre(2));
    receipts.let_go(1);
    receipts.let_go(1);
    EXPECT_THAT(gone, ElementsAre(2, 1));
}

TEST_F(spool_receipts_of, what_gave_way_goes_with_the_record_that_counts_it) {
    receipts.hold(1, 10, receipt(1));
    receipts.note_gave_way(1);
    receipts.let_go_saved(10);
    EXPECT_THAT(gone, IsEmpty()) << "the loss is not on the disk yet";
    receipts.hold(2, 11, receipt(2));
    receipts.let_go_saved(11);
    EXPECT_THAT(gone, UnorderedElementsAre(1, 2));
}

TEST_F(spool_receipts_of, what_gave_way_waits_for_a_record_also_behind_a_message_of_qos_0) {
    receipts.hold(1, 10, receipt(1));
    receipts.note_gave_way(1);
    receipts.hold(2, 11, nullptr);
    EXPECT_THAT(gone, IsEmpty());
    receipts.let_go_saved(11);
    EXPECT_THAT(gone, ElementsAre(1));
}

TEST_F(spool_receipts_of, what_no_record_will_count_is_let_go) {
    receipts.hold(1, 10, receipt(1));
    receipts.note_gave_way(1);
    receipts.forget_given_way();
    EXPECT_THAT(gone, ElementsAre(1));
}

}  // namespace
}  // namespace evergrass::edge
