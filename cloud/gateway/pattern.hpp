#pragma once

#include "libs/base/result.hpp"

#include <memory>
#include <string_view>

namespace evergrass::cloud {

// A regular expression of a service model. PCRE2 under it: it knows look-behind and Unicode
// classes, which the models use, and gives up on a text that would cost too much instead of
// overflowing the stack.
class pattern {
public:
    static result<pattern> compile(std::string_view expression);

    // True when the *whole* text matches. The text is UTF-8. Any thread.
    bool matches(std::string_view text) const;

private:
    struct compiled;
    explicit pattern(std::shared_ptr<const compiled> c) : compiled_(std::move(c)) {}
    std::shared_ptr<const compiled> compiled_;
};

}  // namespace evergrass::cloud
