// What is posted to the core's socket: any bytes must end in an answer.

#include "edge/admin/development.hpp"
#include "edge/admin/invocation.hpp"
#include "edge/admin/local_deploy.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto invocation = evergrass::edge::read_invocation(body);
    const auto order = evergrass::edge::read_development(body);
    const auto deployment = evergrass::edge::read_deploy_order(body);
    if (deployment && deployment->undo == deployment->bundle.is_absolute()) {
        std::abort();
    }
    if ((invocation && invocation->function.empty()) || (order && order->directory.empty())) {
        std::abort();
    }
    return 0;
}
