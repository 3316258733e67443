// A record of the spooler's log with any bytes: it is refused, or what was read of it is written
// back as it was.

#include "edge/spooler/spool_record.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace evergrass::edge {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto [record, fault] = read_spool_record(bytes);
    if (!record) {
        return 0;
    }
    auto written = spool_record_head(record->at, record->topic, record->gave_way);
    if (bytes[0] == 1) {  // the version without a count, which is no longer written
        written[0] = 1;
        written.resize(11);
    }
    if (written.append(record->topic).append(record->payload) != bytes) {
        std::abort();
    }
    return 0;
}

}  // namespace evergrass::edge
