#pragma once

#include "libs/aws/sigv4.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::aws {

// A body of S3's content encoding aws-chunked: pieces, the last of them empty, then trailers.
struct chunked_body {
    struct chunk {
        std::string_view bytes;
        std::string_view signature;  // of the extension chunk-signature; empty: none
    };
    std::vector<chunk> chunks;
    std::vector<std::pair<std::string, std::string>> trailers;  // in the order they came

    std::string join() const;
};

// Views into `body`. errc::invalid_input: it is not in whole chunks.
result<chunked_body> split_chunks(std::string_view body);

// What stands in for the body's hash where each chunk is signed after the one before it: `stated`
// is x-amz-content-sha256.
bool are_signed_chunks(std::string_view stated);

// Success when every chunk, and with `stated` …-TRAILER the trailers too, was signed with this
// key (signing_key) after the request that `claimed` and `amz_date` are of, whose signature was
// verified.
result<void> verify_chunks(const chunked_body& body, std::string_view stated,
                           const authorization& claimed, std::string_view amz_date,
                           std::string_view signing_key);

}  // namespace evergrass::aws
