#include "cloud/gateway/protocol.hpp"
#include "cloud/gateway/refusal.hpp"
#include "tests/fuzz/next_line.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace evergrass;
using namespace evergrass::cloud;
using evergrass::fuzz::next_line;

// A request of the Query protocol: the service, iam or sts, then the form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const model_catalog catalog;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto service = service_of_signing_name(next_line(text));
    const auto* model = catalog.find(service);
    if (model == nullptr || protocol_of(service) != protocol::query) {
        return 0;
    }
    http::request asked;
    asked.method = "POST";
    asked.target = "/";
    asked.body = text;
    const auto* operation = named_operation(*model, protocol::query, asked);
    if (operation == nullptr) {
        return 0;
    }
    call_input into;
    const auto wrong = read_query_input(*model, *operation, asked, into);
    if (!wrong.empty() && refusal(service, wrong).status != 400) {
        std::abort();
    }
    return 0;
}
