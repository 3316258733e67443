#include "edge/spooler/spool_receipts.hpp"

#include <iterator>
#include <utility>

namespace evergrass::edge {

void spool_receipts::hold(std::uint64_t number, std::uint64_t saved_as,
                          std::shared_ptr<void> receipt) {
    if (!uncounted_.empty()) {
        uncounted_.push_back(std::move(receipt));
        receipt = std::make_shared<std::vector<std::shared_ptr<void>>>(std::move(uncounted_));
        uncounted_.clear();
    }
    if (receipt) {
        held_.emplace(number, held{saved_as, std::move(receipt)});
    }
}

void spool_receipts::note_gave_way(std::uint64_t number) {
    if (const auto found = held_.find(number); found != held_.end()) {
        uncounted_.push_back(std::move(found->second.receipt));
        held_.erase(found);
    }
}

void spool_receipts::let_go_saved(std::uint64_t upto) {
    for (auto at = held_.begin(); at != held_.end() && at->second.saved_as <= upto;) {
        at = at->second.saved_as != 0 ? held_.erase(at) : std::next(at);
    }
}

}  // namespace evergrass::edge
