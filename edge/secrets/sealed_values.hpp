#pragma once

#include "edge/secrets/secret.hpp"

#include <string_view>

// What the files of secrets at rest share: docs/formats/sealed-secrets.md, docs/formats/secrets.md.
namespace evergrass::edge {

// A secret as JSON with each value sealed. With a value is checked all that belongs to it: the
// secret's name and ARN, the version's labels, and `scope`, what the file is of.
json::object seal_values(const secret& s, std::string_view scope, const secret_text& data_key);

// The same, opened; without a data key what is in the clear, with empty values. errc::corrupt: it
// is not of this form. errc::denied: a value does not open. Neither says more.
result<secret> open_values(const json::value& sealed, std::string_view scope,
                           const secret_text* data_key);

}  // namespace evergrass::edge
