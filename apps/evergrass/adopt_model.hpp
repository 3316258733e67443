#pragma once

#include "apps/evergrass/api_client.hpp"
#include "libs/v1_core/import_request.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace evergrass::cli {

// A model as an object of the service's S3 (docs/objects.md). An object that is there stays.
class object_upload {
public:
    using sender = std::function<result<http::response>(api_call)>;

    // Larger ones go in parts: the service takes 70,167,211 bytes a request.
    static constexpr std::size_t default_part_bytes = 32 * 1024 * 1024;

    object_upload(const v1::model_source& model, sender send,
                  std::size_t part_bytes = default_part_bytes)
        : model_(model), send_(std::move(send)), part_bytes_(part_bytes) {}

    // False: there was one. A folder is packed as the key's end says; the archive is whole at the
    // service or not there.
    result<bool> run();

private:
    result<std::string> read() const;
    result<http::response> ask(const std::string& operation, const std::string& method,
                               const std::string& query, std::string body);
    result<void> make_bucket();
    result<void> put_in_parts(const std::string& archive);

    const v1::model_source& model_;
    sender send_;
    std::size_t part_bytes_;
};

}  // namespace evergrass::cli
