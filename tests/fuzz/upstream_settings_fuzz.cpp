// The file of --upstream, and what an upstream answers. What is taken is whole: each service has a
// host and a port, and what goes into a header or a log has no line breaks.

#include "cloud/upstream/refusal.hpp"
#include "cloud/upstream/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass::cloud::upstream;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto read = parse_settings(text, "us-east-1")) {
        for (const auto& [name, service] : read->services) {
            const auto again = parse_endpoint(name, service.at.url());
            if (!again || again->host != service.at.host || again->port != service.at.port ||
                service.at.host_header().find_first_of("\r\n") != std::string::npos) {
                std::abort();
            }
        }
    }
    evergrass::http::response answer;
    answer.status = 400;
    answer.headers.add("x-amzn-errortype", std::string(text.substr(0, size / 2)));
    answer.body = text.substr(size / 2);
    if (read_refusal(answer).to_string().find_first_of("\r\n") != std::string::npos) {
        std::abort();
    }
    return 0;
}
