#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace evergrass::edge {

// The receipts of messages that are not safe yet: letting one go tells the publisher that its
// message is. Invariant: the receipt of a message that gave way before it was on the disk goes with
// that of the next one, whose record counts it; so no loss that a publisher does not hear of is
// missing in the count (docs/formats/spool.md). Not for two threads at once.
class spool_receipts {
public:
    // Of the message `number`, the log's `saved_as`; 0: the disk did not take it, and the receipt
    // is held until let_go(). May be null.
    void hold(std::uint64_t number, std::uint64_t saved_as, std::shared_ptr<void> receipt);
    // The message is delivered, or lost for good.
    void let_go(std::uint64_t number) { held_.erase(number); }
    // The message gave way.
    void note_gave_way(std::uint64_t number);
    // No record will count those that gave way.
    void forget_given_way() { uncounted_.clear(); }
    // All that the log has up to `upto` is safe.
    void let_go_saved(std::uint64_t upto);

private:
    struct held {
        std::uint64_t saved_as;
        std::shared_ptr<void> receipt;
    };
    std::map<std::uint64_t, held> held_;  // by the message's number
    std::vector<std::shared_ptr<void>> uncounted_;
};

}  // namespace evergrass::edge
