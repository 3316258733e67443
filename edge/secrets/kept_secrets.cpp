#include "edge/secrets/kept_secrets.hpp"

#include "libs/base/file.hpp"

namespace evergrass::edge {
namespace {

constexpr std::size_t most_bytes = 64 * 1024 * 1024;

std::string purpose_of(const std::string& package) {
    return "evergrass: secrets of the deployment, package " + package;
}

}  // namespace

result<void> kept_secrets::keep(const pki::private_key& key, pki::wrapping how,
                                const std::string& package, std::string_view text) const {
    const auto sealed = pki::seal_text(key, how, purpose_of(package), text);
    if (!sealed) {
        return sealed.error();
    }
    if (auto made = make_directories(file_.parent_path(), 0700); !made) {
        return made;
    }
    return write_file_atomically(file_, *sealed, 0600);
}

result<std::string> kept_secrets::open(const pki::private_key& key,
                                       const std::string& package) const {
    const auto sealed = read_file(file_, most_bytes);
    if (!sealed) {
        return sealed.error();
    }
    auto text = pki::open_sealed_text(key, purpose_of(package), *sealed);
    return text ? text : with_context(text.error(), file_.string());
}

void kept_secrets::drop() const {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

}  // namespace evergrass::edge
