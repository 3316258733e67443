#include "cloud/store/master_key.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/base/seal.hpp"

#include <sys/stat.h>

namespace evergrass::cloud {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view heading = "evergrass-master-key-1 ";
constexpr std::string_view purpose = "evergrass data key";

}  // namespace

result<std::string> file_master_key::read() const {
    struct stat info {};
    if (::stat(file_.c_str(), &info) != 0) {
        return errno == ENOENT
                   ? error{errc::not_found,
                           "the master key " + file_.string() +
                               " is missing, and the secrets in the database are sealed under it; "
                               "put it back, or name its place with --master-key"}
                   : errno_error("cannot read the master key " + file_.string());
    }
    if ((info.st_mode & 077U) != 0) {
        return error{errc::denied, "others than its owner may read the master key " +
                                       file_.string() + "; chmod 600 it"};
    }
    const auto text = read_file(file_, 1024);
    if (!text) {
        return text.error();
    }
    const error damaged{errc::corrupt, "the master key " + file_.string() +
                                           " is damaged: it must be 'evergrass-master-key-1' and "
                                           "64 hexadecimal digits; put the right one back"};
    if (!text->starts_with(heading) || !text->ends_with('\n')) {
        return damaged;
    }
    auto raw = hex_decode(text->substr(heading.size(), text->size() - heading.size() - 1));
    if (!raw || raw->size() != seal_key_bytes) {
        return damaged;
    }
    return raw;
}

result<std::string> file_master_key::wrap(std::string_view plain) {
    std::error_code ignored;
    if (!fs::exists(file_, ignored)) {
        const auto text = std::string(heading) + hex_encode(random_bytes(seal_key_bytes)) + "\n";
        if (auto written = write_file_atomically(file_, text, 0600); !written) {
            return with_context(written.error(), "the master key cannot be made");
        }
    }
    const auto key = read();
    if (!key) {
        return key.error();
    }
    return seal(*key, plain, purpose);
}

result<std::string> file_master_key::unwrap(std::string_view wrapped) {
    const auto key = read();
    if (!key) {
        return key.error();
    }
    auto plain = unseal(*key, wrapped, purpose);
    if (!plain) {
        return error{errc::corrupt, "the master key " + file_.string() +
                                        " is not the one that the database's secrets are sealed "
                                        "under; put that one back"};
    }
    return plain;
}

}  // namespace evergrass::cloud
