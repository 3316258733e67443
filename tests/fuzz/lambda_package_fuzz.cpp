#include "cloud/lambda/package.hpp"

#include <cstddef>
#include <cstdint>

// A function package from outside: any bytes must end in an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    static_cast<void>(evergrass::cloud::lambda::check_package(bytes));
    return 0;
}
