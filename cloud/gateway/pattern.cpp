#include "cloud/gateway/pattern.hpp"

#include "libs/base/errors.hpp"

#include <array>
#include <string>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace evergrass::cloud {
namespace {

// The models' patterns need a few steps a character; these bound hostile texts to milliseconds and
// megabytes.
constexpr std::uint32_t most_match_steps = 1'000'000;
constexpr std::uint32_t most_heap_kib = 4'096;

template <auto Free>
struct release {
    template <class T>
    void operator()(T* owned) const {
        Free(owned);
    }
};
using match_context = std::unique_ptr<pcre2_match_context, release<&pcre2_match_context_free>>;
using match_data = std::unique_ptr<pcre2_match_data, release<&pcre2_match_data_free>>;

}  // namespace

struct pattern::compiled {
    std::unique_ptr<pcre2_code, release<&pcre2_code_free>> code;
};

result<pattern> pattern::compile(std::string_view expression) {
    int problem = 0;
    PCRE2_SIZE position = 0;
    auto* code =
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                      PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &problem, &position, nullptr);
    if (code == nullptr) {
        std::array<PCRE2_UCHAR, 128> why{};
        pcre2_get_error_message(problem, why.data(), why.size());
        return error{errc::invalid_input, "pattern '" + std::string(expression) + "' at position " +
                                              std::to_string(position) + ": " +
                                              reinterpret_cast<const char*>(why.data())};
    }
    auto made = std::make_shared<compiled>();
    made->code.reset(code);
    return pattern(std::move(made));
}

bool pattern::matches(std::string_view text) const {
    const match_context limits(pcre2_match_context_create(nullptr));
    const match_data groups(pcre2_match_data_create(1, nullptr));
    if (!limits || !groups) {
        return false;
    }
    pcre2_set_match_limit(limits.get(), most_match_steps);
    pcre2_set_heap_limit(limits.get(), most_heap_kib);
    // 0 is a match too: there was no room for groups, which nobody asks for.
    return pcre2_match(compiled_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                       text.size(), 0, 0, groups.get(), limits.get()) >= 0;
}

}  // namespace evergrass::cloud
