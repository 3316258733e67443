#include "apps/evergrass/adopt_model.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/v1_core/package.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace evergrass::cli {
namespace {

// What a core takes (docs/models.md): packed, unpacked.
constexpr std::size_t largest_archive = 262'144'000;
constexpr v1::package_limits model_limits{1024ULL * 1024 * 1024, 100'000, 32};

result<std::string> archive_of(const v1::model_source& model) {
    std::error_code failed;
    if (!std::filesystem::is_directory(model.source, failed)) {
        return read_file(model.source, largest_archive);
    }
    auto packed = v1::pack_folder(
        model.source, model_limits,
        model.key.ends_with(".zip") ? v1::package_form::zip : v1::package_form::tar_gz);
    if (packed && packed->size() > largest_archive) {
        return error{errc::too_large, model.source.string() + " has " +
                                          std::to_string(packed->size()) +
                                          " bytes packed; a core takes up to 262144000"};
    }
    return packed;
}

}  // namespace

boost::asio::awaitable<result<bool>> put_adopted_model(object_client& objects,
                                                       v1::model_source model) {
    auto archive = archive_of(model);
    if (!archive) {
        co_return archive.error();
    }
    const object_name to{model.bucket, model.key};
    auto there = co_await objects.etag(to);
    if (!there) {
        co_return there.error();
    }
    if (*there) {
        co_return false;
    }
    auto put = co_await objects.put(to, std::move(*archive));
    if (!put) {
        co_return put.error();
    }
    co_return true;
}

}  // namespace evergrass::cli
