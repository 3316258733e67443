#include "cloud/objects/object_body.hpp"
#include "cloud/objects/object_headers.hpp"
#include "cloud/objects/page_size.hpp"
#include "cloud/objects/s3_request.hpp"
#include "cloud/objects/s3_uri.hpp"
#include "libs/base/encoding.hpp"
#include "tests/fuzz/next_line.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace evergrass;
using namespace evergrass::cloud;
using evergrass::fuzz::next_line;

// A request for an object: method, path, query, headers "name: value" up to an empty line, then the
// body. The path is tried as an object's URI too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto method = next_line(text);
    const auto path = next_line(text);
    const auto query = next_line(text);
    const auto read = objects::read_s3_request(method, path, query);
    if (read && ((!read->bucket.empty() && !objects::is_bucket_name(read->bucket)) ||
                 read->key.size() > 1024 || !is_utf8(read->key))) {
        std::abort();
    }
    if (read) {
        for (const auto* parameter :
             {"max-keys", "max-parts", "part-number-marker", "partNumber"}) {
            const auto page = objects::page_size(*read, parameter);
            if (page && (*page < 0 || *page > 1000)) {
                std::abort();
            }
        }
    }
    if (const auto named = objects::parse_s3_uri(path);
        named && (!objects::is_bucket_name(named->bucket) || named->key.empty())) {
        std::abort();
    }
    http::request asked;
    for (auto line = next_line(text); !line.empty(); line = next_line(text)) {
        const auto colon = line.find(": ");
        if (colon != std::string_view::npos) {
            asked.headers.add(std::string(line.substr(0, colon)),
                              std::string(line.substr(colon + 2)));
        }
    }
    if (const auto kept = objects::kept_headers(asked.headers);
        kept && !kept->contains("content-type")) {
        std::abort();
    }
    asked.body = text;
    const auto content = objects::read_object_body(asked);
    if (content && content->size() > size) {
        std::abort();
    }
    return 0;
}
