#include "cloud/iot/policy.hpp"

#include <cstddef>
#include <cstdint>

// A policy document from outside, then a question about it: the last 16 bytes serve as client id.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    auto parsed = evergrass::cloud::parse_policy(text);
    if (parsed) {
        const auto id = text.substr(text.size() - std::min<std::size_t>(text.size(), 16));
        const evergrass::cloud::policy* one[] = {&*parsed};
        evergrass::cloud::allows(one, {"iot:Publish", "arn:aws:iot:r:a:topic/a/b", id, id});
    }
    return 0;
}
