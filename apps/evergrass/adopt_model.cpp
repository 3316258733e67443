#include "apps/evergrass/object_upload.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/v1_core/package.hpp"

#include <utility>

namespace evergrass::cli {
namespace {

// What a core takes (docs/models.md): packed, unpacked.
constexpr std::size_t largest_archive = 262'144'000;
constexpr v1::package_limits model_limits{1024ULL * 1024 * 1024, 100'000, 32};

// The text of an element that holds nothing else; the service's own answers alone are read.
std::string element(std::string_view xml, const std::string& name) {
    const auto begin = xml.find("<" + name + ">");
    const auto end = xml.find("</" + name + ">");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
        return {};
    }
    const auto from = begin + name.size() + 2;
    return std::string(xml.substr(from, end - from));
}

}  // namespace

result<bool> object_upload::run() {
    auto archive = read();
    if (!archive) {
        return archive.error();
    }
    // A byte of it: nothing else says so cheaply that it is there.
    const auto there =
        send_({.operation = "GetObject",
               .signing_name = "s3",
               .method = "GET",
               .target = "/" + model_.bucket + "/" + percent_encode(model_.key, true),
               .headers = {{"Range", "bytes=0-0"}}});
    if (!there) {
        return there.error();
    }
    if (there->status < 300 || there->status == 416) {  // 416: it is empty
        return false;
    }
    if (there->status != 404) {
        return error_of("GetObject", *there);
    }
    if (auto made = make_bucket(); !made) {
        return made.error();
    }
    if (archive->size() > part_bytes_) {
        auto put = put_in_parts(*archive);
        return put ? result<bool>(true) : put.error();
    }
    const auto put = ask("PutObject", "PUT", "", std::move(*archive));
    return put ? result<bool>(true) : put.error();
}

result<std::string> object_upload::read() const {
    std::error_code failed;
    if (!std::filesystem::is_directory(model_.source, failed)) {
        return read_file(model_.source, largest_archive);
    }
    auto packed = v1::pack_folder(
        model_.source, model_limits,
        model_.key.ends_with(".zip") ? v1::package_form::zip : v1::package_form::tar_gz);
    if (packed && packed->size() > largest_archive) {
        return error{errc::too_large, model_.source.string() + " has " +
                                          std::to_string(packed->size()) +
                                          " bytes packed; a core takes up to 262144000"};
    }
    return packed;
}

result<http::response> object_upload::ask(const std::string& operation, const std::string& method,
                                          const std::string& query, std::string body) {
    auto answer =
        send_({.operation = operation,
               .signing_name = "s3",
               .method = method,
               .target = "/" + model_.bucket + "/" + percent_encode(model_.key, true) + query,
               .bytes = std::move(body)});
    if (answer && answer->status >= 300) {
        return error_of(operation, *answer);
    }
    return answer;
}

result<void> object_upload::make_bucket() {
    const auto made = send_({.operation = "CreateBucket",
                             .signing_name = "s3",
                             .method = "PUT",
                             .target = "/" + model_.bucket});
    if (!made) {
        return made.error();
    }
    return made->status >= 300 ? result<void>(error_of("CreateBucket", *made)) : result<void>();
}

result<void> object_upload::put_in_parts(const std::string& archive) {
    const auto begun = ask("CreateMultipartUpload", "POST", "?uploads", "");
    if (!begun) {
        return begun.error();
    }
    const auto id = percent_encode(element(begun->body, "UploadId"));
    std::string parts;
    std::size_t number = 0;
    for (std::size_t at = 0; at < archive.size(); at += part_bytes_) {
        const auto which = std::to_string(++number);
        const auto part = ask("UploadPart", "PUT", "?partNumber=" + which + "&uploadId=" + id,
                              archive.substr(at, part_bytes_));
        if (!part) {  // the service forgets the upload in a week
            return part.error();
        }
        parts += "<Part><PartNumber>" + which + "</PartNumber><ETag>" +
                 std::string(part->headers.get("ETag").value_or("")) + "</ETag></Part>";
    }
    const auto done = ask("CompleteMultipartUpload", "POST", "?uploadId=" + id,
                          "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>");
    if (!done) {
        return done.error();
    }
    // S3 may begin the answer with 200 before it knows.
    const auto code = element(done->body, "Code");
    return code.empty()
               ? result<void>()
               : result<void>(error{errc::unavailable, "CompleteMultipartUpload: " + code});
}

}  // namespace evergrass::cli
