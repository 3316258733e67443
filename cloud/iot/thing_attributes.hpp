#pragma once

#include "cloud/gateway/transaction.hpp"

namespace evergrass::cloud::iot {

// The attributes that `attributePayload` leaves a thing with that had `before`. An empty value
// removes the attribute; without `merge` the old ones go. More than 50 are refused, as AWS does.
answer<json::object> apply_attributes(const json::object& before, const json::object& input);

}  // namespace evergrass::cloud::iot
