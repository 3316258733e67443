#include "edge/spooler/spool_recovery.hpp"

#include "edge/spooler/spool_record.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace evergrass::edge {

result<spool_leftovers> read_spool_leftovers(const log_store::log& store,
                                             const std::string& directory, bool holds,
                                             std::size_t memory_bytes) {
    spool_leftovers left;
    std::uint64_t later = 0;
    auto expected = store.first();
    std::uint64_t in_memory = 0;
    const auto read = store.for_each(store.first(), [&](std::uint64_t number,
                                                        std::string_view bytes) {
        left.lost += number - expected;
        expected = number + 1;
        const auto [record, fault] = read_spool_record(bytes);
        if (!record) {
            later = fault == spool_record_fault::later_version && later == 0 ? number : later;
            ++left.lost;
            return;
        }
        left.gave_way = record->gave_way;
        if (record->topic.empty()) {
            return;
        }
        const auto size = record->topic.size() + record->payload.size();
        spool_queue::entry e{number, record->at, static_cast<std::uint32_t>(size), false, nullptr};
        // Once one is not held the later ones aren't either: they are read in order.
        holds = holds && in_memory + size <= memory_bytes;
        if (holds) {
            e.held = std::make_unique<spool_queue::content>(spool_queue::content{
                std::string(record->topic), std::make_shared<const std::string>(record->payload)});
            in_memory += size;
        }
        left.messages.push_back(std::move(e));
    });
    if (!read) {
        return with_context(read.error(), "the messages for the cloud in " + directory);
    }
    if (later != 0) {
        return error{errc::unsupported,
                     "record " + std::to_string(later) + " in " + directory +
                         " is of a later version of Evergrass; run that until its messages are "
                         "delivered, or move the directory away to begin without them"};
    }
    left.lost += store.last() + 1 - std::min(expected, store.last() + 1);
    return left;
}

}  // namespace evergrass::edge
