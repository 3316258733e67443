#pragma once

#include "libs/base/json.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace evergrass::jobs {

// Longest document of a job, as AWS has it.
inline constexpr std::size_t max_document_bytes = 32'768;

// A JSON object or array, not too long. The error says what is wrong.
result<void> check_document(std::string_view text);

// Does a text in it have the placeholder `${aws:iot:s3-presigned-url:URL}`?
bool has_presigned_urls(std::string_view document);

// The document with each such placeholder replaced by what `presign` answers for its URL. The first
// error of `presign`, or that a placeholder does not end.
using presigner = std::function<result<std::string>(std::string_view url)>;
result<std::string> with_presigned_urls(std::string_view document, const presigner& presign);

}  // namespace evergrass::jobs
