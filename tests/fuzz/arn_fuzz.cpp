// ARNs as requests, groups and certificates name them: what is taken is written as it came.

#include "cloud/greengrass/local_authority_setting.hpp"
#include "libs/base/arn.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto any = parse_arn(text);
    check(!any || any->to_string() == text);
    if (const auto function = parse_function_arn(text)) {
        check(any && function->to_string() == text && !function->name.empty());
        const auto whole = parse_function_arn(function->unqualified());
        check(whole && whole->qualifier.empty() && whole->name == function->name);
    }
    if (const auto thing = thing_name_of(text)) {
        check(!thing->empty() && text.ends_with(*thing));
    }
    if (const auto id = certificate_id_of(text)) {
        check(id->size() == 64 && text.ends_with(*id));
    }
    if (const auto setting = cloud::greengrass::parse_local_authority_setting(text)) {
        check(setting->allowed || !setting->life);
    }
    return 0;
}
