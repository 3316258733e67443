#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <utility>

namespace evergrass {

// Why something that can be expected to fail did fail. `code` is of the failing domain's own
// category (each module has an errors.hpp); `context` is a sentence for the person who has to act:
// what was tried, on which file, field or host, and the next step. Never put a secret in it.
struct error {
    boost::system::error_code code;
    std::string context;

    // "context: category's sentence", or whichever of the two there is.
    std::string message() const {
        if (context.empty()) {
            return code.message();
        }
        return code ? context + ": " + code.message() : context;
    }
};

// A value, or the reason why there is none. Exceptions are for start-up and broken invariants only.
template <class T>
using result = boost::system::result<T, error>;

// Called by result::value() on an error: an invariant of ours was broken, so it throws.
[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

// The same error with `what` and ": " put before its context, for a caller that knows more.
inline error with_context(error e, std::string what) {
    e.context = e.context.empty() ? std::move(what) : std::move(what) + ": " + e.context;
    return e;
}

// The error of a failed system call, from errno.
error errno_error(std::string context);

}  // namespace evergrass
