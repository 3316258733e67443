#include "cloud/gateway/input.hpp"
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

// An API request from outside: service, method, target, headers "name: value" up to an empty line,
// then the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const model_catalog catalog;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto service = service_of_signing_name(next_line(text));
    const auto* model = catalog.find(service);
    if (model == nullptr) {
        return 0;
    }
    static std::map<std::string_view, router> routers;
    const auto& routes = routers.try_emplace(service, *model).first->second;

    http::request asked;
    asked.method = next_line(text);
    asked.target = next_line(text);
    for (auto line = next_line(text); !line.empty(); line = next_line(text)) {
        const auto colon = line.find(": ");
        if (colon != std::string_view::npos) {
            asked.headers.add(std::string(line.substr(0, colon)),
                              std::string(line.substr(colon + 2)));
        }
    }
    asked.body = text;
    auto route = routes.match(asked.method, asked.path(), asked.query());
    if (const auto spoken = protocol_of(service); spoken != protocol::rest_json) {
        route.operation = named_operation(*model, spoken, asked);
        if (claimed_operation(spoken, asked).size() > size) {
            std::abort();
        }
    }
    if (route.operation == nullptr) {
        return 0;
    }
    call_input into;
    const auto wrong = protocol_of(service) == protocol::query
                           ? read_query_input(*model, *route.operation, asked, into)
                           : read_input(*model, route, asked, into);
    if (!wrong.empty() && refusal(service, wrong).status != 400) {
        std::abort();
    }
    return 0;
}
