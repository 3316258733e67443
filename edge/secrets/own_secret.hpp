#pragma once

#include "edge/secrets/data_key.hpp"
#include "edge/secrets/secret.hpp"

#include <string>
#include <string_view>

// A secret of the core's own store, as its file has it: docs/formats/secrets.md.
namespace evergrass::edge {

std::string seal_own_secret(const secret& s, const data_key& with);

struct own_secret {
    secret content;
    bool is_sealed = true;  // false: whoever wrote the file by hand, or before version 2
};

// Without a wrapper what is in the clear alone, with empty values. errc::invalid_input names the
// member, never a value; errc::denied, with one text whatever it is: a value was changed, or is for
// another key; errc::unavailable: the key cannot be used, and why.
result<own_secret> open_own_secret(std::string_view text, const data_key_wrapper* wrapper);

}  // namespace evergrass::edge
