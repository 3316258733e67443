#pragma once

#include "edge/secrets/secret.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// The secrets that this core holds. find() answers from memory; put() and remove() are on disk when
// they return. One executor.
class secret_store {
public:
    virtual ~secret_store() = default;

    // By name or whole ARN; null: there is none. Good until the store changes.
    virtual const secret* find(std::string_view name_or_arn) const = 0;
    // Ordered by ARN.
    virtual std::vector<const secret*> all() const = 0;

    // Replaces the one of the same ARN.
    virtual result<void> put(secret s) = 0;
    // Succeeds whether there was one or not.
    virtual result<void> remove(std::string_view arn) = 0;
};

}  // namespace evergrass::edge
