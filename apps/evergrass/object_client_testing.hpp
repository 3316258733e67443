#pragma once

#include "apps/evergrass/object_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// An S3 by a script, for the tests of what asks one.
namespace evergrass::cli::testing {

struct scripted_s3 {
    // The status of an operation, by its first word; 200 where it has none.
    std::map<std::string, int> answers{{"HeadObject", 404}, {"HeadBucket", 404}};
    std::map<std::string, std::string> contents{
        {"CreateMultipartUpload", "<R><UploadId>u/1</UploadId></R>"}};  // likewise
    std::vector<std::string> asked;                                     // "PUT /bucket/key"
    std::vector<std::string> bodies;
    api_client_options options{"https://s3", {}, {}, "us-east-1"};

    object_client client() {
        return {[this](api_call c) { return answer(this, std::move(c)); }, options};
    }

    template <class T>
    static result<T> wait(boost::asio::awaitable<result<T>> work) {
        boost::asio::io_context io;
        std::optional<result<T>> got;
        boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr broken, result<T> value) {
            if (broken) {
                std::rethrow_exception(broken);
            }
            got.emplace(std::move(value));
        });
        io.run();
        return std::move(got).value();
    }

private:
    static boost::asio::awaitable<result<http::response>> answer(scripted_s3* self, api_call c) {
        self->asked.push_back(c.method + " " + c.target);
        self->bodies.push_back(c.bytes);
        const auto operation = c.operation.substr(0, c.operation.find(' '));
        http::response told;
        const auto status = self->answers.find(operation);
        told.status = status != self->answers.end() ? status->second : 200;
        if (const auto body = self->contents.find(operation); body != self->contents.end()) {
            told.body = body->second;
        }
        told.headers.add("ETag", "\"e" + std::to_string(self->asked.size()) + "\"");
        co_return told;
    }
};

}  // namespace evergrass::cli::testing
