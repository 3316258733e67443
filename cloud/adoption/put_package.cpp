#include "cloud/adoption/adoption.hpp"
#include "cloud/lambda/package.hpp"
#include "libs/base/digest.hpp"

namespace evergrass::cloud::adoption {

api_result put_package(adoption_services& in, std::string_view sha256, std::string_view zip) {
    if (sha256_hex(zip) != sha256) {
        return api_error{400, "BadRequestException",
                         "The package's SHA-256 is not the one in the path: send it again."};
    }
    if (auto checked = lambda::check_package(zip); !checked) {
        return api_error{400, "BadRequestException",
                         "The package cannot be taken: " + checked.error().message()};
    }
    return in_transaction(in.state, [&]() -> api_result {
        auto kept = in.state.db().run("adoption.put_package",
                                      "INSERT OR IGNORE INTO blobs(sha256, content) VALUES(?1, ?2)",
                                      {std::string(sha256), db::blob{std::string(zip)}});
        if (!kept) {
            return internal_error(kept.error());
        }
        return reply{{{"sha256", sha256}, {"size", zip.size()}}, 201};
    });
}

}  // namespace evergrass::cloud::adoption
