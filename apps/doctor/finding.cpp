#include "apps/doctor/finding.hpp"

#include "libs/base/encoding.hpp"

namespace evergrass::doctor {

std::string printable(std::string_view text) {
    const bool is_text = is_utf8(text);
    std::string out(text);
    for (auto& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_text)) {
            c = '?';
        }
    }
    return out;
}

}  // namespace evergrass::doctor
