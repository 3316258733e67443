#include "cloud/objects/copy_source.hpp"
#include "cloud/objects/object_body.hpp"
#include "cloud/objects/operations.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "cloud/objects/uploads.hpp"
#include "libs/base/time.hpp"
#include "libs/http/response_writer.hpp"

#include <charconv>

namespace evergrass::cloud::objects {
namespace {

// Of a part that is copied: what one request may carry.
constexpr std::int64_t most_copied = 1024 * 1024 * 1024;

answer<std::int64_t> part_number(const s3_request& what) {
    const auto text = what.parameter("partNumber").value_or("");
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, wrong] = std::from_chars(text.data(), end, number);
    if (wrong != std::errc() || stop != end || number < 1 || number > 10'000) {
        return api_error{400, "InvalidArgument",
                         "Part number must be an integer between 1 and 10000, inclusive"};
    }
    return answer<std::int64_t>(boost::system::in_place_value, number);
}

answer<stored_part> put_copy(const s3_call& from, upload_store& uploads, const upload& into,
                             std::int64_t number) {
    const auto source = find_copy_source(from.in, from.asked.headers);
    if (!source) {
        return source.error();
    }
    const auto& object = source->found;
    if (object.size > most_copied) {
        return api_error{400, "InvalidRequest",
                         "The source object is larger than what is copied as a part here: 1 GiB."};
    }
    http::byte_range part{0, static_cast<std::uint64_t>(object.size)};
    if (const auto asked = from.asked.headers.get("x-amz-copy-source-range")) {
        const auto range = http::parse_range(*asked, part.size);
        if (!range || !*range) {
            return api_error{416, "InvalidRange", "The x-amz-copy-source-range is not satisfiable"};
        }
        part = **range;
    }
    return uploads.put_copy(into, number, object.sha256, part.first, part.size);
}

answer<stored_part> put_sent(const s3_call& from, upload_store& uploads, const upload& into,
                             std::int64_t number) {
    const auto content = read_object_body(from.asked);
    if (!content) {
        return content.error();
    }
    return uploads.put(into, number, *content);
}

}  // namespace

answer<http::response> upload_part(const s3_call& from) {
    const auto number = part_number(from.what);
    if (!number) {
        return number.error();
    }
    upload_store uploads(from.in);
    const auto into =
        uploads.find(from.what.bucket, from.what.key, from.what.parameter("uploadId").value_or(""));
    if (!into) {
        return into.error();
    }
    const bool copies = from.asked.headers.get("x-amz-copy-source").has_value();
    const auto made =
        copies ? put_copy(from, uploads, *into, *number) : put_sent(from, uploads, *into, *number);
    if (!made) {
        return made.error();
    }
    const auto etag = "\"" + made->etag + "\"";
    if (copies) {
        const auto modified = wall_time(std::chrono::milliseconds(made->modified_at));
        return xml_answer("CopyPartResult", element("LastModified", format_iso8601(modified)) +
                                                element("ETag", etag));
    }
    http::response answer;
    answer.headers.add("etag", etag);
    return answer;
}

}  // namespace evergrass::cloud::objects
