// Shadows of a V1 core's disk that nobody vouches for: a file named after a thing, JSON or SQLite.
// What is found is a document of a thing that was asked for, and nothing is left behind.

#include "libs/base/json.hpp"
#include "libs/v1_core/old_shadows.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass;
    static const auto base =
        fs::temp_directory_path() / ("v1-shadows-fuzz-" + std::to_string(::getpid()));
    fs::create_directories(base);
    std::ofstream(base / "Pump.json", std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    v1::findings found;
    for (const auto& each : v1::read_old_shadows(base, {"Pump", "Lamp"}, found)) {
        const auto document = parse_json(each.document, 16);
        if ((each.thing != "Pump" && each.thing != "Lamp") || !document || !document->is_object() ||
            !document->get_object().contains("state")) {
            std::abort();
        }
    }
    fs::remove_all(base);
    return 0;
}
