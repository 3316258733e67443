// A bundle with any bytes: it is refused, or heard of in the same order and with the same bytes
// however it is cut into pieces.

#include "contract/bundle.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace contract = evergrass::contract;
using evergrass::result;

std::string heard(std::string_view text, std::size_t step) {
    std::string all;
    contract::bundle_reader reader({[&](contract::signed_manifest sealed) -> result<void> {
                                        all += "m" + sealed.manifest_text;
                                        return {};
                                    },
                                    [&](std::string_view hash, std::uint64_t size) -> result<void> {
                                        all += "a" + std::string(hash) + std::to_string(size);
                                        return {};
                                    },
                                    [&](std::string_view bytes) -> result<void> {
                                        all += bytes;
                                        return {};
                                    },
                                    [&]() -> result<void> {
                                        all += "e";
                                        return {};
                                    }});
    for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
        if (const auto taken = reader.take(text.substr(0, step)); !taken) {
            return all + "!" + taken.error().context;
        }
    }
    const auto ended = reader.end();
    return ended ? all : all + "!" + ended.error().context;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (heard(text, size) != heard(text, 1)) {
        std::abort();
    }
    return 0;
}
