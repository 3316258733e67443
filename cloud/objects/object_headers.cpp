#include "cloud/objects/object_headers.hpp"

#include <algorithm>
#include <cctype>

namespace evergrass::cloud::objects {
namespace {

constexpr std::string_view metadata = "x-amz-meta-";
// S3's limit for names and values of a user's metadata together.
constexpr std::size_t most_metadata = 2048;
constexpr std::string_view repeated[] = {"cache-control",    "content-disposition",
                                         "content-encoding", "content-language",
                                         "content-type",     "expires"};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

// "aws-chunked,gzip" -> "gzip": how the bytes travelled is not part of them.
std::string without_chunks(std::string_view encoding) {
    std::string kept;
    std::size_t start = 0;
    while (start <= encoding.size()) {
        const auto end = std::min(encoding.find(',', start), encoding.size());
        auto part = encoding.substr(start, end - start);
        part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
        if (part != "aws-chunked" && !part.empty()) {
            kept.append(kept.empty() ? "" : ",").append(part);
        }
        start = end + 1;
    }
    return kept;
}

}  // namespace

answer<json::object> kept_headers(const http::fields& sent) {
    json::object kept{{"content-type", "binary/octet-stream"}};
    std::size_t size = 0;
    for (const auto& [name, value] : sent.all()) {
        const auto key = lower(name);
        if (key.starts_with(metadata)) {
            size += key.size() - metadata.size() + value.size();
            kept[key] = value;
        } else if (std::ranges::find(repeated, key) != std::end(repeated)) {
            kept[key] = key == "content-encoding" ? without_chunks(value) : value;
        }
    }
    if (const auto encoding = string_member(kept, "content-encoding"); encoding == "") {
        kept.erase("content-encoding");
    }
    if (size > most_metadata) {
        return api_error{400, "MetadataTooLarge",
                         "Your metadata headers (x-amz-meta-*) exceed 2048 bytes."};
    }
    return kept;
}

}  // namespace evergrass::cloud::objects
