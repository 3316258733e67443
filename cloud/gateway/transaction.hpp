#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/errors.hpp"

#include <optional>
#include <utility>

namespace evergrass::cloud {

// A value inside an operation, or the AWS error that ends the operation.
template <class T>
using answer = boost::system::result<T, api_error>;

// Notes what an operation made, by the members of its output that name such a thing, in the audit's
// entry of this thread's change.
void note_created(store& state, const json::object& output);

// Runs `work`, which returns an api_result, in one transaction: an answer is committed before it is
// returned, an error leaves the store as it was.
template <class Work>
api_result in_transaction(store& state, Work work) {
    std::optional<api_result> outcome;
    const auto committed = state.db().transaction([&]() -> result<void> {
        outcome.emplace(work());
        if (outcome->has_error()) {
            return error{errc::invalid_input, "rolled back"};
        }
        note_created(state, (*outcome)->output);
        return {};
    });
    if (!committed && (!outcome || outcome->has_value())) {
        return internal_error(committed.error());
    }
    return std::move(*outcome);
}

}  // namespace evergrass::cloud
