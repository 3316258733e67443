// What `evergrass doctor` reads of others: a server's answer, config.json's token, the kernel's
// tables; and that what it tells of them moves no terminal and stays XML.

#include "apps/doctor/disk_look.hpp"
#include "apps/doctor/endpoint_facts.hpp"
#include "apps/doctor/finding.hpp"
#include "apps/doctor/port_look.hpp"
#include "apps/doctor/report.hpp"
#include "apps/doctor/token_facts.hpp"
#include "libs/base/xml.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass::doctor;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(date_of_answer(text));
    if (used_tenths_of(text) < 0) {
        std::abort();
    }
    static_cast<void>(listeners_in(text, 8883));
    if (const auto read = read_token_settings(text); read && *read && (*read)->principals.empty()) {
        std::abort();
    }
    for (const char c : printable(text)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            std::abort();
        }
    }
    if (evergrass::xml_text(text).find_first_of("<>\"") != std::string::npos) {
        std::abort();
    }
    return 0;
}
