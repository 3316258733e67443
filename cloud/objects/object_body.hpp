#pragma once

#include "cloud/gateway/transaction.hpp"
#include "libs/http/message.hpp"

#include <string>

namespace evergrass::cloud::objects {

// The bytes that a PutObject carries: the body itself, or what is in its aws-chunked pieces, which
// newer SDKs send with the checksum behind it. Checked against each of Content-MD5 and
// x-amz-checksum-* (crc32, crc32c, crc64nvme, sha1, sha256) that the request has. Takes the body
// out of `asked`. Errors are S3's: BadDigest, InvalidDigest, IncompleteBody.
answer<std::string> read_object_body(http::request& asked);

// 32 hex digits: the ETag of an object that came in one piece.
std::string md5_hex(std::string_view bytes);

}  // namespace evergrass::cloud::objects
