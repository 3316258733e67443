#include "cloud/objects/s3_xml.hpp"
#include "cloud/objects/s3_xml_input.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace evergrass::cloud::objects;

namespace {

std::string written(const xml_element& e) {
    std::string inner = element("Text", e.text);
    for (const auto& child : e.children) {
        inner += written(child);
    }
    return enclose("E", inner);
}

std::size_t count(const xml_element& e) {
    std::size_t sum = 1;
    for (const auto& child : e.children) {
        sum += count(child);
    }
    return sum;
}

}  // namespace

// XML as S3's requests carry it. What was read is no more than what came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto root = read_xml(text, 1000);
    if (root && (count(*root) > 1000 || count(*root) * 3 > size || written(*root).empty())) {
        std::abort();
    }
    return 0;
}
