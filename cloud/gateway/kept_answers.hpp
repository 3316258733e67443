#pragma once

#include "cloud/gateway/model.hpp"
#include "libs/db/state_mark.hpp"
#include "libs/http/message.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// Answers to small reads (small_reads.hpp), each for as long as the store is in the state of which
// it was made: what most clients ask again and again is the same.
//
// Not for several threads at once: whoever uses it has the store.
class kept_answers {
public:
    // All of them together, in bytes; when there are more, the oldest go. No single one takes more
    // than a quarter.
    explicit kept_answers(std::size_t most_bytes = 1024 * 1024) : most_bytes_(most_bytes) {}

    // What was answered to the same operation and target in this state, without the fields that
    // each answer has of its own; null: nothing. It stays until the next call.
    const http::response* find(const db::state_mark& state, const modelled_operation& asked,
                               std::string_view target);

    // Keeps it if find() was asked in the same state before: what is read between two changes once
    // is not worth it.
    void keep(const db::state_mark& state, const modelled_operation& asked, std::string_view target,
              const http::response& answered);

private:
    struct kept {
        const modelled_operation* asked = nullptr;
        http::response answered;
    };

    using kept_by_target = std::map<std::string, kept, std::less<>>;

    void forget_oldest();

    const std::size_t most_bytes_;
    std::optional<db::state_mark> state_;  // that of all that is kept
    bool was_asked_before_ = false;        // in that state
    std::size_t bytes_ = 0;
    kept_by_target by_target_;
    std::deque<kept_by_target::iterator> by_age_;  // the oldest first
};

}  // namespace evergrass::cloud
