#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::logs {

// What FilterLogEvents looks for (CloudWatch Logs, "Filter pattern syntax"): terms, each of which
// must be in the message; ?terms, one of which must; -terms, none of which may; "quoted text";
// or conditions on a message that is a JSON object:
//
//     { $.level = "ERROR" && ( $.took > 100 || $.user.name = "a*" ) }
//
// with = != < > <= >=, IS NULL, IS TRUE, IS FALSE, NOT EXISTS, && and ||. Immutable, any thread.
class filter_pattern {
public:
    // Empty matches everything. The error says what is wrong, and that patterns of columns
    // ([a, b]) and regular expressions (%…%) are not here.
    static result<filter_pattern> parse(std::string_view text);

    bool matches(std::string_view message) const;

    struct condition;

private:
    std::vector<std::string> wanted_;
    std::vector<std::string> either_;
    std::vector<std::string> unwanted_;
    std::shared_ptr<const condition> json_;  // null: terms
};

}  // namespace evergrass::cloud::logs
